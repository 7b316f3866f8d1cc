import KoomyWorker
import TestSupport
import Testing

struct DrainTests {
    private func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test func `a worker without connections is gone at once`() {
        var drain = Drain<Int>()
        #expect(!drain.isFinished)
        drain.begin(at: at(0))
        #expect(drain.isFinished)
        #expect(drain.nextDeadline == nil)
    }

    @Test func `a request in flight is waited for without a limit`() {
        var drain = Drain<Int>()
        drain.opened(1, at: at(0))
        drain.requestBegan(1)
        drain.begin(at: at(1))
        #expect(drain.nextDeadline == nil)
        #expect(drain.due(at: at(1_000)).isEmpty)
        #expect(!drain.isFinished)
        drain.closed(1)
        #expect(drain.isFinished)
        #expect(drain.requestsInFlight == 0)
    }

    @Test func `an idle connection is kept for the linger, then half-closed, then closed`() {
        var drain = Drain<Int>(linger: .seconds(2), closeTimeout: .seconds(3))
        drain.opened(1, at: at(0))
        drain.begin(at: at(10))
        #expect(drain.nextDeadline == at(12))
        #expect(drain.due(at: at(11)).isEmpty)
        #expect(drain.due(at: at(12)) == [.halfClose(1)])
        drain.halfClosed(1, at: at(12))
        #expect(drain.due(at: at(14)).isEmpty)
        #expect(drain.nextDeadline == at(15))
        #expect(drain.due(at: at(15)) == [.close(1)])
        drain.closed(1)
        #expect(drain.isFinished)
    }

    @Test func `advice that was not followed is given again`() {
        var drain = Drain<Int>(linger: .seconds(2))
        drain.opened(1, at: at(0))
        drain.begin(at: at(0))
        #expect(drain.due(at: at(2)) == [.halfClose(1)])
        #expect(drain.due(at: at(2)) == [.halfClose(1)])
    }

    @Test func `a request within the linger is answered`() {
        var drain = Drain<Int>(linger: .seconds(2))
        drain.opened(1, at: at(0))
        drain.begin(at: at(0))
        let isAnswered = drain.requestBegan(1)
        #expect(isAnswered)
        #expect(drain.due(at: at(5)).isEmpty)
        drain.halfClosed(1, at: at(6))
        #expect(drain.requestsInFlight == 0)
        #expect(drain.due(at: at(8)) == [.close(1)])
    }

    @Test func `a response that was under way at the beginning gives its connection a whole linger`() {
        var drain = Drain<Int>(linger: .seconds(2))
        drain.opened(1, at: at(0))
        drain.requestBegan(1)
        drain.begin(at: at(1))
        drain.requestEnded(1, at: at(5))
        #expect(drain.nextDeadline == at(7))
    }

    @Test func `a request on a half-closed connection is late and counted`() {
        var drain = Drain<Int>()
        drain.opened(1, at: at(0))
        drain.begin(at: at(0))
        drain.halfClosed(1, at: at(2))
        let isAnswered = drain.requestBegan(1)
        #expect(!isAnswered)
        #expect(drain.lateRequests == 1)
        #expect(drain.requestsInFlight == 0)
    }

    @Test func `idle connections end without a drain too`() {
        var drain = Drain<Int>(idleTimeout: .seconds(75))
        drain.opened(1, at: at(0))
        drain.opened(2, at: at(10))
        drain.requestBegan(1)
        drain.requestEnded(1, at: at(50))
        #expect(drain.due(at: at(74)).isEmpty)
        #expect(drain.due(at: at(85)) == [.halfClose(2)])
        drain.halfClosed(2, at: at(85))
        drain.closed(2)
        #expect(drain.due(at: at(125)) == [.halfClose(1)])
    }

    @Test func `facts about connections that are gone change nothing`() {
        var drain = Drain<Int>()
        drain.requestEnded(7, at: at(0))
        drain.halfClosed(7, at: at(0))
        drain.closed(7)
        let isAnswered = drain.requestBegan(7)
        #expect(!isAnswered)
        #expect(drain.connectionCount == 0)
        #expect(drain.requestsInFlight == 0)
    }

    @Test func `asking twice to leave does not begin the linger again`() {
        var drain = Drain<Int>(linger: .seconds(2))
        drain.opened(1, at: at(0))
        drain.begin(at: at(0))
        drain.begin(at: at(1))
        #expect(drain.due(at: at(2)) == [.halfClose(1)])
    }

    /// Random facts in any order: the counts stay right, and with the clock running a drain always ends.
    @Test(arguments: 0..<200) func `every drain ends`(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        var drain = Drain<Int>(linger: .seconds(2), closeTimeout: .seconds(2), idleTimeout: .seconds(5))
        var open: Set<Int> = []
        var busy: Set<Int> = []
        var half: Set<Int> = []
        var now: Int64 = 0
        func perform(_ steps: [Drain<Int>.Step]) {
            for step in steps {
                switch step {
                case .halfClose(let id):
                    #expect(open.contains(id) && !busy.contains(id) && !half.contains(id))
                    half.insert(id)
                    drain.halfClosed(id, at: at(now))
                case .close(let id):
                    #expect(half.contains(id))
                    half.remove(id)
                    open.remove(id)
                    drain.closed(id)
                }
            }
        }
        for turn in 0..<200 {
            let id = Int.random(in: 0..<8, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where !open.contains(id) && !drain.isDraining:
                open.insert(id)
                drain.opened(id, at: at(now))
            case 1 where open.contains(id):
                let isAnswered = drain.requestBegan(id)
                #expect(isAnswered == !half.contains(id))
                if !half.contains(id) { busy.insert(id) }
            case 2:
                drain.requestEnded(id, at: at(now))
                busy.remove(id)
            case 3:
                drain.closed(id)
                open.remove(id)
                busy.remove(id)
                half.remove(id)
            case 4 where turn > 100: drain.begin(at: at(now))
            default:
                now += 1
                perform(drain.due(at: at(now)))
            }
            #expect(drain.connectionCount == open.count)
            #expect(drain.requestsInFlight == busy.count)
        }
        drain.begin(at: at(now))
        for id in busy { drain.requestEnded(id, at: at(now)) }
        busy = []
        while let deadline = drain.nextDeadline {
            now = max(now, deadline.nanoseconds / 1_000_000_000)
            perform(drain.due(at: at(now)))
        }
        #expect(drain.isFinished)
    }
}
