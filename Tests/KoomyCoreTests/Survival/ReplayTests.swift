import KoomyModel
import Testing

@testable import KoomyCore

/// Going through a fleet's events once more.
struct ReplayTests {
    private let a = AppName.named("a")
    private let origin = Instant(nanoseconds: 1_000_000_000)

    private func worker(_ serial: UInt64) -> WorkerID { WorkerID(app: a, serial: serial) }

    private func begun() -> Replay { Replay(Fleet(), timers: [:], at: origin) }

    /// One app, whose first worker has been ordered.
    private func defined() -> Replay {
        var replay = begun()
        replay.take(.request(RequestID(1), .define(.plain { $0.watchdog = .seconds(3) })), at: origin)
        replay.take(.prepared(Ticket(number: 1)), at: origin)
        return replay
    }

    @Test func `the same events make the same fleet and arm the same timers`() {
        var replay = defined()
        var fleet = Fleet()
        var timers: [TimerID: Instant] = [:]
        let events: [Fleet.Event] = [
            .request(RequestID(1), .define(.plain { $0.watchdog = .seconds(3) })), .prepared(Ticket(number: 1)),
            .worker(worker(1), .spawned), .worker(worker(1), .becameReady(.notify)),
        ]
        for event in events {
            for action in fleet.handle(event, at: origin) {
                if case .arm(let timer, let due) = action { timers[timer] = due }
                if case .disarm(let timer) = action { timers[timer] = nil }
            }
        }
        for event in events.dropFirst(2) { replay.take(event, at: origin) }
        #expect(replay.fleet == fleet)
        #expect(replay.timers == timers)
        #expect(replay.last == origin)
    }

    @Test func `what followed from the last events is uncertain until it is noted as done`() {
        var replay = defined()
        #expect(replay.uncertain.contains(.spawn(worker(1))))
        replay.notePerformed()
        #expect(replay.uncertain.isEmpty)
        replay.take(.worker(worker(1), .spawned), at: origin)
        replay.take(.request(RequestID(2), .stop([.app(a)])), at: origin)
        replay.take(.prepared(Ticket(number: 2)), at: origin)
        #expect(replay.uncertain.contains(.signal(worker(1), .terminate)))
    }

    @Test func `replies and timers are never uncertain`() {
        var replay = begun()
        replay.take(.request(RequestID(7), .stop([.app(.named("nobody"))])), at: origin)
        #expect(replay.replies[RequestID(7)]?.outcome == .noSuchApp)
        #expect(replay.uncertain.isEmpty)
        replay.notePerformed()
        #expect(replay.replies.count == 1)
    }

    @Test func `a timer that has fired is not armed any more`() {
        let timer = TimerID.worker(worker(1), .readiness)
        var replay = defined()
        replay.take(.worker(worker(1), .spawned), at: origin)
        #expect(replay.timers[timer] == origin + .seconds(30))
        replay.take(.timerFired(timer), at: origin + .seconds(30))
        #expect(replay.timers[timer] == nil)
    }

    @Test func `only timers that wait for a sign of life stand still meanwhile`() {
        var replay = defined()
        replay.take(.worker(worker(1), .spawned), at: origin)
        replay.take(.worker(worker(1), .becameReady(.notify)), at: origin)
        replay.take(.worker(worker(1), .pinged), at: origin + .seconds(1))
        let timers = replay.timers(resumingAt: origin + .seconds(61))
        #expect(timers[.worker(worker(1), .watchdog)] == origin + .seconds(1 + 3 + 60))
        #expect(timers[.worker(worker(1), .maturity)] == origin + .seconds(10))
        #expect(timers.count == replay.timers.count)
    }

    @Test func `a clock that seems to go back moves nothing`() {
        var replay = defined()
        replay.take(.worker(worker(1), .spawned), at: origin + .seconds(5))
        replay.take(.worker(worker(1), .becameReady(.notify)), at: origin)
        #expect(replay.last == origin + .seconds(5))
        #expect(replay.timers(resumingAt: origin) == replay.timers)
    }
}
