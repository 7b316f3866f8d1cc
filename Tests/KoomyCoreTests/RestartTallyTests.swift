import KoomyModel
import Testing

@testable import KoomyCore

struct RestartTallyTests {
    private let begin = Instant(nanoseconds: 5_000_000_000)

    private func policy(_ most: Int, window: Int64 = 60) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.maxRestarts = most
        policy.window = .seconds(window)
        return policy
    }

    @Test func `as many as allowed within the window are too many`() {
        var tally = RestartTally()
        #expect(tally.record(at: begin, policy(3)) == false)
        #expect(tally.record(at: begin + .seconds(1), policy(3)) == false)
        #expect(tally.record(at: begin + .seconds(2), policy(3)) == true)
    }

    @Test func `the window slides`() {
        var tally = RestartTally()
        _ = tally.record(at: begin, policy(3))
        _ = tally.record(at: begin + .seconds(30), policy(3))
        // The first has just left the window.
        #expect(tally.record(at: begin + .seconds(60), policy(3)) == false)
        #expect(tally.count(at: begin + .seconds(60), policy(3)) == 2)
        #expect(tally.record(at: begin + .seconds(89), policy(3)) == true)
        #expect(tally.count(at: begin + .seconds(500), policy(3)) == 0)
    }

    @Test(arguments: [0, 1, -5]) func `without any restart allowed the first end is one too many`(_ most: Int) {
        var tally = RestartTally()
        #expect(tally.record(at: begin, policy(most)) == true)
    }

    @Test func `it stays small whatever the policy says`() {
        var tally = RestartTally()
        for number in 0..<5_000 {
            let isTooMany = tally.record(at: begin + .milliseconds(Int64(number)), policy(.max))
            #expect(!isTooMany)
        }
        #expect(tally.count(at: begin + .seconds(5), policy(.max)) <= 1_000)
    }

    @Test func `it can be cleared`() {
        var tally = RestartTally()
        _ = tally.record(at: begin, policy(2))
        tally.clear()
        #expect(tally.record(at: begin, policy(2)) == false)
    }
}
