import KoomyModel
import Testing

@testable import KoomySupervisor

struct CPUUsageTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func `the first answer is that since the start`() {
        var usage = CPUUsage()
        #expect(usage.sample(.milliseconds(500), startedAt: start, now: start + .seconds(2)) == 25)
    }

    @Test func `each later answer is that since the one before`() {
        var usage = CPUUsage()
        _ = usage.sample(.seconds(10), startedAt: start, now: start + .seconds(10))
        #expect(usage.sample(.seconds(10), startedAt: start, now: start + .seconds(11)) == 0)
        #expect(usage.sample(.milliseconds(10_500), startedAt: start, now: start + .seconds(12)) == 50)
    }

    @Test func `a tree of processes may use more than one processor`() {
        var usage = CPUUsage()
        #expect(usage.sample(.seconds(6), startedAt: start, now: start + .seconds(2)) == 300)
    }

    @Test func `within 100 ms the answer stays, and the time is not lost`() {
        var usage = CPUUsage()
        #expect(usage.sample(.milliseconds(99), startedAt: start, now: start + .milliseconds(99)) == 0)
        #expect(usage.sample(.milliseconds(100), startedAt: start, now: start + .milliseconds(100)) == 100)
        #expect(usage.sample(.milliseconds(100), startedAt: start, now: start + .milliseconds(150)) == 100)
        #expect(usage.sample(.milliseconds(100), startedAt: start, now: start + .milliseconds(200)) == 0)
    }

    @Test func `a child that has ended takes its share with it, and nothing is below zero`() {
        var usage = CPUUsage()
        _ = usage.sample(.seconds(5), startedAt: start, now: start + .seconds(10))
        #expect(usage.sample(.seconds(1), startedAt: start, now: start + .seconds(20)) == 0)
        #expect(usage.sample(.seconds(2), startedAt: start, now: start + .seconds(21)) == 100)
    }

    @Test func `a clock that stands still divides nothing by zero`() {
        var usage = CPUUsage()
        #expect(usage.sample(.seconds(5), startedAt: start, now: start) == 0)
        #expect(usage.sample(.seconds(5), startedAt: start + .seconds(1), now: start) == 0)
    }
}
