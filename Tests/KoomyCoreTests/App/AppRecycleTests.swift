import KoomyModel
import Testing

@testable import KoomyCore

/// The replacement of workers of a program with which nothing is wrong.
struct AppRecycleTests {
    private func limited(_ instances: Int = 2) -> AppSpec {
        .plain(instances) { $0.recycle.maxMemory = ByteCount(bytes: 100) }
    }

    private func over(_ serial: UInt64) -> App.Event { .sampled(serial, ByteCount(bytes: 120)) }

    @Test func `memory is measured while somebody has a limit`() {
        var app = AppScript(limited(1))
        _ = app.on(.start)
        #expect(app.timers[.sample(app.app.name)] == app.now + .seconds(5))
        #expect(app.fires(.sample(app.app.name)) == ["sample"])
        // Nobody answers: it is tried again all the same.
        #expect(app.timers[.sample(app.app.name)] == app.now + .seconds(5))
        _ = app.on(.sampled(1, ByteCount(bytes: 90)))
        #expect(app.timers[.sample(app.app.name)] == app.now + .seconds(1))
        _ = app.on(.stop(.stopped))
        #expect(app.timers[.sample(app.app.name)] == nil)

        var other = AppScript()
        _ = other.on(.start)
        #expect(other.timers[.sample(other.app.name)] == nil)
    }

    @Test func `over the soft limit it is replaced, new first`() {
        var app = AppScript.serving(limited())
        #expect(app.on(over(1)) == ["spawn 3"])
        #expect(app.notices.contains(.recycling(slot: 0, .memory(ByteCount(bytes: 120)))))
        #expect(app.app.condition == .ok)
        _ = app.ready(3)
        #expect(app.settles(0) == ["TERM 1"])
        #expect(app.ends(1, .exited(code: 0)) == [])
        #expect(app.notices.contains(.recycled(slot: 0)))
    }

    @Test func `over the hard limit it is killed`() {
        var app = AppScript.serving(limited())
        #expect(app.on(.sampled(1, ByteCount(bytes: 200))) == ["kill 1"])
        // Sampled once more before it is gone.
        #expect(app.on(.sampled(1, ByteCount(bytes: 300))) == [])
        #expect(app.ends(1, .signaled(.kill, dumpedCore: false)) == ["spawn 3"])
    }

    @Test func `one at a time`() {
        var app = AppScript.serving(limited(3))
        #expect(app.on(over(1)) == ["spawn 4"])
        #expect(app.on(over(2)) == [])
        #expect(app.on(over(2)) == [])
        #expect(app.app.recycles.map(\.serial) == [2])
        _ = app.ready(4)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 5"])
    }

    @Test func `the schedule replaces every worker, one after the other`() {
        var app = AppScript.serving(.plain(2) { $0.recycle.schedule = .everySecond })
        #expect(app.on(.scheduleFired) == ["spawn 3"])
        _ = app.ready(3)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 4"])
        _ = app.ready(4)
        _ = app.settles(1)
        #expect(app.ends(2, .exited(code: 0)) == [])
    }

    @Test func `the schedule is set as long as the app is wanted`() {
        var app = AppScript(.plain { $0.recycle.schedule = .everySecond })
        #expect(app.on(.start) == ["schedule * * * * * *", "spawn 1"])
        #expect(app.app.handle(.stop(.stopped), at: app.now).contains(.schedule(app.app.name, nil)))
        #expect(app.on(.scheduleFired) == [])
    }

    @Test func `age, illness and an operator's wish`() {
        let probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(1), retries: 1)
        var app = AppScript.serving(
            .plain {
                $0.recycle.maxAge = .seconds(60)
                $0.health = probe
            }
        )
        #expect(app.fires(1, .age) == ["spawn 2"])
        #expect(app.notices.contains(.recycling(slot: 0, .age)))

        app = AppScript.serving(.plain { $0.health = probe })
        _ = app.fires(1, .healthProbe)
        #expect(app.on(1, .probed(.health, attempt: 1, .failed("503"))) == ["spawn 2"])
        #expect(app.notices.contains(.recycling(slot: 0, .unhealthy("503"))))

