import Glibc
package import KoomyModel

/// Writes times in an app's `log_date_format`; what was written last is kept for as long as it is the same.
package final class LogStamp {
    private let tokens: [LogDateFormat.Token]
    private let hasFraction: Bool
    private var cachedTime = Int64.min
    private var cachedText: [UInt8] = []

    package init(_ format: LogDateFormat) {
        tokens = format.tokens
        hasFraction = tokens.contains {
            switch $0 {
            case .tenth, .hundredth, .millisecond, .microsecond, .unixMilliseconds: true
            default: false
            }
        }
    }

    package func text(at time: WallTime) -> [UInt8] {
        let time = hasFraction ? time : WallTime(nanoseconds: time.seconds * 1_000_000_000)
        if time.nanoseconds == cachedTime { return cachedText }
        let text = Array(render(time).utf8)
        (cachedTime, cachedText) = (time.nanoseconds, text)
        return text
    }

    private func render(_ time: WallTime) -> String {
        var seconds = time_t(time.seconds)
        var local = tm()
        localtime_r(&seconds, &local)
        let fraction = Int(time.nanoseconds - time.seconds * 1_000_000_000)
        return tokens.map { Self.text(of: $0, local, time, fraction) }.joined()
    }

    private static func text(of token: LogDateFormat.Token, _ local: tm, _ time: WallTime, _ fraction: Int) -> String {
        let hour12 = local.tm_hour % 12 == 0 ? 12 : local.tm_hour % 12
        switch token {
        case .literal(let text): return text
        case .year: return padded(local.tm_year + 1900, 4)
        case .year2: return padded((local.tm_year + 1900) % 100, 2)
        case .month: return padded(local.tm_mon + 1, 2)
        case .month1: return "\(local.tm_mon + 1)"
        case .monthName: return months[Int(local.tm_mon) % 12]
        case .monthShort: return String(months[Int(local.tm_mon) % 12].prefix(3))
        case .day: return padded(local.tm_mday, 2)
        case .day1: return "\(local.tm_mday)"
        case .hour: return padded(local.tm_hour, 2)
        case .hour1: return "\(local.tm_hour)"
        case .hour12: return "\(hour12)"
        case .hour12Padded: return padded(hour12, 2)
        case .minute: return padded(local.tm_min, 2)
        case .second: return padded(local.tm_sec, 2)
        case .tenth: return "\(fraction / 100_000_000)"
        case .hundredth: return padded(Int32(fraction / 10_000_000), 2)
        case .millisecond: return padded(Int32(fraction / 1_000_000), 3)
        case .microsecond: return padded(Int32(fraction / 1_000), 6)
        case .offset: return offset(local, separator: ":")
        case .offsetCompact: return offset(local, separator: "")
        case .unixSeconds: return "\(time.seconds)"
        case .unixMilliseconds: return "\(time.nanoseconds / 1_000_000)"
        case .weekdayName: return weekdays[Int(local.tm_wday) % 7]
        case .weekdayShort: return String(weekdays[Int(local.tm_wday) % 7].prefix(3))
        case .meridiemUpper: return local.tm_hour < 12 ? "AM" : "PM"
        case .meridiemLower: return local.tm_hour < 12 ? "am" : "pm"
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private static func offset(_ local: tm, separator: String) -> String {
        let minutes = Int32(local.tm_gmtoff / 60)
        let size = abs(minutes)
        return "\(minutes < 0 ? "-" : "+")\(padded(size / 60, 2))\(separator)\(padded(size % 60, 2))"
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
