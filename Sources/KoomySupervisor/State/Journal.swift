import FoundationEssentials
package import KoomySystem

/// What koomyd knows and does, written down as it happens, so that a koomyd that is killed can be followed by one that
/// knows the same.
///
/// The file begins with a checkpoint; each line after it is a `JournalRecord`, and a line `=N` says that all before it has
/// been done and that N events have been told of. It lies in the run folder: it need not survive the machine, and is
/// written without fsync. Where it cannot be written it is removed, because one that lacks a record is worse than none.
package final class Journal {
    package let path: String
    private var file: SharedDescriptor?
    private var size = 0
    private var checkpointSize = 0
    private var lastMark = ""
    private let encoder = JSONEncoder()
    private let noticed: (SystemError?) -> Void
    /// Why nothing is written; nil while it works.
    package private(set) var trouble: SystemError?

    /// Records beyond this many bytes are followed by a new checkpoint.
    static let room = 4 << 20

    /// - Parameters:
    ///   - path: In the run folder.
    ///   - noticed: Told when writing begins to fail, and with nil when it works again.
    package init(path: String, noticed: @escaping (SystemError?) -> Void = { _ in }) {
        self.path = path
        self.noticed = noticed
    }

    /// Whether it should begin anew: it has grown, or could not be written.
    package var needsCheckpoint: Bool { file == nil || size > max(Self.room, checkpointSize * 2) }

    /// Begins anew with all that there is to know; the file before it is replaced as a whole.
    package func begin(with checkpoint: Checkpoint) {
        do throws(SystemError) {
            let bytes = try checkpoint.encoded() + Array("\n".utf8)
            let descriptor = try Self.replace(path, by: bytes)
            file = SharedDescriptor(descriptor)
            (size, checkpointSize, lastMark) = (bytes.count, bytes.count, "")
            guard trouble != nil else { return }
            trouble = nil
            noticed(nil)
        } catch {
            fail(error)
        }
    }

    /// Adds a record; it counts from now on, whatever happens to this process.
    package func append(_ record: JournalRecord) {
        guard file != nil else { return }
        do throws(SystemError) {
            var line = try encode(record)
            line.append(UInt8(ascii: "\n"))
            try write(line)
        } catch {
            fail(error)
        }
    }

    private func encode(_ record: JournalRecord) throws(SystemError) -> [UInt8] {
        do {
            return Array(try encoder.encode(record))
        } catch {
            throw SystemError("encode a record", .invalidArgument, subject: path, hint: "\(error)")
        }
    }

    /// Says that everything that followed from the records has been done.
    package func mark(events: UInt64) {
        let mark = "=\(events)\n"
        guard file != nil, mark != lastMark || !isMarked else { return }
        do throws(SystemError) {
            try write(Array(mark.utf8))
            lastMark = mark
            isMarked = true
        } catch {
            fail(error)
        }
    }

    private var isMarked = false

    /// Nobody is to follow.
    package func remove() {
        file = nil
        try? AtomicFile.remove(path)
    }

    private func write(_ line: [UInt8]) throws(SystemError) {
        guard let file else { return }
        try file.descriptor.writeAll(line)
        size += line.count
        isMarked = false
    }

    private func fail(_ reason: SystemError) {
        file = nil
        try? AtomicFile.remove(path)
        guard trouble == nil else { return }
        trouble = reason
        noticed(reason)
    }

    private static func replace(_ path: String, by bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let temporary = "\(path).new"
        try? AtomicFile.remove(temporary)
        let descriptor = try FileDescriptor.appending(to: temporary, mode: 0o600)
        do throws(SystemError) {
            try descriptor.writeAll(bytes)
            try AtomicFile.rename(temporary, to: path)
        } catch {
            try? AtomicFile.remove(temporary)
            throw error
        }
        return descriptor
    }
}

// MARK: - Reading

extension Journal {
    /// What a koomyd left behind.
    package struct Contents {
        package var checkpoint: Checkpoint
        package var lines: [Line]
        /// Lines at the end that are not whole, or mean nothing to this koomyd.
        package var unread: Int
    }

    package enum Line: Hashable {
        case record(JournalRecord)
        /// All before it was done; the number of events that had been told of.
        case performed(events: UInt64)
    }

    /// Reads a journal of this boot; nil where there is none.
    ///
    /// Throws where the checkpoint cannot be used. Reading ends at the first line that is not whole.
    package static func read(_ path: String) throws -> Contents? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try WholeFile.read(path, most: 1 << 30)
        } catch {
            guard error.errno != .noSuchFile else { return nil }
            throw error
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What follows the last newline was being written.
        let torn = lines.popLast()?.isEmpty == false ? 1 : 0
        guard let first = lines.first else { throw Checkpoint.Flaw.unreadable("it is empty") }
        let checkpoint = try Checkpoint(parsing: Array(first))
        guard checkpoint.boot == BootID.current else { return nil }
        var contents = Contents(checkpoint: checkpoint, lines: [], unread: torn)
        let decoder = JSONDecoder()
        for (index, line) in lines.enumerated().dropFirst() {
            if line.first == UInt8(ascii: "="), let count = UInt64(String(decoding: line.dropFirst(), as: UTF8.self)) {
                contents.lines.append(.performed(events: count))
            } else if let record = try? decoder.decode(JournalRecord.self, from: Data(line)) {
                contents.lines.append(.record(record))
            } else {
                contents.unread += lines.count - index
                break
            }
        }
        return contents
    }
}
