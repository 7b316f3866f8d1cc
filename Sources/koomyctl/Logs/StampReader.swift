import KoomyModel

/// Why times cannot be read back out of lines, as a sentence that says what to do.
struct StampProblem: Error, Equatable {
    var message: String
    var hint: String?
}

/// Reads back what an app's `log_date_format` put before each line.
struct StampReader {
    /// A stamp at the beginning of a line.
    struct Stamp: Equatable {
        var time: WallTime
        /// The bytes of the stamp and of the `: ` after it.
        var length: Int
    }

    private let tokens: [LogDateFormat.Token]
    private let literals: [[UInt8]]
    /// The smallest difference that it shows, in nanoseconds.
    let resolution: Int64
    /// What the last stamps were found to mean, for there are many of one minute.
    private var lastMinute = Int64.min
    private var offsets: [Int] = []
    /// Where clocks show an hour twice, the lines before tell which one it is.
    private(set) var latest: WallTime

    /// - Parameters:
    ///   - format: The app's.
    ///   - latest: A moment before the first line.
    /// - Throws: What the format does not tell.
    init(_ format: LogDateFormat, after latest: WallTime = WallTime(nanoseconds: .min)) throws(StampProblem) {
        tokens = format.tokens
        literals = tokens.map { if case .literal(let text) = $0 { Array(text.utf8) } else { [] } }
        self.latest = latest
        if let missing = Self.missing(in: Set(tokens.map(StampPart.init))) {
            throw StampProblem(
                message: "the log_date_format \"\(format.text)\" does not tell the \(missing), so lines have no time",
                hint: "set log_date_format: \"YYYY-MM-DD HH:mm:ss.SSS Z\", or log: {format: json}"
            )
        }
        for (token, next) in zip(tokens, tokens.dropFirst()) where token.isOfAnyWidth && next.canBeginWithDigit {
            throw StampProblem(
                message: "in the log_date_format \"\(format.text)\" it cannot be told where a number ends",
                hint: "write a character between the numbers, or use those of a fixed width (MM, DD, HH, hh)"
            )
        }
        resolution = tokens.map(\.resolution).min() ?? 1
    }

    private static func missing(in parts: Set<StampPart>) -> String? {
        if parts.contains(.epoch) { return nil }
        if !parts.contains(.year) { return "year" }
        if !parts.contains(.month) { return "month" }
        if !parts.contains(.day) { return "day" }
        if !parts.contains(.hour) {
            guard parts.contains(.hourOfTwelve) else { return "hour" }
            if !parts.contains(.meridiem) { return "half of the day (A or a)" }
        }
        return parts.contains(.minute) ? nil : "minute"
    }

    /// The stamp that a line begins with; nil where it begins with none.
    mutating func read(_ line: ArraySlice<UInt8>) -> Stamp? {
        var cursor = TextCursor(line)
        var fields = StampFields()
        for (index, token) in tokens.enumerated() {
            guard fields.read(token, literals[index], &cursor) else { return nil }
        }
        guard cursor.skip([0x3A, 0x20]), let time = time(of: fields) else { return nil }
        latest = max(latest, time)
        return Stamp(time: time, length: cursor.consumed)
    }

    private mutating func time(of fields: StampFields) -> WallTime? {
        if let epoch = fields.epoch {
            return WallTime(nanoseconds: epoch + Int64(fields.hasOwnFraction ? 0 : fields.calendar.nanosecond))
        }
        var calendar = fields.calendar
        if let isAfternoon = fields.isAfternoon { calendar.hour = calendar.hour % 12 + (isAfternoon ? 12 : 0) }
        guard calendar.isValid else { return nil }
        if calendar.offset != nil { return calendar.moments.first }
        let seconds = calendar.secondsAsUTC
        if seconds / 60 != lastMinute {
            lastMinute = seconds / 60
            offsets = CalendarTime.localOffsets(at: seconds)
        }
        let moments = offsets.map {
            WallTime(nanoseconds: (seconds - Int64($0)) * 1_000_000_000 + Int64(calendar.nanosecond))
        }
        return moments.first { $0.nanoseconds + resolution > latest.nanoseconds } ?? moments.last
    }
}

/// What tokens have to say together, so that a stamp tells a moment.
private enum StampPart {
    case year, month, day, hour, hourOfTwelve, meridiem, minute, epoch, other

    init(_ token: LogDateFormat.Token) {
        switch token {
        case .year, .year2: self = .year
        case .month, .month1, .monthShort, .monthName: self = .month
        case .day, .day1: self = .day
        case .hour, .hour1: self = .hour
        case .hour12, .hour12Padded: self = .hourOfTwelve
        case .meridiemUpper, .meridiemLower: self = .meridiem
        case .minute: self = .minute
        case .unixSeconds, .unixMilliseconds: self = .epoch
        case .literal, .second, .tenth, .hundredth, .millisecond, .microsecond, .offset, .offsetCompact,
            .weekdayShort, .weekdayName:
            self = .other
        }
    }
}
