import KoomyModel
import Testing

@testable import KoomySupervisor

struct LogPaceTests {
    /// The rest after each of some looks: microseconds since the one before, and bytes taken.
    private func rests(_ looks: [(microseconds: Int64, count: Int)]) -> [TimeSpan?] {
        var pace = LogPace()
        var now = Instant(nanoseconds: 1_000_000_000)
        return looks.map { look in
            now = now + .microseconds(look.microseconds)
            return pace.rest(after: look.count, at: now)
        }
    }

    @Test func `the first look after a silence is followed by none`() {
        #expect(rests([(0, 100), (10_000, 100), (2_000, 100)]) == [nil, nil, nil])
    }

    @Test func `line after line rests until a quarter of a pipe has come`() {
        // 100 bytes in 1 microsecond: 65,536 bytes take 655.
        #expect(rests([(0, 100), (1, 100), (655, 65_500)]) == [nil, .nanoseconds(655_360), .nanoseconds(655_360)])
    }

    @Test func `no line waits longer than a millisecond`() {
        #expect(rests([(0, 100), (1_000, 100), (1_900, 100)]) == [nil, .milliseconds(1), .milliseconds(1)])
    }

    @Test func `a flood is read without a rest`() {
        #expect(rests([(0, 65_536), (50, 65_536), (100, 200_000), (2_000, 131_072)]) == [nil, nil, nil, nil])
    }
}
