/// A length of time in whole nanoseconds; arithmetic saturates instead of trapping.
package struct TimeSpan: Hashable, Sendable, Comparable {
    package var nanoseconds: Int64

    package static let zero = TimeSpan(nanoseconds: 0)
    package static let max = TimeSpan(nanoseconds: .max)

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func nanoseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count) }
    package static func microseconds(_ count: Int64) -> TimeSpan { TimeSpan(count, times: 1_000) }
    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(count, times: 1_000_000) }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(count, times: 1_000_000_000) }

    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Seconds with their fraction.
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds.addingSaturated(right.nanoseconds))
    }

    package static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds.subtractingSaturated(right.nanoseconds))
    }

    package static func * (left: TimeSpan, right: Int64) -> TimeSpan { TimeSpan(left.nanoseconds, times: right) }

    /// The span scaled by a factor; the result saturates.
    package func scaled(by factor: Double) -> TimeSpan {
        let product = Double(nanoseconds) * factor
        guard product < Double(Int64.max) else { return .max }
        return TimeSpan(nanoseconds: product > 0 ? Int64(product) : 0)
    }

    private init(_ count: Int64, times unit: Int64) {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        nanoseconds = overflow ? ((count < 0) == (unit < 0) ? .max : .min) : product
    }
}

extension TimeSpan {
    /// Units that people write, longest first.
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// Reads `250ms`, `10s`, `1.5h`, `1h30m`; nil for anything else.
    ///
    /// A unit is required.
    package init?(parsing text: some StringProtocol) {
        var rest = Substring(text)
        var total = TimeSpan.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let suffix = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(suffix.count)
            guard let unit = Self.units.first(where: { $0.suffix == suffix })?.nanoseconds else { return nil }
            if let whole = Int64(number) {
                total = total + TimeSpan(whole, times: unit)
            } else if number.first != ".", number.last != ".", let value = Double(number), value.isFinite {
                total = total + TimeSpan(nanoseconds: unit).scaled(by: value)
            } else {
                return nil
            }
        }
        self = total
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The exact length in the largest unit that divides it: `10s`, `1500ms`; read back by `init(parsing:)`.
    package var description: String {
        guard nanoseconds != 0 else { return "0s" }
        for (suffix, unit) in Self.units where nanoseconds % unit == 0 { return "\(nanoseconds / unit)\(suffix)" }
        return "\(nanoseconds)ns"
    }
}

extension TimeSpan: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = TimeSpan(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time span: \(text)")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Int64 {
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
