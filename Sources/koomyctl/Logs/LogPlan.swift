import Glibc
import KoomyModel
import KoomySystem

/// What of a log file, and of those that were put aside of it, is to be shown before new lines are waited for.
struct LogPlan {
    /// A file, or a part of it.
    enum Part {
        /// A file that was put aside: opened when its turn comes, under the name that it has then.
        case aside(RotatedName, after: WallTime)
        /// One that is open already.
        case opened(OpenLogFile, from: Int64, after: WallTime)
        /// The file that is written; `end` where it is not to be followed.
        case written(OpenLogFile, from: Int64, upTo: Int64?, after: WallTime)
    }

    /// How many lines are wanted, counted from the end; nil for all.
    let count: Int?
    let filter: LineFilter
    let format: LineFormat
    /// Whether new lines will be waited for.
    let follows: Bool
    let rotated: RotatedFiles

    /// Oldest first.
    private(set) var parts: [Part] = []
    /// How many of the wanted lines of these parts are to be passed over.
    private(set) var excess = 0
    /// The files put aside before the one that is written was begun.
    private(set) var known: Set<RotatedName> = []
    private(set) var written: OpenLogFile?
    /// When a line was last written; nil where there is no file.
    private(set) var modified: WallTime?

    init(
        of path: String,
        count: Int?,
        _ filter: LineFilter,
        _ format: LineFormat,
        follows: Bool
    ) throws(LogFileProblem) {
        self.count = count
        self.filter = filter
        self.format = format
        self.follows = follows
        rotated = RotatedFiles(of: path)
        // Whatever is put aside before this is in the list, and what is put aside after it is found out by following.
        written = try OpenLogFile.written(at: path)
        let names = rotated.names(before: written)
        known = Set(names.map(\.uncompressed))
        modified = written?.modified ?? names.last?.time
        var left = count ?? .max
        if left > 0 || follows { addWritten(&left, after: names.last?.time) }
        let previous = [nil] + names.dropLast().map(\.time)
        for (name, before) in zip(names, previous).reversed() where left > 0 && mayHaveWanted(name, after: before) {
            add(name, &left, after: before)
        }
        parts.reverse()
    }

    private static let beginning = WallTime(nanoseconds: .min)
    /// A name has whole seconds, and the kernel's clock for files is some milliseconds behind.
    private static let slack: Int64 = 2_000_000_000

    /// Whether a file that was put aside at one moment, and begun at another, can have lines of the wanted time.
    private func mayHaveWanted(_ name: RotatedName, after begin: WallTime?) -> Bool {
        if let since = filter.since, name.time.nanoseconds + Self.slack < since.nanoseconds { return false }
        if let until = filter.until, let begin, begin.nanoseconds > until.nanoseconds { return false }
        return true
    }

    private mutating func addWritten(_ left: inout Int, after before: WallTime?) {
        guard let written else { return }
        let size = written.size
        let end = follows ? nil : size
        let after = before ?? Self.beginning
        func part(from begin: Int64) -> Part { .written(written, from: begin, upTo: end, after: after) }
        let isTooOld = filter.since.map { since in
            written.modified.map { $0.nanoseconds + Self.slack < since.nanoseconds } ?? false
        }
        if isTooOld ?? false {
            parts.append(part(from: LastLines.find(0, in: written.file, upTo: size, countsRest: !follows).offset))
        } else if count == nil {
            parts.append(part(from: beginOfTime(in: written, upTo: size)))
        } else if filter.isOpen || left == 0 {
            let (offset, found) = LastLines.find(left, in: written.file, upTo: size, countsRest: !follows)
            left -= found
            parts.append(part(from: offset))
        } else {
            let begin = beginOfTime(in: written, upTo: size)
            let bytes = FileBytes(written.file, path: written.path, from: begin, upTo: size)
            take(matches(bytes, after, endsThere: !follows), &left)
            parts.append(part(from: begin))
        }
    }

    private func beginOfTime(in file: OpenLogFile, upTo end: Int64) -> Int64 {
        filter.since.map { TimeSearch.begin(of: $0, in: file, upTo: end, format) } ?? 0
    }

    private mutating func add(_ name: RotatedName, _ left: inout Int, after before: WallTime?) {
        let after = before ?? Self.beginning
        guard count != nil else {
            parts.append(.aside(name, after: after))
            return
        }
        do throws(LogFileProblem) {
            // One that was removed meanwhile has nothing to show.
            guard let file = try rotated.open(name) else { return }
            if filter.isOpen, file.name?.compression == LogCompression.none {
                let (offset, found) = LastLines.find(left, in: file.file, upTo: file.size, countsRest: true)
                left -= found
                parts.append(offset > 0 ? .opened(file, from: offset, after: after) : .aside(name, after: after))
            } else {
                take(matches(try file.bytes(), after, endsThere: true), &left)
                parts.append(.aside(name, after: after))
            }
        } catch {
            // What is wrong with it is said when its turn comes.
            parts.append(.aside(name, after: after))
        }
    }

    private mutating func take(_ found: Int, _ left: inout Int) {
        excess = max(0, found - left)
        left = max(0, left - found)
    }

    /// How many wanted lines come from a source, up to where it fails.
    private func matches(_ source: any ByteSource, _ after: WallTime, endsThere: Bool) -> Int {
        var reader = EntryReader(LineParser(format, after: after), filter)
        var found = 0
        while let entry = try? reader.next(from: source) { found += entry.piece.begins ? 1 : 0 }
        if endsThere, let rest = reader.finish(), rest.piece.begins { found += 1 }
        return found
    }
}

extension RotatedFiles {
    /// Those that were put aside before the file that is written was begun, oldest first.
    func names(before written: OpenLogFile?) -> [RotatedName] {
        let names = names()
        guard let written else { return names }
        // It may itself have been put aside since it was opened.
        return index(of: written, in: names).map { Array(names[..<$0]) } ?? names
    }

    /// Which of these an open file has become, as it was or compressed; nil for none.
    func index(of open: OpenLogFile, in names: [RotatedName]) -> Int? {
        if let index = names.lastIndex(where: { identity(of: $0) == open.identity }) { return index }
        // Where it has still a name, it is none of these.
        guard Files.status(open.file.number)?.st_nlink == 0 else { return nil }
        return names.lastIndex { name in
            guard let file = try? self.open(name), file.name?.compression != LogCompression.none else { return false }
            return open.hasSameContent(as: file)
        }
    }
}
