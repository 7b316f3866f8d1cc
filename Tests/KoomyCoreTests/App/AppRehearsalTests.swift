import KoomyModel
import Testing

@testable import KoomyCore

/// Before anything that serves is touched, a candidate of the new release is tried.
struct AppRehearsalTests {
    private func begun(questions: Int = 2, _ change: (inout AppSpec) -> Void = { _ in }) -> AppScript {
        var app = AppScript.serving(.plain(2, change))
        let spec = app.app.spec.version(2)
        var own = spec
        own.environment["KOOMY_REHEARSAL"] = "1"
        let plan = Rollout.Plan(rehearsal: Rehearsal(spec: own, questions: questions))
        #expect(app.on(.roll(spec, 2, plan)) == ["spawn 3"])
        return app
    }

    private func answers(_ number: UInt64, _ result: ProbeResult = .succeeded) -> App.Event {
        .worker(3, .probed(.rehearsal, attempt: number, result))
    }

    @Test func `the candidate has a generation and a place of its own, and nothing else is started`() {
        let app = begun()
        #expect(app.app.workers[3]?.generation == 3 && app.app.workers[3]?.slot == 2)
        #expect(app.app.specs[3]?.environment["KOOMY_REHEARSAL"] == "1")
        #expect(app.occupants == [1, 2])
        #expect(app.app.candidate?.phase == .proving)
    }

    @Test func `it has to be ready for healthy_time, answers each question, and leaves before a slot changes`() {
        var app = begun()
        #expect(app.ready(3) == ["rehearsal in 2s"])
        #expect(app.fires(.rehearsal(app.app.name)) == [])
        #expect(app.app.candidate?.phase == .asked(0))
        #expect(app.on(answers(0)) == [])
        #expect(app.app.candidate?.phase == .asked(1))
        #expect(app.on(answers(1)) == ["TERM 3"])
        #expect(app.app.candidate?.phase == .leaving)
        #expect(app.ends(3, .exited(code: 0)) == ["spawn 4", "close 3"])
        #expect(app.app.candidate == nil && app.app.workers[4]?.generation == 2)
    }

    @Test func `an answer to another question, or of another worker, means nothing`() {
        var app = begun()
        _ = app.ready(3)
        _ = app.fires(.rehearsal(app.app.name))
        #expect(app.on(answers(1)) == [])
        #expect(app.on(.worker(1, .probed(.rehearsal, attempt: 0, .failed("x")))) == [])
        #expect(app.app.candidate?.phase == .asked(0))
    }

    /// What can go wrong, and the outcome that it leads to.
    static let faults: [(String, RolloutOutcome, [App.Event])] = [
        ("it ends before it is ready", .workerFailed, [.worker(3, .spawned), .worker(3, .exited(.exited(code: 1)))]),
        (
            "it cannot be started", .workerFailed,
            [.worker(3, .spawnFailed(StartFailure(step: .execute, errno: 2, subject: "x")))]
        ),
        ("it is not ready in time", .readyTimeout, [.worker(3, .spawned), .worker(3, .timerFired(.readiness))]),
        (
            "it ends after it was ready", .unhealthy,
            [.worker(3, .spawned), .worker(3, .becameReady(.notify)), .worker(3, .exited(.exited(code: 1)))]
        ),
        ("it hangs", .unhealthy, [.worker(3, .spawned), .worker(3, .becameReady(.notify)), .worker(3, .declaredHung)]),
    ]

    @Test(arguments: faults)
    func `whatever goes wrong with it, the old workers stay and nobody else is started`(
        _ what: String,
        _ outcome: RolloutOutcome,
        _ events: [App.Event]
    ) {
        var app = begun()
        var deeds: [String] = []
        for event in events { deeds += app.on(event) }
        #expect(app.app.rollout == nil && app.outcome == outcome, "\(what)")
        #expect(!deeds.contains { $0.hasPrefix("spawn") }, "\(what): \(deeds)")
        #expect(app.occupants == [1, 2] && app.ready == [1, 2])
        #expect(app.app.condition == .ok)
    }

    @Test func `a bad answer fails it, and it is told to leave`() {
        var app = begun()
        _ = app.ready(3)
        _ = app.fires(.rehearsal(app.app.name))
        #expect(app.on(answers(0, .failed("500 Internal Server Error"))) == ["no rehearsal", "TERM 3", "close 2"])
        #expect(app.outcome == .unhealthy)
        #expect(app.ends(3, .exited(code: 0)) == ["close 3"])
    }

    @Test func `one that does not leave when it is asked to is killed, and the drain counts as forced`() {
        var app = begun(questions: 0)
        _ = app.ready(3)
        #expect(app.fires(.rehearsal(app.app.name)) == ["TERM 3"])
        #expect(app.fires(3, .kill) == ["kill 3"])
        _ = app.ends(3, .signaled(.kill, dumpedCore: false))
        #expect(app.app.rollout?.forcedDrains == 1)
    }

    @Test func `health has to be proved before it is asked anything`() {
        var app = begun { $0.health = Probe(kind: .tcp(target: .privateSocket)) }
        _ = app.ready(3)
        #expect(app.fires(.rehearsal(app.app.name)) == ["rehearsal in 250ms"])
        _ = app.on(3, .timerFired(.healthProbe))
        _ = app.on(3, .probed(.health, attempt: 1, .succeeded))
        #expect(app.fires(.rehearsal(app.app.name)) == [])
        #expect(app.app.candidate?.phase == .asked(0))
    }

    @Test func `it is given up with the rollout: aborted, superseded, stopped`() {
        for event in [App.Event.abortRollout, .stop(.stopped), .roll(AppSpec.plain(2).version(9), 9)] {
            var app = begun()
            _ = app.ready(3)
            let deeds = app.on(event)
            #expect(deeds.contains("TERM 3") && deeds.contains("no rehearsal"), "\(event): \(deeds)")
            #expect(app.app.candidate == nil)
        }
    }

    @Test func `a koomyd that was away asks the question again`() {
        var app = begun()
        _ = app.ready(3)
        _ = app.fires(.rehearsal(app.app.name))
        let actions = app.app.handle(.resumed(away: .seconds(1)), at: app.now)
        let id = WorkerID(app: app.app.name, serial: 3)
        #expect(actions.contains(.ask(id, .rehearsal, attempt: 0)))
    }

    @Test func `a rollout of an app without a slot to change needs no candidate to end`() {
        var app = begun()
        _ = app.on(.stopSlot(0))
        _ = app.on(.stopSlot(1))
        _ = app.ready(3)
        _ = app.fires(.rehearsal(app.app.name))
        _ = app.on(answers(0))
        _ = app.on(answers(1))
        _ = app.ends(3, .exited(code: 0))
        #expect(app.app.rollout == nil && app.app.current == 2)
    }
}
