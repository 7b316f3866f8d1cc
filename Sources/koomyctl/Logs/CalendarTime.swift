import Glibc
import KoomyModel

/// A date and a time of day, as a clock shows it.
struct CalendarTime: Equatable {
    var year = 1970
    var month = 1
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0
    var nanosecond = 0
    /// Seconds east of UTC; nil for what local clocks show.
    var offset: Int?

    /// Whether a calendar has that day and a clock that time, in the years that nanoseconds reach; 60 is a leap second.
    var isValid: Bool {
        (1...12).contains(month) && (1...Self.days(inMonth: month, of: year)).contains(day) && (0...23).contains(hour)
            && (0...59).contains(minute) && (0...60).contains(second) && (1_678...2_261).contains(year)
    }

    /// The moments at which a clock shows this: two where local clocks are set back over it, and for one that they are
    /// set forward over, the moment at which it would have been.
    var moments: [WallTime] {
        if let offset { return [moment(offset)] }
        return Self.localOffsets(at: secondsAsUTC).map(moment)
    }

    /// The offsets of local time, in seconds, with which a clock can show so many seconds, counted as if they were in
    /// UTC; the earlier moment first.
    static func localOffsets(at seconds: Int64) -> [Int] {
        let day: Int64 = 86_400
        let before = localOffset(at: seconds - day)
        let after = localOffset(at: seconds + day)
        guard before != after else { return [before] }
        let possible = [before, after].filter { localOffset(at: seconds - Int64($0)) == $0 }
        return possible.isEmpty ? [before] : possible
    }

    private static func localOffset(at seconds: Int64) -> Int {
        var seconds = time_t(seconds)
        var local = tm()
        localtime_r(&seconds, &local)
        return local.tm_gmtoff
    }

    private func moment(_ offset: Int) -> WallTime {
        WallTime(nanoseconds: (secondsAsUTC - Int64(offset)) * 1_000_000_000 + Int64(nanosecond))
    }

    /// Seconds since the Unix epoch, were it in UTC: Howard Hinnant's `days_from_civil`.
    var secondsAsUTC: Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// What local clocks show at a moment.
    init(local time: WallTime) {
        var seconds = time_t(time.seconds)
        var local = tm()
        localtime_r(&seconds, &local)
        year = Int(local.tm_year) + 1_900
        month = Int(local.tm_mon) + 1
        day = Int(local.tm_mday)
        hour = Int(local.tm_hour)
        minute = Int(local.tm_min)
        second = Int(local.tm_sec)
        nanosecond = Int(time.nanoseconds - time.seconds * 1_000_000_000)
        offset = local.tm_gmtoff
    }

    init() {}
}

// MARK: - As text

extension CalendarTime {
    /// Reads `2026-11-20`, with ` 17:04`, `T17:04:05` or `T17:04:05.123` after it, and then `Z`, `+01:00` or `+0100`.
    ///
    /// The cursor then stands after it. Nil for anything else.
    init?(reading cursor: inout TextCursor, needsTime: Bool = true) {
        guard let year = cursor.number(digits: 4), cursor.skip("-"), let month = cursor.number(digits: 2),
            cursor.skip("-"), let day = cursor.number(digits: 2)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        if cursor.skip("T") || cursor.skip(" ") {
            guard readTime(&cursor) else { return nil }
            if cursor.skip("Z") {
                offset = 0
            } else if let next = cursor.next, next == UInt8(ascii: "+") || next == UInt8(ascii: "-") {
                guard let offset = Self.offset(reading: &cursor) else { return nil }
                self.offset = offset
            }
        } else if needsTime {
            return nil
        }
        guard isValid else { return nil }
    }

    /// Reads `17:04` or `17:04:05.123` into the time of day.
    mutating func readTime(_ cursor: inout TextCursor) -> Bool {
        guard let hour = cursor.number(digits: 2), cursor.skip(":"), let minute = cursor.number(digits: 2) else {
            return false
        }
        (self.hour, self.minute, second, nanosecond) = (hour, minute, 0, 0)
        guard cursor.skip(":") else { return true }
        guard let second = cursor.number(digits: 2) else { return false }
        self.second = second
        guard cursor.skip(".") || cursor.skip(",") else { return true }
        guard let fraction = cursor.fraction() else { return false }
        nanosecond = fraction
        return true
    }

    /// Seconds of `+01:00` or `+0100`.
    static func offset(reading cursor: inout TextCursor) -> Int? {
        let isWest = cursor.skip("-")
        guard isWest || cursor.skip("+"), let hours = cursor.number(digits: 2) else { return nil }
        _ = cursor.skip(":")
        guard let minutes = cursor.number(digits: 2), hours < 24, minutes < 60 else { return nil }
        return (isWest ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    /// `2026-11-20T17:04:56.123+01:00`.
    var text: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let minutes = abs(offset ?? 0) / 60
        let zone = "\((offset ?? 0) < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2)).\(padded(nanosecond / 1_000_000, 3))"
        return "\(date)T\(time)\(zone)"
    }
}
