import KoomyModel
import Testing

@testable import KoomyCore

struct MemoryGuardTests {
    private let begin = Instant(nanoseconds: 0)
    private let soft = ByteCount(bytes: 300 << 20)
    private let hard = ByteCount(bytes: 600 << 20)

    private func judge(
        _ former: MemoryGuard,
        _ megabytes: UInt64,
        at seconds: Int64
    ) -> (MemoryGuard, MemoryGuard.Verdict, TimeSpan) {
        let amount = ByteCount(bytes: megabytes << 20)
        var memory = former
        let found = memory.judge(amount, soft: soft, hard: hard, at: begin + .seconds(seconds))
        return (memory, found.verdict, found.next)
    }

    static let limits: [(UInt64, MemoryGuard.Verdict)] = [
        (0, .within), (299, .within), (300, .overSoft), (599, .overSoft), (600, .overHard), (9_000, .overHard),
    ]

    @Test(arguments: limits)
    func `limits are reached, not passed`(_ megabytes: UInt64, _ verdict: MemoryGuard.Verdict) {
        #expect(judge(MemoryGuard(), megabytes, at: 0).1 == verdict)
    }

    @Test(arguments: [(10, 5_000), (209, 5_000), (210, 1_000), (299, 1_000), (300, 250)])
    func `the nearer the limit the sooner it is looked at again`(_ megabytes: UInt64, _ milliseconds: Int64) {
        #expect(judge(MemoryGuard(), megabytes, at: 0).2.milliseconds == milliseconds)
    }

    @Test func `a worker that grows is looked at four times before it is over`() {
        let (memory, _, _) = judge(MemoryGuard(), 100, at: 0)
        // 10 MB a second, and 190 MB to go: 19 s, a quarter of it is 4.75 s.
        #expect(judge(memory, 110, at: 1).2 == .milliseconds(4_750))
        // 100 MB a second: 1 s to go.
        #expect(judge(memory, 200, at: 1).2 == .milliseconds(250))
    }

    @Test func `one that shrinks or stands is looked at slowly`() {
        let (memory, _, _) = judge(MemoryGuard(), 100, at: 0)
        #expect(judge(memory, 50, at: 1).2 == .seconds(5))
        #expect(judge(memory, 100, at: 1).2 == .seconds(5))
        // Two samples of one moment say nothing about growth.
        #expect(judge(memory, 150, at: 0).2 == .seconds(5))
    }
}
