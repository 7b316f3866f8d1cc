import Glibc

/// Cuts what comes from a source into lines; holds no more than a block and the beginning of one line.
struct LineReader {
    /// A longer line is handed out in pieces of about this size.
    let limit: Int
    private var block: [UInt8] = []
    private var position = 0
    /// What earlier blocks had of the present line.
    private var carried: [UInt8] = []
    /// Whether a piece of the present line was handed out.
    private var isInside = false

    init(limit: Int = 1 << 20) { self.limit = limit }

    /// How many bytes were taken from the source and not yet handed out.
    var pending: Int { carried.count + block.count - position }

    /// The next line, or a piece of it; nil where the source has no more now.
    mutating func next(from source: some ByteSource) throws(LogFileProblem) -> LogPiece? {
        while true {
            if let piece = pieceOfBlock() { return piece }
            guard let more = try source.read() else { return nil }
            block = more
            position = 0
        }
    }

    private mutating func pieceOfBlock() -> LogPiece? {
        guard position < block.count else { return nil }
        if let end = endOfLine() {
            let bytes = carried.isEmpty ? Array(block[position..<end]) : carried + block[position..<end]
            carried = []
            position = end + 1
            defer { isInside = false }
            return LogPiece(bytes: bytes, begins: !isInside)
        }
        carried += block[position...]
        block = []
        position = 0
        guard carried.count >= limit else { return nil }
        let cut = carried.count - Self.lengthOfBegunCharacter(at: carried)
        let bytes = Array(carried[..<cut])
        carried = Array(carried[cut...])
        defer { isInside = true }
        return LogPiece(bytes: bytes, begins: !isInside, ends: false, hasLineFeed: false)
    }

    /// How many bytes at the end are the beginning of a character of UTF-8, the rest of which is to come.
    private static func lengthOfBegunCharacter(at bytes: [UInt8]) -> Int {
        for length in 1...3 where length < bytes.count {
            let byte = bytes[bytes.count - length]
            // 10xxxxxx goes on with a character, 110xxxxx begins one of two bytes, 1110xxxx of three, 11110xxx of four.
            if byte & 0xC0 == 0x80 { continue }
            return (~byte).leadingZeroBitCount > length ? length : 0
        }
        return 0
    }

    private func endOfLine() -> Int? {
        block.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress,
                let found = memchr(base + position, 0x0A, buffer.count - position)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// What comes after the last line feed, where nothing will follow it; nil where nothing did.
    mutating func finish() -> LogPiece? {
        let bytes = carried + block[position...]
        (carried, block, position) = ([], [], 0)
        defer { isInside = false }
        // The rest of a line whose pieces were handed out may be empty.
        guard !bytes.isEmpty || isInside else { return nil }
        return LogPiece(bytes: bytes, begins: !isInside, hasLineFeed: false)
    }

    /// Forgets what the source had, for it begins anew; the end of a line of which pieces were handed out.
    mutating func reset() -> LogPiece? {
        let wasInside = isInside
        (carried, block, position, isInside) = ([], [], 0, false)
        return wasInside ? LogPiece(bytes: [], begins: false, hasLineFeed: false) : nil
    }
}
