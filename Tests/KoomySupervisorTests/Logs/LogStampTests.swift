import Glibc
import KoomyModel
import Testing

@testable import KoomySupervisor

@Suite(.serialized) struct LogStampTests {
    /// Thursday, 5 March 2026, 15:07:09.012345678 in UTC.
    private static let afternoon = WallTime(nanoseconds: 1_772_723_229_012_345_678)

    private func text(_ tokens: [LogDateFormat.Token], at time: WallTime) -> String {
        String(decoding: LogStamp(LogDateFormat(text: "", tokens: tokens)).text(at: time), as: UTF8.self)
    }

    /// One stamp again and again, so many nanoseconds after that afternoon.
    private func texts(_ stamp: LogStamp, _ offsets: [Int64]) -> [String] {
        offsets.map { offset in
            let bytes = stamp.text(at: WallTime(nanoseconds: Self.afternoon.nanoseconds + offset))
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test(arguments: [
        (LogDateFormat.Token.literal("at"), "at"), (.year, "2026"), (.year2, "26"), (.month, "03"), (.month1, "3"),
        (.monthName, "March"), (.monthShort, "Mar"), (.day, "05"), (.day1, "5"), (.hour, "15"), (.hour1, "15"),
        (.hour12, "3"), (.hour12Padded, "03"), (.minute, "07"), (.second, "09"), (.tenth, "0"), (.hundredth, "01"),
        (.millisecond, "012"), (.microsecond, "012345"), (.offset, "+00:00"), (.offsetCompact, "+0000"),
        (.unixSeconds, "1772723229"), (.unixMilliseconds, "1772723229012"), (.weekdayName, "Thursday"),
        (.weekdayShort, "Thu"), (.meridiemUpper, "PM"), (.meridiemLower, "pm"),
    ])
    func `every token has its value`(_ token: LogDateFormat.Token, _ expected: String) {
        inTimeZone("UTC") { #expect(text([token], at: Self.afternoon) == expected) }
    }

    @Test func `a day has two twelves`() {
        inTimeZone("UTC") {
            // From 00:00 on 5 March 2026.
            let hours = stride(from: 1_772_668_800, to: 1_772_755_200, by: 3_600).map { seconds in
                text([.hour12, .meridiemLower], at: WallTime(nanoseconds: Int64(seconds) * 1_000_000_000))
            }
            let counted = ["12"] + (1...11).map { "\($0)" }
            #expect(hours == counted.map { $0 + "am" } + counted.map { $0 + "pm" })
        }
    }

    @Test(arguments: ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland"])
    func `it says what strftime says`(_ zone: String) {
        let tokens: [(LogDateFormat.Token, String)] = [
            (.year, "%Y"), (.year2, "%y"), (.month, "%m"), (.monthName, "%B"), (.monthShort, "%b"), (.day, "%d"),
            (.hour, "%H"), (.hour12Padded, "%I"), (.minute, "%M"), (.second, "%S"), (.offsetCompact, "%z"),
            (.unixSeconds, "%s"), (.weekdayName, "%A"), (.weekdayShort, "%a"), (.meridiemUpper, "%p"),
        ]
        inTimeZone(zone) {
            // Every 11 days, 5 hours and some through four years: all months, weekdays, hours, and changes of the clocks.
            for step in 0..<130 {
                var seconds = time_t(1_735_689_600 + step * 970_411)
                var local = tm()
                localtime_r(&seconds, &local)
                for (token, format) in tokens {
                    var buffer = [CChar](repeating: 0, count: 64)
                    let count = strftime(&buffer, buffer.count, format, &local)
                    let expected = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
                    #expect(text([token], at: WallTime(nanoseconds: Int64(seconds) * 1_000_000_000)) == expected)
                }
            }
        }
    }

    @Test(arguments: [
        ("UTC", "+00:00"), ("Asia/Kolkata", "+05:30"), ("America/St_Johns", "-03:30"), ("Europe/Berlin", "+01:00"),
        ("Pacific/Marquesas", "-09:30"),
    ])
    func `an offset has minutes, on both sides of Greenwich`(_ zone: String, _ expected: String) {
        inTimeZone(zone) { #expect(text([.offset], at: Self.afternoon) == expected) }
    }

    @Test func `a stamp that was kept for its second is not used for another`() {
        inTimeZone("UTC") {
            let stamp = LogStamp(LogDateFormat(text: "", tokens: [.minute, .literal(":"), .second]))
            #expect(texts(stamp, [0, 900_000_000, 0]) == ["07:09", "07:09", "07:09"])
            #expect(texts(stamp, [1_000_000_000, 60_000_000_000, 0]) == ["07:10", "08:09", "07:09"])
        }
    }

    @Test(arguments: [
        (LogDateFormat.Token.tenth, ["0", "9"]), (.hundredth, ["01", "91"]), (.millisecond, ["012", "912"]),
        (.microsecond, ["012345", "912345"]), (.unixMilliseconds, ["1772723229012", "1772723229912"]),
    ])
    func `a fraction changes within its second`(_ token: LogDateFormat.Token, _ expected: [String]) {
        let stamp = LogStamp(LogDateFormat(text: "", tokens: [token]))
        #expect(texts(stamp, [0, 900_000_000]) == expected)
    }

    @Test func `koomyd's own stamp is one of RFC 3339`() {
        inTimeZone("Europe/Berlin") {
            #expect(text(LogDateFormat.iso.tokens, at: Self.afternoon) == "2026-03-05T16:07:09.012+01:00")
        }
    }
}