        app = AppScript.serving()
        #expect(app.on(.recycleSlot(0)) == ["no hold", "spawn 2"])
    }

    // MARK: - Failures

    @Test func `a recycle that fails keeps the old worker and pauses`() {
        var app = AppScript.serving(limited())
        _ = app.on(over(1))
        #expect(app.ends(3) == ["no settle 0", "hold in 30s"])
        #expect(app.notices.contains(.recycleFailed(slot: 0, "ended: exit code 1")))
        #expect(app.ready == [1, 2])
        #expect(app.on(over(1)) == [])
        #expect(app.fires(.recycleHold(app.app.name)) == ["spawn 4"])
    }

    @Test func `an operator does not wait for the pause`() {
        var app = AppScript.serving(limited())
        _ = app.on(over(1))
        _ = app.ends(3)
        #expect(app.on(.recycleSlot(1)) == ["no hold", "spawn 4"])
    }

    @Test func `what an operator asked of an app that is given up does not happen later`() {
        var app = AppScript.serving(.plain(2) { $0.restart.maxRestarts = 1 })
        _ = app.ends(2)
        _ = app.ends(3)
        #expect(app.app.condition == .errored)
        #expect(app.on(.recycleSlot(0)) == [])
        _ = app.on(.reset)
        #expect(app.app.workers[1]?.isReady == true)
    }

    @Test func `one that is too old is tried until it is replaced`() {
        var app = AppScript.serving(.plain { $0.recycle.maxAge = .seconds(60) })
        _ = app.fires(1, .age)
        _ = app.ends(2)
        #expect(app.fires(.recycleHold(app.app.name)) == ["spawn 3"])
    }

    @Test func `stop first takes no second worker down`() {
        var app = AppScript.serving(
            .plain(2) {
                $0.rollout.order = .stopFirst
                $0.recycle.schedule = .everySecond
            }
        )
        _ = app.on(2, .exited(.exited(code: 1)))
        #expect(app.on(.scheduleFired) == [])
        #expect(app.on(2, .treeGone) == ["spawn 3"])
        #expect(app.ready(3) == ["TERM 1"])
    }

    @Test func `stop first that fails starts the same program again`() {
        var app = AppScript.serving(.plain { $0.rollout.order = .stopFirst })
        #expect(app.on(.recycleSlot(0)) == ["no hold", "TERM 1"])
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 2"])
        #expect(app.ends(2) == ["no settle 0", "hold in 30s", "spawn 3"])
    }

    // MARK: - Beside other changes

    @Test func `never beside a rollout`() {
        var app = AppScript.serving(limited(1))
        #expect(app.on(.roll(app.app.spec.version(2), 2)) == ["spawn 2"])
        #expect(app.on(over(1)) == [])
        // It fails: what asked for the recycle still holds.
        #expect(app.ends(2) == ["no settle 0", "spawn 3", "close 2"])
        #expect(app.app.workers[3]?.generation == 1)
    }

    @Test func `a rollout takes the place of a recycle, and gives it back when it fails`() {
        var app = AppScript.serving(limited(1))
        _ = app.on(over(1))
        app.starts(2)
        #expect(app.on(.roll(app.app.spec.version(2), 2)) == ["no settle 0", "TERM 2", "spawn 3"])
        #expect(app.ends(3) == ["no settle 0", "spawn 4", "close 2"])
        #expect(app.notices.contains(.recycling(slot: 0, .memory(ByteCount(bytes: 120)))))
    }

    @Test func `a rollout that succeeds leaves nothing to recycle`() {
        var app = AppScript.serving(limited(1))
        _ = app.on(over(1))
        app.starts(2)
        _ = app.on(.roll(app.app.spec.version(2), 2))
        _ = app.ends(2, .exited(code: 0))
        _ = app.ready(3)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == ["close 1"])
        #expect(app.app.recycles.isEmpty)
    }

    @Test func `a worker that ends is not recycled`() {
        var app = AppScript.serving(limited(2))
        _ = app.on(over(1))
        _ = app.on(over(2))
        #expect(app.ends(2) == ["spawn 4"])
        #expect(app.app.recycles.isEmpty)
    }

    @Test func `the old worker that ends meanwhile is replaced at once as ever`() {
        var app = AppScript.serving(limited(1))
        _ = app.on(over(1))
        app.starts(2)
        #expect(app.ends(1) == ["spawn 3"])
        _ = app.ready(2)
        // The newcomer takes the slot, and the other one leaves as soon as it can.
        #expect(app.settles(0) == [])
        #expect(app.occupants == [2])
        #expect(app.on(3, .spawned) == ["TERM 3"])
    }
}
