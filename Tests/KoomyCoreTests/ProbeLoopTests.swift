import KoomyModel
import Testing

@testable import KoomyCore

struct ProbeLoopTests {
    private let now = Instant(nanoseconds: 0)
    private let later = Instant(nanoseconds: 0) + .seconds(10)

    private func loop(retries: Int = 2) -> ProbeLoop {
        var loop = ProbeLoop(Probe(kind: .tcp(target: .privateSocket), interval: .seconds(10), retries: retries))
        _ = loop.begin(at: now)
        return loop
    }

    @Test func `it asks, waits for the interval and asks again`() {
        var loop = ProbeLoop(Probe(kind: .tcp(target: .privateSocket), interval: .seconds(10)))
        #expect(loop.timerFired() == [])
        #expect(loop.begin(at: now) == [.arm(now)])
        #expect(loop.timerFired() == [.ask(attempt: 1)])
        // One question at a time.
        #expect(loop.timerFired() == [])
        #expect(loop.answered(attempt: 1, .succeeded, tolerant: false, at: now) == [.arm(later), .succeeded])
        #expect(loop.timerFired() == [.ask(attempt: 2)])
    }

    @Test func `failures count in a row`() {
        var loop = loop()
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 1, .failed("a"), tolerant: false, at: now) == [.arm(later)])
        _ = loop.timerFired()
        // A success in between begins the count again.
        _ = loop.answered(attempt: 2, .succeeded, tolerant: false, at: now)
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 3, .failed("b"), tolerant: false, at: now) == [.arm(later)])
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 4, .failed("c"), tolerant: false, at: now) == [.arm(later), .exhausted("c")])
        #expect(loop.state == .waiting(failures: 0))
    }

    @Test func `no retries are one`() {
        var loop = loop(retries: 0)
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 1, .failed("a"), tolerant: false, at: now) == [.arm(later), .exhausted("a")])
    }

    @Test func `a tolerated failure neither counts nor clears the count`() {
        var loop = loop()
        _ = loop.timerFired()
        _ = loop.answered(attempt: 1, .failed("a"), tolerant: false, at: now)
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 2, .failed("b"), tolerant: true, at: now) == [.arm(later)])
        #expect(loop.state == .waiting(failures: 1))
        #expect(!loop.isPassing)
    }

    @Test func `an answer to another question is ignored`() {
        var loop = loop()
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 7, .succeeded, tolerant: false, at: now) == [])
        _ = loop.answered(attempt: 1, .succeeded, tolerant: false, at: now)
        #expect(loop.answered(attempt: 1, .failed("again"), tolerant: false, at: now) == [])
        #expect(loop.isPassing)
    }

    @Test func `it ends once`() {
        var loop = loop()
        #expect(loop.end() == [.disarm])
        #expect(loop.end() == [])
        #expect(loop.answered(attempt: 1, .succeeded, tolerant: false, at: now) == [])
    }
}
