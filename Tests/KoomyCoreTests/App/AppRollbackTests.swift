import KoomyModel
import Testing

@testable import KoomyCore

/// Rollouts that fail: the first failure stops them, and what they had changed goes back.
struct AppRollbackTests {
    private func roll(_ app: inout AppScript, _ change: (inout AppSpec) -> Void = { _ in }) -> [String] {
        let generation = app.app.nextGeneration
        return app.on(.roll(app.app.spec.version(Int(generation.number), change), generation))
    }

    /// Two workers of which the first has been replaced by the third, and the fourth is on its way to replace the second.
    private func halfWay(_ change: (inout AppSpec) -> Void = { _ in }) -> AppScript {
        var app = AppScript.serving(.plain(2, change))
        _ = roll(&app)
        _ = app.ready(3)
        _ = app.settles(0)
        _ = app.ends(1, .exited(code: 0))
        app.starts(4)
        return app
    }

    // MARK: - The first slot

    @Test func `a new worker that ends keeps the old ones`() {
        var app = AppScript.serving(.plain(2))
        _ = roll(&app)
        #expect(app.ends(3) == ["no settle 0", "close 2"])
        #expect(app.outcome == .workerFailed)
        #expect(app.ready == [1, 2])
        #expect(app.app.condition == .ok)
        #expect(app.app.current == 1)
    }

