import KoomyModel
import KoomySystem

/// The wanted lines of one log file: first those that are there, then, where it is followed, those that come, each
/// exactly once and in order, through any number of rotations.
final class LogTail {
    /// What is read now.
    private struct Reading {
        var source: any ByteSource
        var entries: EntryReader
        /// Whether it is the file that is written, which may get more.
        var isWritten: Bool
    }

    let path: String
    private let filter: LineFilter
    private let format: LineFormat
    private let follows: Bool
    private let rotated: RotatedFiles
    /// When a line was last written; nil where there is no file.
    let modified: WallTime?
    /// What is to be read after `reading`, oldest first.
    private var queue: ArraySlice<LogPlan.Part>
    private var reading: Reading?
    /// The file that is written, as far as is known.
    private var written: OpenLogFile?
    /// What has taken the place of `written`, which is then read to its end.
    private var successor: OpenLogFile?
    private var known: Set<RotatedName>
    private var excess: Int
    private var isPassingOver = false
    private let report: (LogFileProblem) -> Void

    /// Begins with what is planned; `report` is told what cannot be shown, and the rest is.
    init(_ plan: LogPlan, report: @escaping (LogFileProblem) -> Void) {
        path = plan.rotated.path
        filter = plan.filter
        format = plan.format
        follows = plan.follows
        rotated = plan.rotated
        modified = plan.modified
        queue = plan.parts[...]
        written = plan.written
        known = plan.known
        excess = plan.excess
        self.report = report
    }

    /// Whether there is, or was, a file.
    var hasFile: Bool { written != nil || !known.isEmpty }

    /// The next line, or piece of one; nil where there is none, or none yet.
    func next() -> LogEntry? {
        while let entry = nextWanted() {
            if entry.piece.begins {
                isPassingOver = excess > 0
                excess = max(0, excess - 1)
            }
            if !isPassingOver { return entry }
        }
        return nil
    }

    private func nextWanted() -> LogEntry? {
        while true {
            guard reading != nil || begin() else { return nil }
            do throws(LogFileProblem) {
                if let entry = try nextOfReading() { return entry }
            } catch {
                report(error)
                reading?.isWritten = false
            }
            if follows, reading?.isWritten == true {
                if (reading?.source as? FileBytes)?.restartIfCut() == true {
                    if let rest = reading?.entries.reset() { return rest }
                    continue
                }
                // What came to the old file before the new one was there is read before it is left.
                if successor == nil {
                    if findSuccessor() { continue }
                    return nil
                }
            }
            let rest = reading?.entries.finish()
            reading = nil
            if let next = successor { pass(to: next) }
            if let rest { return rest }
        }
    }

    private func nextOfReading() throws(LogFileProblem) -> LogEntry? {
        guard let source = reading?.source else { return nil }
        return try reading?.entries.next(from: source)
    }

    /// Begins with what is next in the queue; false where nothing is.
    private func begin() -> Bool {
        while let part = queue.popFirst() {
            do throws(LogFileProblem) {
                if let begun = try read(part) {
                    reading = begun
                    return true
                }
            } catch {
                report(error)
            }
        }
        guard follows, written == nil, let next = openPath() else { return false }
        pass(to: next)
        return begin()
    }

    private func read(_ part: LogPlan.Part) throws(LogFileProblem) -> Reading? {
        switch part {
        case .aside(let name, let after):
            guard let file = try rotated.open(name) else {
                let message = "it was removed before it could be read"
                throw LogFileProblem(path: rotated.path(of: name), message: message)
            }
            return Reading(source: try file.bytes(), entries: entries(after), isWritten: false)
        case .opened(let file, let begin, let after):
            let bytes = FileBytes(file.file, path: file.path, from: begin)
            return Reading(source: bytes, entries: entries(after), isWritten: false)
        case .written(let file, let begin, let end, let after):
            let bytes = FileBytes(file.file, path: file.path, from: begin, upTo: end)
            return Reading(source: bytes, entries: entries(after), isWritten: true)
        }
    }

    private func entries(_ after: WallTime) -> EntryReader { EntryReader(LineParser(format, after: after), filter) }
}

// MARK: - Rotation

extension LogTail {
    /// Whether another file has taken the place of the one that is read, and its writer is done with that.
    private func findSuccessor() -> Bool {
        // It is asked by its path first: opening it each time would be dear.
        guard let identity = Files.status(path).map(FileIdentity.init), identity != written?.identity,
            let next = openPath(), next.identity != written?.identity
        else { return false }
        // koomyd is done with a file that it has given a name; of another's, once the new one is written to.
        guard next.size > 0 || wasPutAside(before: next) else { return false }
        successor = next
        return true
    }

    /// The file that is at the path now; nil where there is none, or none that can be read.
    private func openPath() -> OpenLogFile? {
        do throws(LogFileProblem) {
            return try OpenLogFile.written(at: path)
        } catch {
            report(error)
            return nil
        }
    }

    /// Goes on with the file that has taken the place of the present one, and before it with those in between.
    private func pass(to next: OpenLogFile) {
        let names = rotated.names(before: next)
        var between = names.filter { !known.contains($0.uncompressed) }
        if let own = written.flatMap({ rotated.index(of: $0, in: between) }) { between.remove(at: own) }
        known = Set(names.map(\.uncompressed))
        var after = written?.modified ?? WallTime(nanoseconds: .min)
        for name in between {
            queue.append(.aside(name, after: after))
            after = name.time
        }
        queue.append(.written(next, from: 0, upTo: nil, after: after))
        written = next
        successor = nil
    }

    /// Whether the present file was put aside as koomyd does it.
    private func wasPutAside(before next: OpenLogFile) -> Bool {
        let names = rotated.names(before: next).filter { !known.contains($0.uncompressed) }
        return written.flatMap { rotated.index(of: $0, in: names) } != nil
    }
}

extension OpenLogFile {
    /// Whether a file has, decompressed, the bytes of this one.
    func hasSameContent(as other: OpenLogFile) -> Bool {
        guard let source = try? other.bytes() else { return false }
        var position: Int64 = 0
        do throws(LogFileProblem) {
            while let bytes = try source.read() {
                var own: [UInt8] = []
                while own.count < bytes.count {
                    let piece = FileBytes.block(of: file, at: position, size: bytes.count - own.count)
                    guard !piece.isEmpty else { return false }
                    own += piece
                    position += Int64(piece.count)
                }
                if own != bytes { return false }
            }
        } catch {
            return false
        }
        return position == size
    }
}
