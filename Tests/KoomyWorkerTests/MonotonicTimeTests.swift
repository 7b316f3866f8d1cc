import Testing

@testable import KoomyWorker

struct MonotonicTimeTests {
    @Test func `time goes forward`() {
        let first = MonotonicTime.now()
        let second = MonotonicTime.now()
        #expect(first <= second)
        #expect(first + .seconds(1) - first == .seconds(1))
    }

    @Test(arguments: [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (-5, 0), (Int64.max, Int32.max)])
    func `a time to wait is rounded up`(nanoseconds: Int64, milliseconds: Int32) {
        #expect(
            MonotonicTime(nanoseconds: nanoseconds).pollTimeout(from: MonotonicTime(nanoseconds: 0)) == milliseconds
        )
    }

    @Test func `very long times do not overflow`() {
        #expect(Duration.seconds(Int64.max).wholeNanoseconds > 0)
        #expect(MonotonicTime.now() < MonotonicTime.now() + .seconds(Int64.max))
        #expect(Duration.seconds(-3).wholeNanoseconds == -3_000_000_000)
    }
}
