import Glibc
import KoomySystem
import KoomyWire

/// A log file that is read from its end, and then followed through rotation by its path.
final class LogFile {
    let path: String
    private var file: FileDescriptor?
    private var identity: Identity?
    private var position: Int64 = 0
    private var splitter = LineSplitter(limit: LogFile.longestLine)

    /// A longer line comes in pieces.
    private static let longestLine = 1 << 20
    private static let blockSize = 65_536
    /// How much is looked through for the beginning of the first line wanted.
    private static let farthestBack: Int64 = 64 << 20

    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }
    }

    init(path: String) { self.path = path }

    /// When it was last written to, in nanoseconds since the Unix epoch; nil where it is not there.
    var modified: Int64? {
        Files.status(path).map { Int64($0.st_mtim.tv_sec) * 1_000_000_000 + Int64($0.st_mtim.tv_nsec) }
    }

    /// The last lines, in order; what follows them is left for `newLines`.
    ///
    /// A line at the end that is not finished counts as one where nothing can follow it.
    func lastLines(_ count: Int, isFinal: Bool) throws(SystemError) -> [[UInt8]] {
        let size = try open()
        let begin = start(ofLast: count, before: size)
        position = begin
        var lines = read(upTo: size)
        if isFinal, let rest = splitter.finish() { lines.append(rest) }
        return lines.suffix(count)
    }

    /// Opens the file at its beginning.
    private func open() throws(SystemError) -> Int64 {
        let opened = try Files.open(path)
        guard let status = Files.status(opened.number), status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("read", .invalidArgument, subject: path, hint: "it is not a regular file")
        }
        identity = Identity(status)
        file = consume opened
        position = 0
        splitter = LineSplitter(limit: Self.longestLine)
        return Int64(status.st_size)
    }

    /// The lines that were finished since.
    func newLines() -> [[UInt8]] {
        var lines = follow()
        // A file that took the place of this one is read once its writer has begun with it: until then lines may
        // still come to the old one.
        if let status = Files.status(path), Identity(status) != identity, status.st_size > 0 || identity == nil {
            lines += follow()
            if let rest = splitter.finish() { lines.append(rest) }
            guard (try? open()) != nil else { return lines }
            lines += follow()
        }
        return lines
    }

    /// What was added to the open file.
    private func follow() -> [[UInt8]] {
        guard let number = file?.number, let status = Files.status(number) else { return [] }
        if Int64(status.st_size) < position {
            // Emptied in place, as logrotate's copytruncate does.
            position = 0
            splitter = LineSplitter(limit: Self.longestLine)
        }
        return read(upTo: Int64(status.st_size))
    }

    private func read(upTo end: Int64) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while position < end {
            let piece = block(at: position, size: Int(min(Int64(Self.blockSize), end - position)))
            guard !piece.isEmpty else { break }
            position += Int64(piece.count)
            lines += splitter.feed(piece)
        }
        return lines
    }

    /// Where the last so many lines begin.
    private func start(ofLast count: Int, before end: Int64) -> Int64 {
        guard count > 0 else { return end }
        var found = 0
        var position = end
        while position > 0, end - position < Self.farthestBack {
            let size = min(Int64(Self.blockSize), position)
            let piece = block(at: position - size, size: Int(size))
            for index in piece.indices.reversed() where piece[index] == 0x0A {
                let afterLineFeed = position - size + Int64(index) + 1
                // The line feed at the very end finishes the last line and begins none.
                if afterLineFeed < end { found += 1 }
                if found == count { return afterLineFeed }
            }
            guard !piece.isEmpty else { break }
            position -= size
        }
        return position
    }

    private func block(at offset: Int64, size: Int) -> [UInt8] {
        guard let number = file?.number else { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, pread(number, buffer.baseAddress, size, off_t(offset)))
        }
    }
}
