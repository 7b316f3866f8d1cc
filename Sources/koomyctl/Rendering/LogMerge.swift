/// Brings lines of several files into one order.
enum LogMerge {
    /// Lines of one file, oldest first.
    struct Source<Tag> {
        var tag: Tag
        var lines: [[UInt8]]
        /// When the file was last written to; orders files whose lines have no time.
        var modified: Int64
    }

    /// By the time that each line begins with, where all have one; else file by file, the one written last at the end.
    static func merged<Tag>(_ sources: [Source<Tag>]) -> [(tag: Tag, line: [UInt8])] {
        let all = sources.sorted { $0.modified < $1.modified }
            .flatMap { source in source.lines.map { (tag: source.tag, line: $0) } }
        guard sources.count > 1 else { return all }
        var stamped: [(stamp: [UInt8], index: Int)] = []
        for (index, entry) in all.enumerated() {
            guard let stamp = stamp(of: entry.line) else { return all }
            stamped.append((stamp, index))
        }
        stamped.sort { left, right in
            if left.stamp == right.stamp { return left.index < right.index }
            return left.stamp.lexicographicallyPrecedes(right.stamp)
        }
        return stamped.map { all[$0.index] }
    }

    /// What stands before the first other character than those of a time, if that begins with a date and a time.
    private static func stamp(of line: [UInt8]) -> [UInt8]? {
        let pattern = Array("dddd-dd-dd dd:dd:dd".utf8)
        guard line.count >= pattern.count else { return nil }
        for (byte, wanted) in zip(line, pattern) {
            let fits =
                switch wanted {
                case UInt8(ascii: "d"): isDigit(byte)
                case UInt8(ascii: " "): byte == wanted || byte == UInt8(ascii: "T")
                default: byte == wanted
                }
            guard fits else { return nil }
        }
        let fraction = line.dropFirst(pattern.count).prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
        return Array(line.prefix(pattern.count)) + fraction
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
