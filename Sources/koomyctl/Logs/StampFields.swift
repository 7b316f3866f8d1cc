import KoomyModel

/// What the tokens of a stamp have said so far.
struct StampFields {
    var calendar = CalendarTime()
    var isAfternoon: Bool?
    /// Nanoseconds since the Unix epoch, where the stamp has them.
    var epoch: Int64?
    /// Whether the epoch has its fraction with it.
    var hasOwnFraction = false

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ].map { Array($0.utf8) }
    private static let monthsShort = monthNames.map { Array($0.prefix(3)) }
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        .map { Array($0.utf8) }
    private static let weekdaysShort = weekdays.map { Array($0.prefix(3)) }
    private static let halves = ["AM", "PM"].map { Array($0.utf8) }
    private static let halvesLower = ["am", "pm"].map { Array($0.utf8) }

    /// Reads one token; false where something else stands there.
    mutating func read(_ token: LogDateFormat.Token, _ literal: [UInt8], _ cursor: inout TextCursor) -> Bool {
        switch token {
        case .literal: return cursor.skip(literal)
        case .year: return set(\.calendar.year, cursor.number(digits: 4))
        // The century of this software.
        case .year2: return set(\.calendar.year, cursor.number(digits: 2).map { 2_000 + $0 })
        case .month: return set(\.calendar.month, cursor.number(digits: 2))
        case .month1: return set(\.calendar.month, cursor.number(most: 2).map(Int.init))
        case .monthShort: return set(\.calendar.month, cursor.skip(oneOf: Self.monthsShort).map { $0 + 1 })
        case .monthName: return set(\.calendar.month, cursor.skip(oneOf: Self.monthNames).map { $0 + 1 })
        case .day: return set(\.calendar.day, cursor.number(digits: 2))
        case .day1: return set(\.calendar.day, cursor.number(most: 2).map(Int.init))
        case .hour, .hour12Padded: return set(\.calendar.hour, cursor.number(digits: 2))
        case .hour1, .hour12: return set(\.calendar.hour, cursor.number(most: 2).map(Int.init))
        case .minute: return set(\.calendar.minute, cursor.number(digits: 2))
        case .second: return set(\.calendar.second, cursor.number(digits: 2))
        case .tenth: return setFraction(cursor.number(digits: 1), 100_000_000)
        case .hundredth: return setFraction(cursor.number(digits: 2), 10_000_000)
        case .millisecond: return setFraction(cursor.number(digits: 3), 1_000_000)
        case .microsecond: return setFraction(cursor.number(digits: 6), 1_000)
        case .offset, .offsetCompact: return set(\.calendar.offset, CalendarTime.offset(reading: &cursor))
        case .unixSeconds: return setEpoch(cursor.number(most: 10), 1_000_000_000)
        case .unixMilliseconds:
            hasOwnFraction = true
            return setEpoch(cursor.number(most: 13), 1_000_000)
        case .weekdayShort: return cursor.skip(oneOf: Self.weekdaysShort) != nil
        case .weekdayName: return cursor.skip(oneOf: Self.weekdays) != nil
        case .meridiemUpper: return set(\.isAfternoon, cursor.skip(oneOf: Self.halves).map { $0 == 1 })
        case .meridiemLower: return set(\.isAfternoon, cursor.skip(oneOf: Self.halvesLower).map { $0 == 1 })
        }
    }

    private mutating func set<Value>(_ field: WritableKeyPath<Self, Value>, _ value: Value?) -> Bool {
        guard let value else { return false }
        self[keyPath: field] = value
        return true
    }

    private mutating func set<Value>(_ field: WritableKeyPath<Self, Value?>, _ value: Value?) -> Bool {
        guard let value else { return false }
        self[keyPath: field] = value
        return true
    }

    /// The finest of several fractions counts.
    private mutating func setFraction(_ digits: Int?, _ unit: Int) -> Bool {
        guard let digits else { return false }
        calendar.nanosecond = max(calendar.nanosecond, digits * unit)
        return true
    }

    private mutating func setEpoch(_ number: Int64?, _ unit: Int64) -> Bool {
        guard let number else { return false }
        let (product, isTooLate) = number.multipliedReportingOverflow(by: unit)
        // Nanoseconds reach to the year 2262.
        guard !isTooLate, product < 9_200_000_000_000_000_000 else { return false }
        // Of two, the one with the fraction counts.
        epoch = max(epoch ?? product, product)
        return true
    }
}

extension LogDateFormat.Token {
    /// Whether it is a number of as many digits as it needs.
    var isOfAnyWidth: Bool {
        switch self {
        case .month1, .day1, .hour1, .hour12, .unixSeconds, .unixMilliseconds: true
        case .literal, .year, .year2, .month, .monthShort, .monthName, .day, .hour, .hour12Padded, .minute, .second,
            .tenth, .hundredth, .millisecond, .microsecond, .offset, .offsetCompact, .weekdayShort, .weekdayName,
            .meridiemUpper, .meridiemLower:
            false
        }
    }

    /// Whether its text may begin with a digit.
    var canBeginWithDigit: Bool {
        switch self {
        case .literal(let text): text.utf8.first.map { (0x30...0x39).contains($0) } ?? false
        case .monthShort, .monthName, .offset, .offsetCompact, .weekdayShort, .weekdayName, .meridiemUpper,
            .meridiemLower:
            false
        case .year, .year2, .month, .month1, .day, .day1, .hour, .hour1, .hour12, .hour12Padded, .minute, .second,
            .tenth, .hundredth, .millisecond, .microsecond, .unixSeconds, .unixMilliseconds:
            true
        }
    }

    /// The smallest difference that it shows, in nanoseconds.
    var resolution: Int64 {
        switch self {
        case .microsecond: 1_000
        case .millisecond, .unixMilliseconds: 1_000_000
        case .hundredth: 10_000_000
        case .tenth: 100_000_000
        case .second, .unixSeconds: 1_000_000_000
        case .literal, .year, .year2, .month, .month1, .monthShort, .monthName, .day, .day1, .hour, .hour1, .hour12,
            .hour12Padded, .minute, .offset, .offsetCompact, .weekdayShort, .weekdayName, .meridiemUpper,
            .meridiemLower:
            60_000_000_000
        }
    }
}
