import Glibc
import KoomyModel
import KoomySystem

/// An open file, read from some place on; what is added to it later comes later.
final class FileBytes: ByteSource {
    let file: SharedDescriptor
    let path: String
    private(set) var position: Int64
    /// Where to stop; nil for nowhere.
    private let end: Int64?
    private static let blockSize = 65_536

    init(_ file: SharedDescriptor, path: String, from position: Int64 = 0, upTo end: Int64? = nil) {
        self.file = file
        self.path = path
        self.position = position
        self.end = end
    }

    func read() throws(LogFileProblem) -> [UInt8]? {
        let room = end.map { max(0, $0 - position) } ?? .max
        let bytes = Self.block(of: file, at: position, size: Int(min(Int64(Self.blockSize), room)))
        guard !bytes.isEmpty else { return nil }
        position += Int64(bytes.count)
        return bytes
    }

    /// Begins anew where the file was emptied in place, as logrotate's `copytruncate` and `koomyctl flush` do.
    ///
    /// - Returns: Whether that is so.
    func restartIfCut() -> Bool {
        guard let size = Files.status(file.number)?.st_size, Int64(size) < position else { return false }
        position = 0
        return true
    }

    static func block(of file: SharedDescriptor, at offset: Int64, size: Int) -> [UInt8] {
        guard size > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, pread(file.number, buffer.baseAddress, size, off_t(offset)))
        }
    }
}

/// Finds where the last lines of a file begin, from its end.
enum LastLines {
    private static let blockSize: Int64 = 65_536

    /// - Parameters:
    ///   - count: How many lines are wanted.
    ///   - file: A regular file.
    ///   - end: Where it ends for this purpose.
    ///   - countsRest: Whether what follows the last line feed is a line.
    /// - Returns: Where the first of them begins, and how many there are from there.
    static func find(
        _ count: Int,
        in file: SharedDescriptor,
        upTo end: Int64,
        countsRest: Bool
    ) -> (
        offset: Int64, found: Int
    ) {
        guard end > 0, count > 0 || !countsRest else { return (end, 0) }
        var found = 0
        var position = end
        var isAtEnd = true
        while position > 0 {
            let size = min(blockSize, position)
            var piece = FileBytes.block(of: file, at: position - size, size: Int(size))[...]
            // It was cut meanwhile.
            guard piece.count == Int(size) else { return (position, found) }
            if isAtEnd {
                // What stands at the very end: a line feed that ends the last line, or a line that has none.
                if piece.last == 0x0A { piece = piece.dropLast() } else if !countsRest { found -= 1 }
                isAtEnd = false
                if found == count { return (end, 0) }
            }
            let lineFeeds = lineFeeds(in: piece)
            if found + lineFeeds.count >= count {
                return (position - size + Int64(lineFeeds[lineFeeds.count - (count - found)]) + 1, count)
            }
            found += lineFeeds.count
            position -= size
        }
        return (0, found + 1)
    }

    private static func lineFeeds(in piece: ArraySlice<UInt8>) -> [Int] {
        piece.withUnsafeBytes { buffer in
            var found: [Int] = []
            var position = 0
            while position < buffer.count, let base = buffer.baseAddress,
                let next = memchr(base + position, 0x0A, buffer.count - position)
            {
                found.append(UnsafeRawPointer(next) - base)
                position = UnsafeRawPointer(next) - base + 1
            }
            return found
        }
    }
}
