import KoomyModel
import Testing

@testable import KoomyCore

/// The life of one worker, event by event.
struct WorkerTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func worker(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        Worker(id: WorkerID(app: .named("a"), serial: 1), slot: 0, generation: 1, spec: .plain(1, change), at: now)
    }

    private func started(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        var worker = worker(change)
        _ = worker.handle(.spawned, at: now)
        return worker
    }

    private func ready(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        var worker = started(change)
        _ = worker.handle(.becameReady(.notify), at: now)
        return worker
    }

    private func after(_ seconds: Int64) -> Instant { now + .seconds(seconds) }

    private let disarmLife: [Worker.Action] = [
        .disarm(.readiness), .disarm(.uptime), .disarm(.maturity), .disarm(.age), .disarm(.watchdog),
    ]

    // MARK: - From the start to ready

    @Test func `it starts, proves itself and matures`() {
        var worker = worker()
        #expect(worker.start() == [.spawn])
        #expect(worker.handle(.spawned, at: now) == [.arm(.readiness, after(30))])
        #expect(worker.condition == .starting)
        #expect(
            worker.handle(.becameReady(.notify), at: after(1)) == [
                .disarm(.readiness), .disarm(.uptime), .arm(.maturity, after(11)), .report(.ready(.notify)),
            ]
        )
        #expect(worker.condition == .ready)
        #expect(worker.evidence == .notify)
        #expect(worker.handle(.timerFired(.maturity), at: after(11)) == [.report(.matured)])
        #expect(worker.state == .ready(.stable))
        // Said twice, it is as true as said once.
        #expect(worker.handle(.becameReady(.notify), at: after(12)) == [])
    }

    @Test func `it is never ready because time has passed`() {
        var worker = started()
        #expect(
            worker.handle(.timerFired(.readiness), at: after(30))
                == [.report(.faltered(.notReady))] + disarmLife + [.signal(.terminate), .arm(.kill, after(40))]
        )
        #expect(worker.state == .leaving(.notReady))
        // Too late.
        #expect(worker.handle(.becameReady(.notify), at: after(31)) == [])
        #expect(!worker.isReady)
    }

    @Test(arguments: [
        (ReadinessRule.notify, ReadinessEvidence.observed), (.descriptor(3), .notify), (.ipc, .notify),
        (.observed, .notify), (.probe(Probe(kind: .tcp(target: .privateSocket))), .probe), (.uptime, .uptime),
    ])
    func `only the evidence that was asked for counts`(_ rule: ReadinessRule, _ other: ReadinessEvidence) {
        var worker = started { $0.readiness = rule }
        #expect(worker.handle(.becameReady(other), at: now) == [])
        #expect(worker.state == .starting)
    }

    @Test(arguments: [ReadinessEvidence.notify, .observed])
    func `an app with a listener may prove itself either way`(_ evidence: ReadinessEvidence) {
        var worker = started {
            $0.readiness = .automatic
            $0.listeners = [ListenerSpec(name: "web", address: .tcp(host: "*", port: 1))]
        }
        _ = worker.handle(.becameReady(evidence), at: now)
        #expect(worker.isReady)
    }

    @Test func `an app without a listener proves itself by living for min_uptime`() {
        var worker = worker { $0.readiness = .automatic }
        #expect(worker.handle(.spawned, at: now) == [.arm(.uptime, after(10))])
        // More time is not what it needs.
        #expect(worker.handle(.extended(.seconds(60)), at: now) == [])
        #expect(
            worker.handle(.timerFired(.uptime), at: after(10)) == [
                .disarm(.readiness), .disarm(.uptime), .report(.ready(.uptime)), .report(.matured),
            ]
        )
        #expect(worker.stage == .stable)
    }

    @Test func `a probe that succeeds once proves it`() {
        let probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(1), retries: 1)
        var worker = worker { $0.readiness = .probe(probe) }
        #expect(
            worker.handle(.spawned, at: now) == [
                .arm(.readiness, after(30)), .arm(.readinessProbe, now + .milliseconds(20)),
            ]
        )
        #expect(worker.handle(.timerFired(.readinessProbe), at: now) == [.ask(.readiness, attempt: 1)])
        // A program that is not ready yet is not faulty.
        #expect(
            worker.handle(.probed(.readiness, attempt: 1, .failed("refused")), at: now)
                == [.arm(.readinessProbe, after(1))]
        )
        #expect(worker.handle(.timerFired(.readinessProbe), at: after(1)) == [.ask(.readiness, attempt: 2)])
        // The answer to the first question comes again.
        #expect(worker.handle(.probed(.readiness, attempt: 1, .succeeded), at: after(1)) == [])
        let actions = worker.handle(.probed(.readiness, attempt: 2, .succeeded), at: after(1))
        #expect(actions.contains(.report(.ready(.probe))))
        #expect(actions.contains(.disarm(.readinessProbe)))
        #expect(worker.isReady)
    }

    @Test func `a start that fails is an end`() {
        var worker = worker()
        let failure = StartFailure(step: .execute, errno: 2, subject: "/x")
        let ending = Worker.Ending(reason: .failedToStart(failure), departure: nil, stage: .unproven)
        #expect(worker.handle(.spawnFailed(failure), at: now) == [.report(.ended(ending)), .report(.gone)])
        #expect(worker.state == .gone(ending))
    }

    // MARK: - Leaving

    @Test func `it leaves on TERM, and its descendants after it`() {
        var worker = ready()
        #expect(
            worker.handle(.leave(.replaced), at: now) == disarmLife + [.signal(.terminate), .arm(.kill, after(10))]
        )
        #expect(worker.condition == .draining)
        #expect(worker.handle(.leave(.stopped), at: now) == [])
        let ending = Worker.Ending(reason: .exited(code: 0), departure: .replaced, stage: .fresh)
        // The kill timer goes on: what it started has the rest of the time.
        #expect(
            worker.handle(.exited(.exited(code: 0)), at: after(3)) == [
                .signalDescendants(.terminate), .report(.ended(ending)),
            ]
        )
        #expect(worker.handle(.treeGone, at: after(4)) == [.disarm(.kill), .report(.gone)])
        #expect(worker.state == .gone(ending))
        #expect(worker.handle(.treeGone, at: after(5)) == [])
    }

    @Test func `what does not leave in time is killed with its tree`() {
        var worker = ready { $0.stop.signal = .interrupt }
        #expect(worker.handle(.leave(.stopped), at: now).contains(.signal(.interrupt)))
        #expect(worker.handle(.timerFired(.kill), at: after(10)) == [.killTree, .report(.forced)])
        #expect(worker.state == .killing(.stopped))
        let reason = ExitReason.signaled(.kill, dumpedCore: false)
        let ending = Worker.Ending(reason: reason, departure: .stopped, stage: .fresh)
        #expect(worker.handle(.exited(reason), at: after(10)) == [.report(.ended(ending))])
        #expect(worker.handle(.treeGone, at: after(10)) == [.disarm(.kill), .report(.gone)])
    }

    @Test func `descendants that stay are killed when the time is over`() {
        var worker = ready()
        let ending = Worker.Ending(reason: .exited(code: 1), departure: nil, stage: .fresh)
        #expect(
            worker.handle(.exited(.exited(code: 1)), at: now)
                == disarmLife + [.arm(.kill, after(10)), .signalDescendants(.terminate), .report(.ended(ending))]
        )
        #expect(worker.handle(.timerFired(.kill), at: after(10)) == [.killTree, .report(.forced)])
        #expect(worker.state == .purging(ending))
        #expect(worker.handle(.treeGone, at: after(10)) == [.disarm(.kill), .report(.gone)])
    }

    @Test func `one that is no longer wanted before it runs leaves as soon as it does`() {
        var worker = worker()
        #expect(worker.handle(.leave(.stopped), at: now) == [])
        #expect(!worker.isWanted)
        #expect(worker.handle(.spawned, at: after(1)).contains(.signal(.terminate)))
        #expect(worker.state == .leaving(.stopped))
    }

    @Test func `one that is to be gone before it runs is killed as soon as it does`() {
        var worker = worker()
        #expect(worker.handle(.leave(.stopped), at: now) == [])
        #expect(worker.handle(.kill(.shutdown), at: now) == [])
        #expect(worker.state == .condemned(.stopped))
        #expect(worker.handle(.spawned, at: now) == [.killTree])
        #expect(worker.state == .killing(.stopped))
    }

    @Test func `a kill needs no patience`() {
        var worker = ready()
        #expect(worker.handle(.kill(.outgrown), at: now) == disarmLife + [.killTree])
        worker = ready()
        _ = worker.handle(.leave(.stopped), at: now)
        #expect(worker.handle(.kill(.shutdown), at: now) == [.disarm(.kill), .killTree])
        // It goes on counting as one that was stopped.
        #expect(worker.state == .killing(.stopped))
        worker = ready()
        _ = worker.handle(.exited(.unknown), at: now)
        #expect(worker.handle(.kill(.shutdown), at: now) == [.disarm(.kill), .killTree])
    }

    // MARK: - Time that it asks for

    @Test func `EXTEND_TIMEOUT_USEC moves a deadline forward and never back`() {
        var worker = started()
        #expect(worker.handle(.extended(.seconds(1)), at: now) == [])
        #expect(worker.handle(.extended(.seconds(60)), at: now) == [.arm(.readiness, after(60))])
        #expect(worker.handle(.extended(.seconds(20)), at: after(10)) == [])
        _ = worker.handle(.leave(.stopped), at: after(20))
        #expect(worker.handle(.extended(.seconds(5)), at: after(21)) == [])
        #expect(worker.handle(.extended(.seconds(10)), at: after(21)) == [.arm(.kill, after(31))])
        _ = worker.handle(.exited(.exited(code: 0)), at: after(22))
        #expect(worker.handle(.extended(.seconds(10)), at: after(22)) == [.arm(.kill, after(32))])
    }

    @Test func `a ready worker has no deadline to move`() {
        var worker = ready()
        #expect(worker.handle(.extended(.seconds(60)), at: now) == [])
    }

    // MARK: - Signs of life

    @Test func `the watchdog runs from the first ping on`() {
        var worker = ready { $0.watchdog = .seconds(2) }
        #expect(worker.handle(.pinged, at: now) == [.arm(.watchdog, after(2))])
        #expect(worker.handle(.pinged, at: after(1)) == [.arm(.watchdog, after(3))])
        // ABRT, for a trace of what it hangs in.
        #expect(
            worker.handle(.timerFired(.watchdog), at: after(3))
                == [.report(.faltered(.hung))] + disarmLife + [.signal(.abort), .arm(.kill, after(13))]
        )
        #expect(worker.state == .leaving(.hung))
    }

    @Test func `pings without a watchdog mean nothing`() {
        var worker = ready()
        #expect(worker.handle(.pinged, at: now) == [])
    }

    @Test func `a worker may declare itself hung`() {
        for var worker in [ready(), started()] {
            let actions = worker.handle(.declaredHung, at: now)
            #expect(actions.first == .report(.faltered(.hung)))
            #expect(worker.state == .leaving(.hung))
        }
    }

    @Test func `health is asked for at once and then at intervals`() {
        let probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(5), retries: 2)
        var worker = started { $0.health = probe }
        #expect(worker.handle(.becameReady(.notify), at: now).last == .arm(.healthProbe, now))
        #expect(!worker.isHealthy)
        #expect(worker.handle(.timerFired(.healthProbe), at: now) == [.ask(.health, attempt: 1)])
        #expect(worker.handle(.probed(.health, attempt: 1, .succeeded), at: now) == [.arm(.healthProbe, after(5))])
        #expect(worker.isHealthy)
        _ = worker.handle(.timerFired(.healthProbe), at: after(5))
        #expect(
            worker.handle(.probed(.health, attempt: 2, .failed("503")), at: after(5)) == [.arm(.healthProbe, after(10))]
        )
        #expect(!worker.isHealthy)
        _ = worker.handle(.timerFired(.healthProbe), at: after(10))
        // It is the app that decides; the worker goes on.
        #expect(
            worker.handle(.probed(.health, attempt: 3, .failed("503")), at: after(10)) == [
                .arm(.healthProbe, after(15)), .report(.faltered(.unhealthy("503"))),
            ]
        )
        #expect(worker.isReady)
    }

    @Test func `failures in the start period do not count`() {
        let probe = Probe(
            kind: .tcp(target: .privateSocket),
            interval: .seconds(5),
            retries: 1,
            startPeriod: .seconds(7)
        )
        var worker = ready { $0.health = probe }
        for (second, isFault) in [(0, false), (5, false), (10, true)] {
            _ = worker.handle(.timerFired(.healthProbe), at: after(Int64(second)))
            let attempt = UInt64(second / 5 + 1)
            let actions = worker.handle(.probed(.health, attempt: attempt, .failed("503")), at: after(Int64(second)))
            #expect(actions.contains(.report(.faltered(.unhealthy("503")))) == isFault)
        }
    }

    @Test func `it is told when it is old`() {
        var worker = worker { $0.recycle.maxAge = .seconds(60) }
        _ = worker.handle(.spawned, at: now)
        #expect(worker.handle(.becameReady(.notify), at: after(5)).contains(.arm(.age, after(60))))
        #expect(!worker.isOverdue(at: after(59)))
        #expect(worker.handle(.timerFired(.age), at: after(60)) == [.report(.aged)])
        #expect(worker.isOverdue(at: after(60)))
    }

    // MARK: - What cannot be

    @Test func `an impossible pair is an anomaly and changes nothing`() {
        var worker = ready()
        let before = worker
        #expect(worker.handle(.spawned, at: now) == [.anomaly(Anomaly("Worker", before.state, Worker.Event.spawned))])
        #expect(worker.handle(.treeGone, at: now).count == 1)
        #expect(worker == before)
    }

    @Test func `late facts about one that is gone mean nothing`() {
        var worker = ready()
        _ = worker.handle(.exited(.unknown), at: now)
        _ = worker.handle(.treeGone, at: now)
        let late: [Worker.Event] = [
            .becameReady(.notify), .timerFired(.kill), .leave(.stopped), .kill(.stopped), .extended(.seconds(1)),
            .pinged, .declaredHung, .probed(.health, attempt: 1, .succeeded), .treeGone, .connections(1),
        ]
        for event in late { #expect(worker.handle(event, at: now) == []) }
        #expect(worker.condition == .draining)
    }
}
