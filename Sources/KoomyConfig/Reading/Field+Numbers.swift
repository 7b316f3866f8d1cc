import KoomyModel

extension Field {
    /// A whole number, or a text of digits.
    func integer(in range: ClosedRange<Int64>, example: String) -> Int64? {
        guard let number = wholeNumber else {
            mismatch("a whole number", example: example)
            return nil
        }
        guard let number, range.contains(number) else {
            let bounds =
                range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            fail("\"\(name)\" is \(bounds), not \(node.scalar?.text ?? "")", hint: "for example \(name): \(example)")
            return nil
        }
        return number
    }

    func integer<Integer: FixedWidthInteger>(
        _ range: ClosedRange<Integer>,
        example: String
    ) -> Integer? {
        integer(in: Int64(clamping: range.lowerBound)...Int64(clamping: range.upperBound), example: example)
            .map { Integer(truncatingIfNeeded: $0) }
    }

    /// nil: no whole number; nil in it: one that is too large.
    var wholeNumber: Int64?? {
        guard let scalar = node.scalar else { return nil }
        if case .integer(let number) = scalar.value { return .some(number) }
        guard scalar.value == .string, case .integer(let number) = CoreSchema.value(ofPlain: scalar.text) else {
            return nil
        }
        return .some(number)
    }

    /// A number with a fraction, or a percentage of one: `0.2`, `20%`.
    func share(in range: ClosedRange<Double>, example: String) -> Double? {
        guard let scalar = node.scalar,
            let value = Self.number(scalar) ?? Self.percentage(scalar.text).map({ $0 / 100 })
        else {
            mismatch("a number or a percentage", example: example)
            return nil
        }
        guard range.contains(value) else {
            fail(
                "\"\(name)\" is \(range.lowerBound) to \(range.upperBound), not \(scalar.text)",
                hint: "for example \(name): \(example)"
            )
            return nil
        }
        return value
    }

    /// The value of a number, or of a text that is one.
    static func number(_ scalar: Scalar) -> Double? {
        switch scalar.value == .string ? CoreSchema.value(ofPlain: scalar.text) : scalar.value {
        case .integer(let number?): Double(number)
        case .integer(nil): Double(scalar.text)
        case .float(let number): number
        case .null, .bool, .string: nil
        }
    }

    /// `25%` as 25.
    static func percentage(_ text: String) -> Double? {
        guard text.hasSuffix("%") else { return nil }
        return number(Scalar(text: String(text.dropLast()), value: .string))
    }

    /// An access mode or mask: digits are octal, however they are written.
    func octal(upTo limit: UInt32, example: String) -> UInt32? {
        let text = node.scalar?.text ?? ""
        let digits = text.hasPrefix("0o") ? String(text.dropFirst(2)) : text
        if !digits.isEmpty, digits.utf8.allSatisfy(ASCII.isDigit), let value = UInt32(digits, radix: 8), value <= limit
        {
            return value
        }
        mismatch("an octal number up to \(String(limit, radix: 8))", example: example)
        return nil
    }
}

// MARK: - Units

extension Field {
    /// What a bare number of milliseconds is taken to be, where only a longer time makes sense.
    private static let suspiciouslyShort = TimeSpan.milliseconds(100)

    /// A length of time: `250ms`, `10s`, `1.5h`; a bare number is milliseconds, as PM2 has it.
    ///
    /// `zero` allows no time at all; `warnsIfShort` is for times where `10` was surely meant as `10s`.
    func duration(zero: Bool = false, warnsIfShort: Bool = false, example: String) -> TimeSpan? {
        guard let scalar = node.scalar, scalar.value != .null, !scalar.text.isEmpty else {
            mismatch("a length of time", example: example)
            return nil
        }
        let isBare = Self.number(scalar) != nil
        guard let span = isBare ? Self.milliseconds(scalar) : TimeSpan(parsing: scalar.text) else {
            let isNegative = scalar.text.hasPrefix("-")
            fail(
                isNegative
                    ? "\"\(name)\" is negative: \(scalar.text)"
                    : "\"\(name)\" is a length of time, not \(node.summary)",
                hint: "for example \(name): \(example); units are ms, s, m, h and d, a bare number is milliseconds"
            )
            return nil
        }
        guard span < .max else {
            fail("\"\(name)\" is too long: \(scalar.text)", hint: "for example \(name): \(example)")
            return nil
        }
        guard zero || span > .zero else {
            fail("\"\(name)\" is more than nothing", hint: "for example \(name): \(example)")
            return nil
        }
        if isBare, warnsIfShort, span > .zero, span < Self.suspiciouslyShort {
            warn(
                "\"\(name)\" is \(scalar.text) milliseconds",
                hint: "\(scalar.text)s for seconds, \(scalar.text)ms if it is meant"
            )
        }
        return span
    }

    private static func milliseconds(_ scalar: Scalar) -> TimeSpan? {
        if case .integer(let whole?) = CoreSchema.value(ofPlain: scalar.text) {
            return whole < 0 ? nil : .milliseconds(whole)
        }
        guard let number = number(scalar), number >= 0 else { return nil }
        return TimeSpan.milliseconds(1).scaled(by: number)
    }

    /// An amount of memory or disk: `300M`, `1.5G`, `512KiB`; a bare number is bytes.
    func size(
        _ expected: String = "an amount of memory",
        atLeast minimum: ByteCount = ByteCount(bytes: 0),
        example: String
    ) -> ByteCount? {
        guard let scalar = node.scalar, scalar.value != .null, !scalar.text.isEmpty else {
            mismatch(expected, example: example)
            return nil
        }
        guard let size = Self.bytes(scalar) else {
            let isNegative = scalar.text.hasPrefix("-")
            fail(
                isNegative
                    ? "\"\(name)\" is negative: \(scalar.text)"
                    : "\"\(name)\" is \(expected), not \(node.summary)",
                hint: "for example \(name): \(example); units are K, M, G and T, a bare number is bytes"
            )
            return nil
        }
        guard size.bytes < .max else {
            fail("\"\(name)\" is too large: \(scalar.text)", hint: "for example \(name): \(example)")
            return nil
        }
        guard size >= minimum else {
            fail(
                "\"\(name)\" is only \(size.bytes) bytes",
                hint: "at least \(minimum), for example \(name): \(example); units are K, M, G and T"
            )
            return nil
        }
        return size
    }

    private static func bytes(_ scalar: Scalar) -> ByteCount? {
        guard let number = number(scalar) else { return ByteCount(parsing: scalar.text) }
        if case .integer(let whole?) = CoreSchema.value(ofPlain: scalar.text) {
            return whole < 0 ? nil : ByteCount(bytes: UInt64(whole))
        }
        guard number >= 0 else { return nil }
        return ByteCount(bytes: number < 9e18 ? UInt64(number) : .max)
    }
}
