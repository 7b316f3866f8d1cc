import Glibc

/// A time in UTC as ISO 8601 writes it without separators: `20261120T170456Z`.
enum UTCStamp {
    private static let pattern = "dddddddd" + "T" + "dddddd" + "Z"

    /// That of so many milliseconds since the Unix epoch.
    static func text(milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = padded(parts.tm_year + 1_900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2)
        let time = padded(parts.tm_hour, 2) + padded(parts.tm_min, 2) + padded(parts.tm_sec, 2)
        return "\(day)T\(time)Z"
    }

    /// The milliseconds since the Unix epoch that a text begins with the stamp of.
    static func milliseconds(of text: String) -> Int64 {
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }.prefix(14).map { Int32($0 - 0x30) }
        guard digits.count == 14 else { return 0 }
        func number(_ range: Range<Int>) -> Int32 { digits[range].reduce(0) { $0 * 10 + $1 } }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (number(0..<4) - 1_900, number(4..<6) - 1, number(6..<8))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (number(8..<10), number(10..<12), number(12..<14))
        return Int64(timegm(&parts)) * 1_000
    }

    static func isOne(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count == pattern.utf8.count else { return false }
        return zip(text.utf8, pattern.utf8).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "d") ? (0x30...0x39).contains(byte) : byte == wanted
        }
    }
}
