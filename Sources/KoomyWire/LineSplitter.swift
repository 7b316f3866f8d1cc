/// Cuts a stream of bytes into lines, whatever pieces it comes in.
package struct LineSplitter: Sendable {
    /// The most bytes of a line; what is longer is handed out in pieces of this size.
    package let limit: Int
    private var pending: [UInt8] = []

    package init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Whether a line has begun that has no end yet.
    package var hasPartialLine: Bool { !pending.isEmpty }

    /// The lines that these bytes complete, without their line feeds.
    package mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end], to: &lines)
            lines.append(pending)
            pending = []
            rest = rest[(end + 1)...]
        }
        append(rest, to: &lines)
        return lines
    }

    /// What came after the last line feed; nil where nothing did.
    package mutating func finish() -> [UInt8]? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, to lines: inout [[UInt8]]) {
        var bytes = bytes
        while pending.count + bytes.count > limit {
            let room = limit - pending.count
            lines.append(pending + bytes.prefix(room))
            pending = []
            bytes = bytes.dropFirst(room)
        }
        pending += bytes
    }
}