    @Test func `a new worker that cannot be started keeps the old ones`() {
        var app = AppScript.serving()
        _ = roll(&app)
        let failure = StartFailure(step: .execute, errno: 2, subject: "/x")
        #expect(app.on(2, .spawnFailed(failure)) == ["no settle 0", "close 2"])
        #expect(
            app.notices.contains(
                .rolloutEnded(to: 2, .workerFailed, detail: "ended: cannot run /x: No such file or directory")
            )
        )
    }

    @Test func `a new worker that is not ready in time keeps the old ones`() {
        var app = AppScript.serving()
        _ = roll(&app)
        app.starts(2)
        #expect(app.fires(2, .readiness) == ["no settle 0", "TERM 2"])
        #expect(app.outcome == .readyTimeout)
        #expect(app.ready == [1])
        #expect(app.ends(2, .exited(code: 0)) == ["close 2"])
    }

    @Test func `a new worker that fails within healthy_time keeps the old ones`() {
        var app = AppScript.serving()
        _ = roll(&app)
        _ = app.ready(2)
        #expect(app.ends(2) == ["no settle 0", "close 2"])
        #expect(app.outcome == .unhealthy)
        // The timer fired at the same moment.
        #expect(app.on(.timerFired(.settle(app.app.name, slot: 0))) == [])
        #expect(app.ready == [1])
    }

    @Test func `a new worker that hangs or is ill within healthy_time keeps the old ones`() {
        var app = AppScript.serving()
        _ = roll(&app)
        _ = app.ready(2)
        #expect(app.on(2, .declaredHung) == ["no settle 0", "ABRT 2"])
        #expect(app.outcome == .unhealthy)

        let probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(1), retries: 1)
        app = AppScript.serving()
        _ = roll(&app) { $0.health = probe }
        _ = app.ready(2)
        _ = app.fires(2, .healthProbe)
        #expect(app.on(2, .probed(.health, attempt: 1, .failed("503"))) == ["no settle 0", "TERM 2"])
        #expect(app.outcome == .unhealthy)
    }

    @Test func `a new worker over its hard memory limit does not take over`() {
        var app = AppScript.serving()
        _ = roll(&app) { $0.recycle.maxMemory = ByteCount(bytes: 100) }
        _ = app.ready(2)
        #expect(app.on(.sampled(2, ByteCount(bytes: 300))) == ["kill 2"])
        // Its end has not been seen when healthy_time is over.
        #expect(app.settles(0) == [])
        _ = app.ends(2, .signaled(.kill, dumpedCore: false))
        #expect(app.outcome == .unhealthy)
        #expect(app.ready == [1])
    }

    @Test func `stop first starts the old program again`() {
        var app = AppScript.serving(.plain { $0.rollout.order = .stopFirst })
        _ = roll(&app)
        _ = app.ends(1, .exited(code: 0))
        #expect(app.on(2, .spawned) == [])
        #expect(app.on(2, .exited(.exited(code: 1))) == ["no settle 0"])
        #expect(app.outcome == .workerFailed)
        // When the port is free.
        #expect(app.on(2, .treeGone) == ["spawn 3", "close 2"])
        #expect(app.app.workers[3]?.generation == 1)
    }

    // MARK: - Later slots

    @Test func `a failure at the second slot rolls the first back, new first`() {
        var app = halfWay()
        #expect(app.ends(4) == ["no settle 1", "spawn 5"])
        #expect(app.app.condition == .rolling)
        #expect(app.app.reason?.hasPrefix("back to generation 1 because ended: exit code 1") == true)
        #expect(app.app.workers[5]?.generation == 1)
        #expect(app.ready == [2, 3])
        #expect(app.ready(5) == ["settle 0 in 2s"])
        #expect(app.settles(0) == ["TERM 3"])
        // The outcome is told when everything is as it was.
        #expect(app.outcome == nil)
        #expect(app.ends(3, .exited(code: 0)) == ["close 2"])
        #expect(app.outcome == .workerFailed)
        #expect(app.app.condition == .ok)
    }

    @Test func `a promoted worker that crashes early rolls back`() {
        var app = halfWay()
        #expect(app.ends(3) == ["no settle 1", "TERM 4", "spawn 5"])
        #expect(app.app.workers[5]?.generation == 1)
        #expect(app.outcome == .unhealthy)
        #expect(app.ends(4, .exited(code: 0)) == ["close 2"])
    }

    @Test func `going back that fails too is told, and the new worker stays`() {
        var app = halfWay()
        _ = app.ends(4)
        #expect(app.ends(5) == ["no settle 0"])
        #expect(
            app.notices.contains(
                .rolloutEnded(
                    to: 2,
                    .workerFailed,
                    detail: "ended: exit code 1; going back failed too: ended: exit code 1"
                )
            )
        )
        #expect(app.ready == [2, 3])
        #expect(app.app.rollout == nil)
        // What it starts from here on is the generation that is wanted.
        #expect(app.ends(3) == ["spawn 6", "close 2"])
        #expect(app.app.workers[6]?.generation == 1)
    }

    @Test func `stop first goes back although another slot keeps failing`() {
        var app = AppScript.serving(.plain(2) { $0.rollout.order = .stopFirst })
        #expect(roll(&app) == ["TERM 1"])
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 3"])
        _ = app.ready(3)
        #expect(app.settles(0) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 4"])
        #expect(app.ends(4) == ["no settle 1", "spawn 5"])
        // The first slot serves, and waits for the second; not for one that fails again and again.
        #expect(app.ends(5) == ["spawn 6"])
        #expect(app.ready == [3])
        #expect(app.ends(6) == ["TERM 3", "restart 1 in 100ms"])
    }

    // MARK: - Abort and supersede

    @Test func `an abort goes back`() {
        var app = halfWay()
        #expect(app.on(.abortRollout) == ["no settle 1", "TERM 4", "spawn 5"])
        _ = app.ready(5)
        _ = app.settles(0)
        _ = app.ends(3, .exited(code: 0))
        #expect(app.outcome == .aborted)
        #expect(app.ready == [2, 5])
    }

    @Test func `an abort before anything has changed ends it at once`() {
        var app = AppScript.serving()
        _ = roll(&app)
        app.starts(2)
        #expect(app.on(.abortRollout) == ["no settle 0", "TERM 2"])
        #expect(app.outcome == .aborted)
        // There is nothing more to abort.
        #expect(app.on(.abortRollout) == [])
    }

    @Test func `going back cannot be aborted`() {
        var app = halfWay()
        _ = app.on(.abortRollout)
        #expect(app.on(.abortRollout) == [])
        #expect(app.app.condition == .rolling)
    }

    @Test func `a later rollout takes the place of the former`() {
        var app = halfWay()
        #expect(roll(&app) == ["no settle 1", "TERM 4", "spawn 5"])
        #expect(app.outcome == .superseded)
        #expect(app.app.rollout?.to == 3)
        #expect(app.app.rollout?.from == 1)
        _ = app.ready(5)
        _ = app.settles(0)
        #expect(app.ends(3, .exited(code: 0)) == ["spawn 6"])
        // It fails: every slot goes back to what served before both.
        #expect(app.ends(6) == ["no settle 1", "spawn 7"])
        #expect(app.app.workers[7]?.generation == 1)
    }

    @Test func `a rollout may take the place of going back`() {
        var app = halfWay()
        _ = app.on(.abortRollout)
        app.starts(5)
        #expect(roll(&app) == ["no settle 0", "TERM 5", "spawn 6"])
        #expect(app.outcome == .aborted)
        #expect(app.app.rollout?.to == 3)
    }

    @Test func `without the listeners of the generation before there is no way back`() {
        var app = AppScript(.plain(2))
        _ = app.on(.startWhenListening)
        _ = roll(&app)
        _ = app.ready(1)
        _ = app.settles(0)
        _ = app.ends(2)
        #expect(app.app.rollout == nil)
        #expect(app.ready == [1])
    }

    @Test func `stop first goes back although another slot has been given up`() {
        var app = AppScript.serving(
            .plain(2) {
                $0.rollout.order = .stopFirst
                $0.restart.maxRestarts = 1
            }
        )
        _ = roll(&app)
        _ = app.ends(1, .exited(code: 0))
        _ = app.ready(3)
        _ = app.settles(0)
        _ = app.ends(2, .exited(code: 0))
        #expect(app.ends(4) == ["no settle 1", "spawn 5"])
        #expect(app.ends(5) == ["retry in 5m", "TERM 3"])
    }
}
