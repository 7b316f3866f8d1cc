import KoomyModel
import Testing

@testable import KoomyCore

/// What operators ask for, when it takes effect and when it is answered.
struct FleetRequestTests {
    private let a = AppName.named("a")
    private let b = AppName.named("b")
    private let spec = AppSpec.plain()

    // MARK: - Prepare first

    @Test func `nothing takes effect before it is on disk, and the answer comes when it serves`() {
        var fleet = FleetScript()
        fleet.disk = .waits
        #expect(fleet.ask(1, .define(spec)) == ["prepare a@1 save"])
        #expect(fleet.fleet.apps.isEmpty)
        #expect(fleet.prepared() == ["spawn a#1"])
        #expect(fleet.saved[a]?.goal == .running)
        #expect(fleet.outcome(1) == nil)
        #expect(fleet.ready(a, 1) == ["reply 1 a done"])
    }

    @Test(arguments: [
        PreparationFailure.listen(.named("a"), "address in use"), .save("no space left on device"),
    ])
    func `a preparation that fails changes nothing`(_ failure: PreparationFailure) {
        var fleet = FleetScript.serving(.plain(name: .named("b")))
        let before = fleet.fleet
        fleet.disk = .refuses(failure)
        _ = fleet.ask(2, .define(spec, .plain(2, name: b)))
        #expect(fleet.outcome(2) == (failure == .save("no space left on device") ? .notSaved : .cannotListen))
        #expect(fleet.fleet.apps == before.apps)
        #expect(fleet.fleet.desired == before.desired)
    }

    @Test func `requests take their turn while one is prepared`() {
        var fleet = FleetScript()
        fleet.disk = .waits
        _ = fleet.ask(1, .define(spec))
        #expect(fleet.ask(2, .stop([.app(a)])) == [])
        #expect(fleet.ask(3, .start([.app(a)])) == [])
        #expect(fleet.prepared() == ["spawn a#1", "prepare save"])
        // The start sees what the stop has done.
        #expect(fleet.prepared().contains("prepare a@1 save"))
        #expect(fleet.outcome(1) == .rollout(.aborted))
        _ = fleet.prepared()
        #expect(fleet.saved[a]?.goal == .running)
    }

    @Test func `an answer to another preparation is not taken`() {
        var fleet = FleetScript()
        fleet.disk = .waits
        _ = fleet.ask(1, .define(spec))
        #expect(fleet.on(.prepared(Ticket(number: 99))) == [])
        #expect(fleet.on(.prepareFailed(Ticket(number: 99), .save("x"))) == [])
        #expect(fleet.prepared() == ["spawn a#1"])
    }

    // MARK: - Define

