import KoomyModel
import Testing

struct TimeSpanTests {
    static let readable: [(String, Int64)] = [
        ("250ms", 250_000_000), ("10s", 10_000_000_000), ("1.5h", 5_400_000_000_000), ("1h30m", 5_400_000_000_000),
        ("0s", 0), ("2d", 172_800_000_000_000), ("5us", 5_000), ("7ns", 7), ("0.5ms", 500_000),
        ("1m1s1ms", 61_001_000_000),
    ]

    @Test(arguments: readable)
    func `it reads what people write`(_ text: String, _ nanoseconds: Int64) {
        #expect(TimeSpan(parsing: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "10", "s", "10 s", "-5s", "+5s", "1.5.2s", ".5s", "5.s", "10x", "10S", "1h30", "1e3s", "١٠s", "10s ",
        "10min",
    ])
    func `it reads nothing else`(_ text: String) {
        #expect(TimeSpan(parsing: text) == nil)
    }

    static let writable: [(TimeSpan, String)] = [
        (TimeSpan.zero, "0s"), (.seconds(10), "10s"), (.milliseconds(1_500), "1500ms"), (.seconds(60), "1m"),
        (.seconds(86_400), "1d"), (.microseconds(3), "3us"), (.nanoseconds(1_001), "1001ns"),
    ]

    @Test(arguments: writable)
    func `it is written in the largest unit that divides it`(_ span: TimeSpan, _ text: String) {
        #expect(span.description == text)
    }

    @Test(arguments: [0, 1, 999, 1_000, 1_500_000_000, 86_400_000_000_000, Int64.max])
    func `what is written can be read back`(_ nanoseconds: Int64) {
        let span = TimeSpan(nanoseconds: nanoseconds)
        #expect(TimeSpan(parsing: span.description) == span)
    }

    @Test func `arithmetic saturates`() {
        #expect(TimeSpan.max + .seconds(1) == .max)
        #expect(TimeSpan(nanoseconds: .min) - .seconds(1) == TimeSpan(nanoseconds: .min))
        #expect(TimeSpan.zero - TimeSpan(nanoseconds: .min) == .max)
        #expect(TimeSpan.seconds(.max) == .max)
        #expect(TimeSpan.seconds(.min) == TimeSpan(nanoseconds: .min))
        #expect(TimeSpan.max * 2 == .max)
        #expect(TimeSpan.max * -2 == TimeSpan(nanoseconds: .min))
        #expect(TimeSpan(parsing: "99999999999999999999d") == .max)
        #expect(TimeSpan(parsing: "9223372036s9223372036s") == .max)
    }

    @Test func `a factor scales and never turns back`() {
        #expect(TimeSpan.seconds(10).scaled(by: 0.25) == .milliseconds(2_500))
        #expect(TimeSpan.max.scaled(by: 2) == .max)
        #expect(TimeSpan.seconds(1).scaled(by: -1) == .zero)
    }

    @Test func `instants`() {
        let instant = Instant(nanoseconds: 5)
        #expect(instant + .nanoseconds(3) - instant == .nanoseconds(3))
        #expect(instant + .max == Instant(nanoseconds: .max))
        #expect(Instant(nanoseconds: .min) - Instant(nanoseconds: .max) == TimeSpan(nanoseconds: .min))
        #expect(instant < instant + .nanoseconds(1))
    }

    static let roundedDown: [(Int64, Int64)] = [
        (0, 0), (999_999_999, 0), (1_000_000_000, 1), (-1, -1), (-1_000_000_000, -1), (-1_000_000_001, -2),
    ]

    @Test(arguments: roundedDown)
    func `seconds of the wall clock are rounded down`(_ nanoseconds: Int64, _ seconds: Int64) {
        #expect(WallTime(nanoseconds: nanoseconds).seconds == seconds)
    }

    @Test func `units`() {
        #expect(TimeSpan.milliseconds(1_999).milliseconds == 1_999)
        #expect(TimeSpan.microseconds(1_999).milliseconds == 1)
        #expect(TimeSpan.milliseconds(1_500).seconds == 1.5)
        #expect(TimeSpan.seconds(1) < .milliseconds(1_001))
    }
}
