import KoomyModel
import Testing

@testable import KoomyCore

struct BackoffTests {
    private func policy(_ change: (inout RestartPolicy) -> Void = { _ in }) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.jitter = 0
        change(&policy)
        return policy
    }

    @Test func `the first restart is at once, then the delay doubles up to the cap`() {
        var backoff = Backoff()
        let policy = policy { $0.maxDelay = .seconds(1) }
        var delays: [TimeSpan] = []
        for seed in 0..<7 {
            backoff.recordUnstableRun()
            delays.append(backoff.delay(policy, seed: UInt64(seed)))
        }
        #expect(delays.map(\.milliseconds) == [0, 100, 200, 400, 800, 1_000, 1_000])
    }

    @Test func `a stable run makes a clean record`() {
        var backoff = Backoff()
        for _ in 0..<5 { backoff.recordUnstableRun() }
        backoff.recordStableRun()
        #expect(backoff.failures == 0)
        #expect(backoff.delay(policy(), seed: 1) == .zero)
    }

    @Test func `a fixed delay is the least, with a clean record or not`() {
        var backoff = Backoff()
        let policy = policy { $0.fixedDelay = .milliseconds(150) }
        #expect(backoff.delay(policy, seed: 1) == .milliseconds(150))
        backoff.recordUnstableRun()
        backoff.recordUnstableRun()
        #expect(backoff.delay(policy, seed: 1) == .milliseconds(150))
        backoff.recordUnstableRun()
        #expect(backoff.delay(policy, seed: 1) == .milliseconds(200))
    }

    @Test func `jitter spreads to both sides and is the same for the same seed`() {
        var backoff = Backoff()
        for _ in 0..<4 { backoff.recordUnstableRun() }
        let policy = policy { $0.jitter = 0.2 }
        let delays = (0..<1_000).map { backoff.delay(policy, seed: $0).milliseconds }
        #expect(delays.allSatisfy { (320...480).contains($0) })
        #expect(delays.contains { $0 < 340 } && delays.contains { $0 > 460 })
        #expect(backoff.delay(policy, seed: 7) == backoff.delay(policy, seed: 7))
    }

    @Test func `no number of failures overflows`() {
        var backoff = Backoff()
        for _ in 0..<1_000 { backoff.recordUnstableRun() }
        #expect(backoff.delay(policy(), seed: 0) == .seconds(15))
        #expect(backoff.delay(policy { $0.maxDelay = .max }, seed: 0) == .max)
    }
}