    @Test func `the same again changes nothing`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .define(spec)) == ["prepare save", "reply 2 a done"])
    }

    @Test func `another specification is a rollout`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .define(spec.version(2))) == ["prepare a@2 save", "spawn a#2"])
        // What is wanted does not change before it has succeeded.
        #expect(fleet.saved[a]?.spec == spec)
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        #expect(fleet.ends(a, 1) == ["prepare save", "close a@1", "reply 2 a done"])
        #expect(fleet.saved[a]?.spec == spec.version(2))
        #expect(fleet.saved[a]?.generation == 2)
    }

    @Test func `what is being rolled out already is waited for`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .define(spec.version(2)))
        #expect(fleet.ask(3, .define(spec.version(2))) == ["prepare save"])
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == .done)
        #expect(fleet.outcome(3) == .done)
        #expect(fleet.fleet.apps[a]?.current == 2)
    }

    @Test func `what is about to be replaced takes its place`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .define(spec.version(2)))
        #expect(fleet.ask(3, .define(spec)).first == "prepare a@3 save")
        #expect(fleet.outcome(2) == .rollout(.superseded))
        #expect(fleet.outcome(3) == nil)
    }

    @Test func `an app that does not start by itself is known and stopped`() {
        var fleet = FleetScript()
        #expect(fleet.ask(1, .define(.plain { $0.startsAutomatically = false })) == ["prepare save", "reply 1 done"])
        #expect(fleet.saved[a]?.goal == .stopped)
        #expect(fleet.ask(2, .start([.app(a)])) == ["prepare a@1 save", "spawn a#1"])
    }

    @Test func `slots that were stopped start with it`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a, 1)]))
        _ = fleet.ends(a, 2)
        #expect(fleet.saved[a]?.stoppedSlots == [1])
        #expect(fleet.ask(3, .define(.plain(2))) == ["prepare save", "spawn a#3"])
        #expect(fleet.saved[a]?.stoppedSlots == [])
        #expect(fleet.ready(a, 3) == ["reply 3 a done"])
    }

    @Test func `an errored app is tried again`() {
        var fleet = FleetScript()
        let fragile = AppSpec.plain { $0.restart.maxRestarts = 1 }
        _ = fleet.ask(1, .define(fragile))
        _ = fleet.ends(a, 1, .exited(code: 1))
        #expect(fleet.outcome(1) == .rollout(.workerFailed))
        #expect(fleet.ask(2, .define(fragile)) == ["prepare save", "no retry", "spawn a#2"])
    }

    // MARK: - Start, stop, restart

    @Test func `a start that fails is answered at once, and tried on`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(spec))
        _ = fleet.ends(a, 1, .exited(code: 1))
        #expect(fleet.outcome(1) == .rollout(.workerFailed))
        #expect(fleet.message(1) == "slot 0: a worker ended before it was ready: exit code 1; it is tried again")
        #expect(fleet.fleet.apps[a]?.workers[2] != nil)
        _ = fleet.ask(2, .start([.app(a)]))
        _ = fleet.on(a, 2, .spawned)
        _ = fleet.fires(.worker(WorkerID(app: a, serial: 2), .readiness))
        #expect(fleet.outcome(2) == .rollout(.readyTimeout))
    }

    @Test func `a program that has done its work has started well`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(.plain { $0.restart.isAutomatic = false }))
        _ = fleet.ends(a, 1, .exited(code: 0))
        #expect(fleet.outcome(1) == .done)
        _ = fleet.ask(2, .start([.app(a)]))
        _ = fleet.ends(a, 2, .exited(code: 1))
        #expect(fleet.outcome(2) == .rollout(.workerFailed))
        #expect(fleet.message(2) == "slot 0: a worker ended: exit code 1; it is not started again")
    }

    @Test func `a stop is answered when nothing is left`() {
        var fleet = FleetScript.serving(.plain(2))
        #expect(fleet.ask(2, .stop([.app(a)])).first == "prepare save")
        #expect(fleet.saved[a]?.goal == .stopped)
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == nil)
        #expect(fleet.ends(a, 2) == ["close a@1", "reply 2 a done"])
        // Once more there is nothing to do, and nothing to write.
        #expect(fleet.ask(3, .stop([.app(a)])).suffix(1) == ["reply 3 a done"])
    }

    @Test func `a drain that had to be forced is told`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .stop([.app(a)]))
        _ = fleet.fires(.worker(WorkerID(app: a, serial: 1), .kill))
        _ = fleet.ends(a, 1, .signaled(.kill, dumpedCore: false))
        #expect(fleet.outcome(2) == .rollout(.drainForced))
    }

    @Test func `slots are stopped and started one by one`() {
        var fleet = FleetScript.serving(.plain(3))
        _ = fleet.ask(2, .stop([.app(a, 2), .app(a, 0), .app(a, 0)]))
        #expect(fleet.saved[a]?.stoppedSlots == [0, 2])
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == nil)
        _ = fleet.ends(a, 3)
        #expect(fleet.outcome(2) == .done)
        #expect(fleet.ask(3, .start([.app(a, 2)])) == ["prepare save", "spawn a#4"])
        #expect(fleet.saved[a]?.stoppedSlots == [0])
        #expect(fleet.ready(a, 4) == ["reply 3 a done"])
    }

    @Test func `the start of one slot of a stopped app starts the app`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a, 0)]))
        _ = fleet.ask(3, .stop([.app(a)]))
        _ = fleet.ends(a, 1)
        _ = fleet.ends(a, 2)
        #expect(fleet.ask(4, .start([.app(a, 1)])) == ["prepare a@1 save", "spawn a#3", "spawn a#4"])
        #expect(fleet.saved[a]?.stoppedSlots == [])
    }

    @Test func `a restart changes nothing on disk`() {
        var fleet = FleetScript.serving(.plain(2))
        #expect(fleet.ask(2, .restart([.app(a)])) == ["TERM a#1", "TERM a#2"])
        _ = fleet.ends(a, 1)
        _ = fleet.ends(a, 2)
        _ = fleet.ready(a, 3)
        #expect(fleet.ready(a, 4) == ["reply 2 a done"])
        #expect(fleet.ask(3, .restart([.app(a, 1)])) == ["TERM a#4"])
        _ = fleet.ends(a, 4)
        #expect(fleet.ready(a, 5) == ["reply 3 a done"])
    }

    @Test func `what is stopped is not restarted`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a, 1)]))
        #expect(fleet.ask(3, .restart([.app(a, 1)])) == ["reply 3 a refused"])
        #expect(fleet.message(3) == "slot 1 is stopped; use koomyctl start a:1")
        _ = fleet.ask(4, .stop([.app(a)]))
        #expect(fleet.ask(5, .restart([.app(a)])) == ["reply 5 a refused"])
        #expect(fleet.message(5) == "stopped; use koomyctl start a")
    }

    @Test func `one slot is not restarted during a rollout, the app is`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        #expect(fleet.ask(3, .restart([.app(a, 0)])) == ["reply 3 a refused"])
        _ = fleet.ask(4, .restart([.app(a)]))
        #expect(fleet.outcome(2) == .rollout(.aborted))
    }

    // MARK: - Waits that somebody else ends

    @Test func `a stop that somebody takes back`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a)]))
        _ = fleet.ask(3, .start([.app(a)]))
        #expect(fleet.outcome(2) == .rollout(.superseded))
        _ = fleet.ready(a, 3, 4)
        _ = fleet.ask(4, .stop([.app(a, 0)]))
        _ = fleet.ask(5, .start([.app(a, 0)]))
        #expect(fleet.outcome(4) == .rollout(.superseded))
    }

    @Test func `a start that somebody takes back`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(.plain(2)))
        _ = fleet.ask(2, .start([.app(a, 1)]))
        _ = fleet.ask(3, .stop([.app(a, 1)]))
        #expect(fleet.outcome(2) == .rollout(.aborted))
        _ = fleet.ask(4, .stop([.app(a)]))
        #expect(fleet.outcome(1) == .rollout(.aborted))
    }

    @Test func `a scale that another takes the place of`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .scale(a, .to(3)))
        _ = fleet.ask(3, .scale(a, .to(2)))
        #expect(fleet.outcome(2) == .rollout(.superseded))
        _ = fleet.ready(a, 2)
        #expect(fleet.outcome(3) == nil)
        // The one that was started for the first has to be gone as well.
        _ = fleet.on(a, 3, .spawned)
        #expect(fleet.ends(a, 3) == ["reply 3 a done"])
    }

    // MARK: - Scale, reset

    @Test func `scale`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .scale(a, .by(1))) == ["prepare save", "spawn a#2"])
        #expect(fleet.saved[a]?.spec.instances == 2)
        #expect(fleet.ready(a, 2) == ["reply 2 a done"])
        #expect(fleet.ask(3, .scale(a, .to(1))) == ["prepare save", "TERM a#2", "close a#1"])
        #expect(fleet.ends(a, 2) == ["reply 3 a done"])
        for scale in [Scale.to(0), .by(-1), .to(10_001), .by(.max)] {
            #expect(fleet.ask(4, .scale(a, scale)) == ["reply 4 a refused"])
        }
        #expect(fleet.ask(5, .scale(b, .to(1))) == ["reply 5 b noSuchApp"])
    }

    @Test func `what was scaled stays until the file has another number`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .scale(a, .to(2)))
        _ = fleet.ready(a, 2)
        #expect(fleet.saved[a]?.fileInstances == 1)
        #expect(fleet.ask(3, .define(spec)) == ["prepare save", "reply 3 a done"])
        #expect(fleet.saved[a]?.spec.instances == 2)
        // Where that cannot be written nothing has changed.
        fleet.disk = .refuses(.save("no space left on device"))
        let before = fleet.fleet.desired
        _ = fleet.ask(4, .define(.plain(3)))
        #expect(fleet.fleet.desired == before)
        fleet.disk = .works
        #expect(fleet.ask(5, .reload(a, .plain(3))).first == "prepare a@2 save")
        #expect(fleet.saved[a]?.fileInstances == nil)
    }

    @Test func `a stopped app is scaled for its next start`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a, 1)]))
        _ = fleet.ask(3, .stop([.app(a)]))
        #expect(fleet.ask(4, .scale(a, .to(1))) == ["prepare save", "reply 4 a done"])
        #expect(fleet.saved[a]?.stoppedSlots == [])
    }

    @Test func `reset`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(.plain { $0.restart.maxRestarts = 1 }))
        _ = fleet.ends(a, 1, .exited(code: 1))
        #expect(fleet.ask(2, .reset([.all])) == ["no retry", "spawn a#2", "reply 2 done"])
    }

    @Test func `an errored app is no reason to wait`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(.plain { $0.restart.maxRestarts = 1 }))
        _ = fleet.ends(a, 1, .exited(code: 1))
        #expect(fleet.ask(2, .scale(a, .to(2))).last == "reply 2 a workerFailed")
    }

    // MARK: - Targets

    @Test func `unknown targets change nothing`() {
        var fleet = FleetScript.serving(spec)
        let both = [Target.app(a), .app(b)]
        let requests: [Request] = [
            .start(both), .stop(both), .restart(both), .reset(both), .abort(both), .delete(both),
        ]
        for request in requests {
            #expect(fleet.ask(2, request) == ["reply 2 b noSuchApp"])
            #expect(fleet.message(2) == "no app is called b")
        }
        #expect(fleet.ask(3, .reload(b)) == ["reply 3 b noSuchApp"])
        #expect(fleet.ask(4, .stop([.app(a, 1)])) == ["reply 4 a noSuchApp"])
        #expect(fleet.message(4) == "a has the slots 0 to 0, not 1")
        #expect(fleet.ask(5, .stop([.app(a, -1)])) == ["reply 5 a noSuchApp"])
        #expect(fleet.fleet.apps[a]?.condition == .ok)
    }

    @Test func `all means every app, and one named beside it is meant once`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        let deeds = fleet.ask(2, .reload([.init(target: .all), .init(target: .app(a))]))
        #expect(deeds == ["prepare a@2 b@2", "spawn a#2", "spawn b#2"])
        #expect(FleetScript().fleet.resolve([.all]).found == [])
    }

    @Test func `a fleet without apps has nothing to do`() {
        var fleet = FleetScript()
        #expect(fleet.ask(1, .stop([.all])).last == "reply 1 done")
        #expect(fleet.ask(2, .define([])).last == "reply 2 done")
    }

    @Test func `what nobody waits for goes on`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(spec))
        #expect(fleet.on(.abandoned(RequestID(1))) == [])
        #expect(fleet.ready(a, 1) == [])
        #expect(fleet.fleet.apps[a]?.condition == .ok)
        #expect(fleet.fleet.waiters.isEmpty)
    }

    // MARK: - Delete

    @Test func `a deleted app is forgotten when nothing is left`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .delete([.app(a)])).first == "prepare save")
        #expect(fleet.saved[a] == nil)
        // It drains, and is no target any more.
        #expect(fleet.fleet.apps[a]?.condition == .degraded)
        #expect(fleet.ask(3, .start([.app(a)])) == ["reply 3 a noSuchApp"])
        #expect(fleet.ask(4, .scale(a, .to(2))) == ["reply 4 a noSuchApp"])
        #expect(fleet.ends(a, 1) == ["close a@1", "reply 2 a done"])
        #expect(fleet.fleet.apps.isEmpty)
        // Its workers' serials are not used again.
        #expect(fleet.ask(5, .define(spec)) == ["prepare a@1 save", "spawn a#2"])
    }

    @Test func `it is forgotten also when nobody waits`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .delete([.app(a)]))
        _ = fleet.on(.abandoned(RequestID(2)))
        _ = fleet.ends(a, 1)
        #expect(fleet.fleet.apps.isEmpty)
    }

    @Test func `a definition takes the deletion back`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .delete([.app(a)]))
        #expect(fleet.ask(3, .define(spec)) == ["prepare a@1 save", "spawn a#2", "reply 2 a superseded"])
        _ = fleet.ends(a, 1)
        #expect(fleet.ready(a, 2) == ["reply 3 a done"])
        #expect(fleet.saved[a]?.goal == .running)
    }

    @Test func `a reload of a file does so too`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .delete([.app(a)]))
        #expect(fleet.ask(3, .reload(a, spec.version(2))).prefix(2) == ["prepare a@2 save", "spawn a#2"])
        #expect(fleet.saved[a]?.generation == 2)
    }

    @Test func `a slot cannot be deleted`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .delete([.app(a, 0)])) == ["reply 2 a refused"])
    }
}
