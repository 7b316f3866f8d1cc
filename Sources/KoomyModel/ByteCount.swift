/// An amount of memory or disk in bytes.
package struct ByteCount: Hashable, Sendable, Comparable {
    package var bytes: UInt64

    package init(bytes: UInt64) { self.bytes = bytes }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// This amount a whole number of times; saturates.
    package func multiplied(by factor: UInt64) -> ByteCount {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
        return ByteCount(bytes: overflow ? .max : product)
    }
}

extension ByteCount: CustomStringConvertible {
    private static let units: [(suffix: Character, bytes: UInt64)] = [
        ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10),
    ]

    /// Reads `300M`, `1.5G`, `512KiB`, `64kB`, `1048576`; units are powers of 1024 as PM2 has them.
    ///
    /// nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var suffix = text.dropFirst(number.count).uppercased()[...]
        if suffix.count == 3, suffix.hasSuffix("IB") {
            suffix.removeLast(2)
        } else if suffix.hasSuffix("B") {
            suffix.removeLast()
        }
        var unit: UInt64 = 1
        if !suffix.isEmpty {
            guard suffix.count == 1, let found = Self.units.first(where: { $0.suffix == suffix.first }) else {
                return nil
            }
            unit = found.bytes
        }
        if let whole = UInt64(number) {
            self = ByteCount(bytes: unit).multiplied(by: whole)
        } else {
            guard number.first != ".", number.last != ".", let value = Double(number), value * Double(unit) < 9e18
            else {
                return nil
            }
            self.init(bytes: UInt64(value * Double(unit)))
        }
    }

    /// The exact amount in the largest unit that divides it: `300M`; read back by `init(parsing:)`.
    package var description: String {
        for (suffix, unit) in Self.units where bytes > 0 && bytes % unit == 0 { return "\(bytes / unit)\(suffix)" }
        return "\(bytes)"
    }
}

extension ByteCount: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = ByteCount(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a byte count: \(text)")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
