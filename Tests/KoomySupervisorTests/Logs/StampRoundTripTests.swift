import KoomyModel
import Testing

@testable import KoomySupervisor
@testable import koomyctl

/// What koomyd writes before a line, koomyctl reads back as the same moment.
@Suite(.serialized) struct StampRoundTripTests {
    private typealias Token = LogDateFormat.Token

    nonisolated private static let zones = [
        "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland", "Australia/Lord_Howe",
    ]
    /// The same date and time in many ways; together they have every token.
    private static let formats: [[Token]] = [
        dashed + [.literal(" "), .hour, .literal(":"), .minute, .literal(":"), .second],
        dashed + [.literal("T"), .hour1, .literal("h"), .minute, .second, .literal("."), .millisecond],
        [
            .weekdayName, .literal(", "), .day1, .literal(". "), .monthName, .literal(" "), .year, .literal(", "),
            .hour12,
        ]
            + [.literal(" "), .minute, .second, .meridiemLower, .literal(" "), .tenth],
        [.weekdayShort, .day, .monthShort, .year2, .literal(" "), .hour12Padded, .minute, .second, .hundredth]
            + [.meridiemUpper],
        [.month1, .literal("/"), .day1, .literal("/"), .year, .literal(" "), .hour, .minute, .second, .microsecond],
        [.unixSeconds], [.unixMilliseconds], [.unixSeconds, .literal("."), .microsecond],
        dashed + [.literal(" "), .hour, .minute, .second, .millisecond, .offset],
        dashed + [.literal(" "), .hour, .minute, .second, .offsetCompact, .literal(" ["), .unixMilliseconds]
            + [.literal("]")],
        dashed + [.literal(" "), .hour, .literal(":"), .minute],
    ]
    private static let dashed: [Token] = [.year, .literal("-"), .month, .literal("-"), .day]

    private func roundTrip(_ format: LogDateFormat, _ times: [WallTime]) throws -> [String] {
        let stamp = LogStamp(format)
        var reader = try StampReader(format)
        return times.compactMap { time in
            let text = stamp.text(at: time)
            let line = text + Array(": 12:00 message".utf8)
            guard let read = reader.read(line[...]) else {
                return "\(String(decoding: text, as: UTF8.self)) is not read"
            }
            let remainder = time.nanoseconds % reader.resolution
            if read.time.nanoseconds == time.nanoseconds - remainder, read.length == text.count + 2 { return nil }
            return "\(String(decoding: text, as: UTF8.self)) of \(time.nanoseconds) is read as \(read)"
        }
    }

    @Test func `the formats of this test have every token`() {
        let used = Set(
            Self.formats.joined().map { token in if case .literal = token { "literal" } else { "\(token)" } }
        )
        #expect(used.count == 27)
    }

    @Test(arguments: zones)
    func `every token, through four years`(_ zone: String) throws {
        // Every 11 days, 5 hours and some: all months, weekdays, hours, and both sides of each change of the clocks.
        let times = (0..<130).map {
            WallTime(nanoseconds: (1_735_689_600 + $0 * 970_411) * 1_000_000_000 + 123_456_789)
        }
        try inTimeZone(zone) {
            for tokens in Self.formats {
                try #expect(roundTrip(LogDateFormat(text: "", tokens: tokens), times) == [], "\(zone) \(tokens)")
            }
        }
    }

    @Test(arguments: [
        // Clocks are set forward, and back, in the night to this Sunday.
        ("Europe/Berlin", 1_774_742_400), ("Europe/Berlin", 1_792_886_400), ("America/St_Johns", 1_793_491_200),
        ("Australia/Lord_Howe", 1_775_300_400), ("Pacific/Auckland", 1_775_296_800),
    ])
    func `every minute of a day on which clocks are changed, also where its hour is shown twice`(
        _ zone: String,
        _ begin: Int64
    ) throws {
        let times = (0..<(30 * 60)).map { WallTime(nanoseconds: (begin + $0 * 60 + 7) * 1_000_000_000 + 89_000_000) }
        try inTimeZone(zone) {
            for tokens in Self.formats {
                try #expect(roundTrip(LogDateFormat(text: "", tokens: tokens), times) == [], "\(zone) \(tokens)")
            }
        }
    }

    @Test func `an hour that clocks show twice is the first one where nothing before it tells`() throws {
        try inTimeZone("Europe/Berlin") {
            let format = LogDateFormat(text: "", tokens: Self.formats[0])
            // 25 October 2026, 02:30 by both.
            let first = WallTime(nanoseconds: 1_792_888_200_000_000_000)
            let second = WallTime(nanoseconds: 1_792_891_800_000_000_000)
            let line = LogStamp(format).text(at: first) + Array(": x".utf8)
            #expect(line == LogStamp(format).text(at: second) + Array(": x".utf8))
            var reader = try StampReader(format)
            #expect(reader.read(line[...])?.time == first)
            var later = try StampReader(format, after: second)
            #expect(later.read(line[...])?.time == second)
        }
    }
}
