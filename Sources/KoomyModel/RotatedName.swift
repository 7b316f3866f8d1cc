/// The name of a log file that was put aside: `PATH.20261120T170456Z`, with `-1` and so on where several were in one
/// second, and `.gz` or `.zst` after it where it was compressed.
package struct RotatedName: Hashable, Sendable {
    /// The time in UTC, as ISO 8601 writes it without separators.
    package var stamp: String
    /// 0 for the first of its second.
    package var number: Int
    package var compression: LogCompression

    package init(stamp: String, number: Int = 0, compression: LogCompression = .none) {
        self.stamp = stamp
        self.number = number
        self.compression = compression
    }

    /// Reads what follows `NAME.` in the name of a file; nil for that of another file.
    package init?(parsing suffix: some StringProtocol) {
        let parts = suffix.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else { return nil }
        compression = .none
        if parts.count == 2 {
            guard let found = LogCompression.allCases.first(where: { $0.suffix.map { $0 == parts[1] } ?? false }) else {
                return nil
            }
            compression = found
        }
        let words = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(words.count), Self.isStamp(words[0]) else { return nil }
        stamp = String(words[0])
        number = 0
        if words.count == 2 {
            guard let parsed = Int(words[1]), parsed > 0, "\(parsed)" == words[1] else { return nil }
            number = parsed
        }
    }

    /// `dddddddd` `T` `dddddd` `Z`.
    private static func isStamp(_ text: some StringProtocol) -> Bool {
        let pattern = "dddddddd" + "T" + "dddddd" + "Z"
        guard text.utf8.count == pattern.utf8.count else { return false }
        return zip(text.utf8, pattern.utf8).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "d") ? (0x30...0x39).contains(byte) : byte == wanted
        }
    }
}

extension RotatedName: Comparable {
    /// In the order in which they were written; the compressed form of a file is the same file.
    package static func < (left: Self, right: Self) -> Bool {
        (left.stamp, left.number) < (right.stamp, right.number)
    }
}

extension RotatedName: CustomStringConvertible {
    /// What follows `NAME.` in the name of the file.
    package var description: String {
        stamp + (number > 0 ? "-\(number)" : "") + (compression.suffix.map { ".\($0)" } ?? "")
    }
}
