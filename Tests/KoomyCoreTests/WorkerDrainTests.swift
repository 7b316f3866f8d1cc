import KoomyModel
import Testing

@testable import KoomyCore

/// A worker that is to leave: what comes before the stop signal, and what its connections decide.
struct WorkerDrainTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func ready(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        let id = WorkerID(app: .named("a"), serial: 1)
        var worker = Worker(id: id, slot: 0, generation: 1, spec: .plain(1, change), at: now)
        _ = worker.handle(.spawned, at: now)
        _ = worker.handle(.becameReady(.notify), at: now)
        return worker
    }

    private func leaving(_ change: (inout StopPolicy) -> Void) -> Worker {
        var worker = ready { change(&$0.stop) }
        _ = worker.handle(.leave(.replaced), at: now)
        return worker
    }

    private func after(_ milliseconds: Int64) -> Instant { now + .milliseconds(milliseconds) }

    private let disarmLife: [Worker.Action] = [
        .disarm(.readiness), .disarm(.uptime), .disarm(.maturity), .disarm(.age), .disarm(.watchdog),
    ]

    // MARK: - Before the signal

    @Test func `it serves on for pre_drain and is asked then`() {
        var worker = ready { $0.stop.preDrain = .seconds(2) }
        #expect(worker.handle(.leave(.replaced), at: now) == disarmLife + [.arm(.preDrain, after(2_000))])
        #expect(worker.isParting && !worker.isWanted && worker.condition == .draining)
        #expect(worker.handle(.leave(.stopped), at: after(1_000)) == [])
        #expect(
            worker.handle(.timerFired(.preDrain), at: after(2_000))
                == disarmLife + [.signal(.terminate), .arm(.kill, after(12_000))]
        )
        #expect(worker.state == .leaving(.replaced))
    }

    @Test func `a hook runs meanwhile, and its failure changes nothing`() {
        var worker = ready {
            $0.stop.preDrain = .seconds(2)
            $0.stop.preDrainHook = ["./deregister"]
        }
        let actions = worker.handle(.leave(.replaced), at: now)
        #expect(actions.suffix(2) == [.arm(.preDrain, after(2_000)), .ask(.preDrain, attempt: 1)])
        let failed = Worker.Event.probed(.preDrain, attempt: 1, .failed("exit code 1"))
        #expect(worker.handle(failed, at: after(100)) == [.report(.hookFailed("exit code 1"))])
        #expect(worker.isParting)
        _ = worker.handle(.timerFired(.preDrain), at: after(2_000))
        // One that was killed because the time is over is told of when it is gone.
        #expect(worker.handle(failed, at: after(2_001)) == [.report(.hookFailed("exit code 1"))])
        #expect(worker.state == .leaving(.replaced))
    }

    @Test func `a hook without pre_drain is waited for`() {
        var worker = ready { $0.stop.preDrainHook = ["./deregister"] }
        let actions = worker.handle(.leave(.replaced), at: now)
        #expect(actions.contains(.arm(.preDrain, after(30_000))))
        let ended = worker.handle(.probed(.preDrain, attempt: 1, .succeeded), at: after(700))
        #expect(ended.first == .disarm(.preDrain))
        #expect(ended.suffix(2) == [.signal(.terminate), .arm(.kill, after(10_700))])
        // One that never ends is not waited for longer than 30 s.
        worker = ready { $0.stop.preDrainHook = ["./deregister"] }
        _ = worker.handle(.leave(.replaced), at: now)
        #expect(worker.handle(.timerFired(.preDrain), at: after(30_000)).contains(.signal(.terminate)))
    }

    @Test func `one that ends or is killed before its time needs no signal`() {
        var worker = leaving { $0.preDrain = .seconds(2) }
        let ending = Worker.Ending(reason: .exited(code: 0), departure: .replaced, stage: .fresh)
        #expect(
            worker.handle(.exited(.exited(code: 0)), at: after(500)) == [
                .disarm(.preDrain), .arm(.kill, after(10_500)), .signalDescendants(.terminate),
                .report(.ended(ending)),
            ]
        )
        worker = leaving { $0.preDrain = .seconds(2) }
        #expect(worker.handle(.kill(.shutdown), at: after(500)) == [.disarm(.preDrain), .killTree])
        #expect(worker.state == .killing(.replaced))
    }

    @Test func `one that does not serve has nothing to announce`() {
        let id = WorkerID(app: .named("a"), serial: 1)
        let spec = AppSpec.plain { $0.stop.preDrain = .seconds(2) }
        var worker = Worker(id: id, slot: 0, generation: 1, spec: spec, at: now)
        _ = worker.handle(.spawned, at: now)
        #expect(worker.handle(.leave(.rejected), at: now).contains(.signal(.terminate)))
        worker = ready { $0.stop.preDrain = .seconds(2) }
        #expect(worker.handle(.declaredHung, at: now).contains(.signal(.abort)))
    }

    // MARK: - Open connections at the end of kill_timeout

    @Test(arguments: [1, nil] as [Int?])
    func `one with open connections is left until connection_timeout`(_ count: Int?) {
        var worker = leaving { $0.connectionTimeout = .seconds(60) }
        #expect(worker.handle(.connections(count), at: after(100)) == [])
        #expect(
            worker.handle(.timerFired(.kill), at: after(10_000)) == [
                .arm(.kill, after(60_000)), .report(.lingering(.seconds(50))),
            ]
        )
        #expect(worker.state == .lingering(.replaced))
        // It counts from the signal.
        #expect(worker.handle(.timerFired(.kill), at: after(60_000)) == [.killTree, .report(.forced)])
    }

    @Test func `without connection_timeout, or without a connection, kill_timeout ends it`() {
        var worker = leaving { _ in }
        _ = worker.handle(.connections(3), at: after(100))
        #expect(worker.handle(.timerFired(.kill), at: after(10_000)) == [.killTree, .report(.forced)])
        worker = leaving { $0.connectionTimeout = .seconds(60) }
        _ = worker.handle(.connections(0), at: after(100))
        #expect(worker.handle(.timerFired(.kill), at: after(10_000)) == [.killTree, .report(.forced)])
    }

    @Test func `when the last connection is closed it has a second to exit`() {
        var worker = leaving { $0.connectionTimeout = .seconds(60) }
        _ = worker.handle(.connections(1), at: after(100))
        _ = worker.handle(.timerFired(.kill), at: after(10_000))
        #expect(worker.handle(.connections(0), at: after(20_000)) == [.arm(.idle, after(21_000))])
        // Somebody came again.
        #expect(worker.handle(.connections(1), at: after(20_500)) == [.disarm(.idle)])
        #expect(worker.handle(.connections(0), at: after(30_000)) == [.arm(.idle, after(31_000))])
        let idle = worker.handle(.timerFired(.idle), at: after(31_000))
        #expect(idle == [.disarm(.kill), .killTree, .report(.forced)])
        worker = leaving { $0.connectionTimeout = .seconds(60) }
        _ = worker.handle(.timerFired(.kill), at: after(10_000))
        _ = worker.handle(.connections(0), at: after(20_000))
        // It exits, and what it leaves behind has what is left of the second.
        let ending = Worker.Ending(reason: .exited(code: 0), departure: .replaced, stage: .fresh)
        let exit = worker.handle(.exited(.exited(code: 0)), at: after(20_300))
        #expect(exit == [.signalDescendants(.terminate), .report(.ended(ending))])
        #expect(worker.state == .trailing(ending))
        #expect(worker.handle(.treeGone, at: after(20_400)) == [.disarm(.kill), .disarm(.idle), .report(.gone)])
    }

    @Test func `what an ended worker left is left while it has connections`() {
        var worker = leaving { $0.connectionTimeout = .seconds(60) }
        let ending = Worker.Ending(reason: .exited(code: 0), departure: .replaced, stage: .fresh)
        _ = worker.handle(.exited(.exited(code: 0)), at: after(50))
        _ = worker.handle(.connections(2), at: after(100))
        #expect(worker.handle(.timerFired(.kill), at: after(10_000)).contains(.report(.lingering(.seconds(50)))))
        #expect(worker.state == .trailing(ending))
        #expect(worker.remains == .asked)
        #expect(worker.handle(.timerFired(.kill), at: after(60_000)) == [.killTree, .report(.forced)])
        #expect(worker.state == .purging(ending))
    }

    @Test func `one that hangs has nothing to finish`() {
        var worker = ready { $0.stop.connectionTimeout = .seconds(60) }
        _ = worker.handle(.declaredHung, at: now)
        _ = worker.handle(.connections(5), at: after(100))
        #expect(worker.handle(.timerFired(.kill), at: after(10_000)) == [.killTree, .report(.forced)])
    }

    @Test func `EXTEND_TIMEOUT_USEC moves the deadline of one that is left`() {
        var worker = leaving { $0.connectionTimeout = .seconds(60) }
        _ = worker.handle(.timerFired(.kill), at: after(10_000))
        #expect(worker.handle(.extended(.seconds(1)), at: after(11_000)) == [])
        #expect(worker.handle(.extended(.seconds(90)), at: after(20_000)) == [.arm(.kill, after(110_000))])
    }

    // MARK: - Until it is idle

    @Test func `with drain idle one without a connection is ended after a second`() {
        var worker = leaving { $0.drain = .idle }
        #expect(worker.handle(.connections(2), at: after(10)) == [])
        #expect(worker.handle(.connections(0), at: after(3_000)) == [.arm(.idle, after(4_000))])
        #expect(worker.handle(.connections(0), at: after(3_500)) == [])
        let actions = worker.handle(.timerFired(.idle), at: after(4_000))
        #expect(actions == [.disarm(.kill), .killTree, .report(.idled)])
        #expect(worker.state == .killing(.replaced))
    }

    @Test func `what is unknown is never idle`() {
        var worker = leaving { $0.drain = .idle }
        #expect(worker.handle(.connections(nil), at: after(10)) == [])
        _ = worker.handle(.connections(0), at: after(100))
        #expect(worker.handle(.connections(nil), at: after(600)) == [.disarm(.idle)])
        // A timer that was on its way.
        #expect(worker.handle(.timerFired(.idle), at: after(1_100)) == [])
        #expect(worker.handle(.timerFired(.kill), at: after(10_000)) == [.killTree, .report(.forced)])
    }

    @Test func `with drain exit it is not ended for being idle`() {
        var worker = leaving { _ in }
        #expect(worker.handle(.connections(0), at: after(10)) == [])
        #expect(worker.state == .leaving(.replaced))
    }

    @Test func `one that was idle when it was asked has its second from then on`() {
        var worker = leaving {
            $0.preDrain = .seconds(2)
            $0.drain = .idle
        }
        #expect(worker.handle(.connections(0), at: after(10)) == [])
        let asked = worker.handle(.timerFired(.preDrain), at: after(2_000))
        #expect(asked.last == .arm(.idle, after(3_000)))
    }

    // MARK: - Traces

    @Test func `an unhealthy worker leaves a trace where that is wanted`() {
        var probe = Probe(kind: .tcp(target: .privateSocket), retries: 1)
        for (traces, departure, signal) in [
            (true, .unhealthy, Signal.abort), (true, .replaced, .terminate), (false, .unhealthy, .terminate),
        ] as [(Bool, Worker.Departure, Signal)] {
            probe.traces = traces
            var worker = ready { $0.health = probe }
            #expect(worker.handle(.leave(departure), at: now).contains(.signal(signal)))
        }
    }

    @Test func `one whose health failed leaves as unhealthy when its replacement serves`() {
        var probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(1), retries: 1)
        probe.traces = true
        var app = AppScript.serving(.plain { $0.health = probe })
        _ = app.fires(1, .healthProbe)
        #expect(app.on(1, .probed(.health, attempt: 1, .failed("503"))) == ["spawn 2"])
        _ = app.ready(2)
        _ = app.fires(2, .healthProbe)
        _ = app.on(2, .probed(.health, attempt: 1, .succeeded))
        #expect(app.settles(0) == ["ABRT 1"])
        #expect(app.notices.contains(.workerLeaving(serial: 1, slot: 0, .unhealthy)))
    }

    // MARK: - After koomyd was away

    @Test func `a koomyd that comes back counts anew and runs the hook again`() {
        var worker = leaving { $0.drain = .idle }
        _ = worker.handle(.connections(0), at: after(10))
        #expect(worker.resume(away: .seconds(5), at: after(6_000)) == [.disarm(.idle)])
        #expect(worker.connections == nil)
        worker = leaving {
            $0.preDrain = .seconds(2)
            $0.preDrainHook = ["x"]
        }
        #expect(worker.resume(away: .seconds(1), at: after(1_500)) == [.ask(.preDrain, attempt: 2)])
    }
}
