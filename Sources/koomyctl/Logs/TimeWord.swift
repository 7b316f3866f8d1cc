import KoomyModel

/// A point in time as people type it.
enum TimeWord: Equatable {
    case ago(TimeSpan)
    case at(CalendarTime)
    /// Today's.
    case timeOfDay(CalendarTime)
    case moment(WallTime)
    /// The beginning of the day so many days ago.
    case day(ago: Int)

    /// What can be typed, for messages.
    static let examples = "as in 10m, 2h, 2026-11-20, \"2026-11-20 17:04\", 17:04, 2026-11-20T17:04:05Z or @1795194245"

    init?(parsing text: String) {
        switch text {
        case "now": self = .ago(.zero)
        case "today": self = .day(ago: 0)
        case "yesterday": self = .day(ago: 1)
        default:
            if let span = TimeSpan(parsing: text) {
                self = .ago(span)
            } else if let moment = Self.epoch(text) {
                self = .moment(moment)
            } else if let word = Self.clock(text) {
                self = word
            } else {
                return nil
            }
        }
    }

    /// `@1795194245`, `@1795194245.5`.
    private static func epoch(_ text: String) -> WallTime? {
        var cursor = TextCursor(text)
        guard cursor.skip("@"), let seconds = cursor.number(most: 10) else { return nil }
        var nanoseconds: Int64 = 0
        if cursor.skip(".") {
            guard let fraction = cursor.fraction() else { return nil }
            nanoseconds = Int64(fraction)
        }
        // Nanoseconds reach to the year 2262.
        guard cursor.isAtEnd, seconds < 9_200_000_000 else { return nil }
        return WallTime(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }

    private static func clock(_ text: String) -> TimeWord? {
        var cursor = TextCursor(text)
        var time = CalendarTime()
        if time.readTime(&cursor), cursor.isAtEnd { return time.isValid ? .timeOfDay(time) : nil }
        cursor = TextCursor(text)
        guard let time = CalendarTime(reading: &cursor, needsTime: false), cursor.isAtEnd else { return nil }
        return .at(time)
    }

    /// The moment that is meant; of two that local clocks show alike, the earlier.
    func time(now: WallTime) -> WallTime {
        switch self {
        case .ago(let span):
            let (time, isTooLong) = now.nanoseconds.subtractingReportingOverflow(span.nanoseconds)
            return WallTime(nanoseconds: isTooLong ? .min : time)
        case .moment(let time): return time
        case .at(let time): return time.moments.first ?? now
        case .timeOfDay(let time):
            var today = CalendarTime(local: now)
            (today.hour, today.minute, today.second, today.nanosecond) =
                (time.hour, time.minute, time.second, time.nanosecond)
            today.offset = nil
            return today.moments.first ?? now
        case .day(let count):
            var noon = CalendarTime(local: now)
            // Noon of one day is on the day before at noon less 24 hours, however clocks are changed.
            (noon.hour, noon.minute, noon.second, noon.nanosecond, noon.offset) = (12, 0, 0, 0, nil)
            let then = (noon.moments.first ?? now).nanoseconds - Int64(count) * 86_400_000_000_000
            var day = CalendarTime(local: WallTime(nanoseconds: then))
            (day.hour, day.minute, day.second, day.nanosecond, day.offset) = (0, 0, 0, 0, nil)
            return day.moments.first ?? now
        }
    }
}
