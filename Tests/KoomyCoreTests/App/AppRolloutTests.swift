import KoomyModel
import Testing

@testable import KoomyCore

/// One generation replacing another.
struct AppRolloutTests {
    private func roll(_ app: inout AppScript, _ change: (inout AppSpec) -> Void = { _ in }) -> [String] {
        let generation = app.app.nextGeneration
        return app.on(.roll(app.app.spec.version(Int(generation.number), change), generation))
    }

    @Test func `one slot after the other, and the old one leaves last`() {
        var app = AppScript.serving(.plain(2))
        #expect(roll(&app) == ["spawn 3"])
        #expect(app.app.condition == .rolling)
        #expect(app.app.reason == "generation 1 to 2, 0 of 2 slots")
        // Ready, and then healthy_time.
        #expect(app.ready(3) == ["settle 0 in 2s"])
        #expect(app.ready == [1, 2, 3])
        #expect(app.settles(0) == ["TERM 1"])
        #expect(app.occupants == [3, 2])
        // The slot is done when nothing of the old worker is left.
        #expect(app.on(1, .exited(.exited(code: 0))) == [])
        #expect(app.on(1, .treeGone) == ["spawn 4"])
        #expect(app.notices.contains(.rolloutAdvanced(done: 1, total: 2, slot: 0)))
        #expect(app.ready(4) == ["settle 1 in 2s"])
        #expect(app.settles(1) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["close 1"])
        #expect(app.outcome == .done)
        #expect(app.app.current == 2)
        #expect(app.app.condition == .ok)
        #expect(app.app.specs.count == 1)
    }

    @Test func `surge lets more change at once`() {
        var app = AppScript.serving(.plain(3) { $0.rollout.surge = 2 })
        #expect(roll(&app) == ["spawn 4", "spawn 5"])
        _ = app.ready(4, 5)
        #expect(app.settles(0) == ["TERM 1"])
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 6"])
    }

    @Test func `unavailable lets one more go without its successor`() {
        var app = AppScript.serving(.plain(3) { $0.rollout.unavailable = 1 })
        #expect(roll(&app) == ["spawn 4", "TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 5"])
        #expect(app.ready == [1, 3])
    }

    @Test func `stop first goes without a second worker in the slot`() {
        var app = AppScript.serving(.plain(2) { $0.rollout.order = .stopFirst })
        #expect(roll(&app) == ["TERM 1"])
        #expect(app.notices.contains(.rolloutBegan(from: 1, to: 2, slots: 2, order: .stopFirst)))
        #expect(app.on(1, .exited(.exited(code: 0))) == [])
        #expect(app.on(1, .treeGone) == ["spawn 3"])
        #expect(app.ready(3) == ["settle 0 in 2s"])
        // The next one leaves when this one has proved itself.
        #expect(app.settles(0) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 4"])
        _ = app.ready(4)
        #expect(app.settles(1) == ["close 1"])
        #expect(app.outcome == .done)
    }

    @Test func `an app that owns its port is stopped first without being told to`() {
        var app = AppScript.serving()
        _ = app.on(.ownsPort(1))
        #expect(roll(&app) == ["TERM 1"])
    }

    @Test func `stop first waits while another slot is missing`() {
        var app = AppScript.serving(.plain(3) { $0.rollout.order = .stopFirst })
        _ = roll(&app)
        _ = app.ends(1, .exited(code: 0))
        _ = app.ready(4)
        _ = app.on(3, .exited(.exited(code: 1)))
        // Slot 2 has lost its worker: it changes first, and slot 1 is not touched meanwhile.
        #expect(app.settles(0) == [])
        #expect(app.on(3, .treeGone) == ["spawn 5"])
        #expect(app.app.workers[5]?.generation == 2)
        _ = app.ready(5)
        #expect(app.settles(2) == ["TERM 2"])
    }

    @Test(arguments: [0, 1]) func `no surge is stop first`(_ unavailable: Int) {
        var app = AppScript.serving(
            .plain(2) {
                $0.rollout.surge = 0
                $0.rollout.unavailable = unavailable
            }
        )
        #expect(roll(&app) == ["TERM 1"])
    }

    // MARK: - What the new specification changes beside the program

    @Test func `slots that are added are proved like the others`() {
        var app = AppScript.serving()
        // Nothing is lost in a slot that does not serve, so it goes first; the other one has the surge.
        #expect(roll(&app) { $0.instances = 2 } == ["spawn 2", "spawn 3"])
        #expect(app.app.workers[2]?.slot == 1)
        _ = app.ready(2)
        #expect(app.app.rows.map(\.condition) == [.ready, .starting, .ready])
        _ = app.settles(1)
        #expect(app.outcome == nil)
        _ = app.ready(3)
        _ = app.settles(0)
        _ = app.ends(1, .exited(code: 0))
        #expect(app.outcome == .done)
        #expect(app.app.readyCount == 2)
    }

    @Test func `slots that are removed are not rolled, and drain at the end`() {
        var app = AppScript.serving(.plain(3))
        #expect(roll(&app) { $0.instances = 1 } == ["spawn 4"])
        _ = app.ready(4)
        _ = app.settles(0)
        #expect(app.ready == [2, 3, 4])
        #expect(app.ends(1, .exited(code: 0)) == ["TERM 3", "close #2", "TERM 2", "close #1"])
        #expect(app.outcome == .done)
    }

    @Test func `slots that were to be added go when it fails`() {
        var app = AppScript.serving()
        _ = roll(&app) { $0.instances = 3 }
        _ = app.ready(2)
        _ = app.settles(1)
        app.starts(4)
        #expect(app.ends(3) == ["no settle 2", "no settle 0", "TERM 4", "close #2", "TERM 2", "close #1"])
        #expect(app.outcome == .workerFailed)
        #expect(app.app.slots.count == 1)
        #expect(app.ready == [1])
    }

    @Test func `a scale during the rollout counts for both generations`() {
        var app = AppScript.serving()
        _ = roll(&app)
        // The old program is proved: it gives more capacity at once, and is rolled like the rest.
        #expect(app.on(.scale(2)) == ["spawn 3"])
        #expect(app.app.workers[3]?.generation == 1)
        _ = app.ready(2, 3)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 4"])
        #expect(app.outcome == nil)
        _ = app.ready(4)
        _ = app.settles(1)
        _ = app.ends(3, .exited(code: 0))
        #expect(app.outcome == .done)
        #expect(app.app.workers.values.allSatisfy { $0.generation == 2 })
        #expect(app.app.spec.instances == 2)
    }

    @Test func `a scale down during the rollout drops what is beyond`() {
        var app = AppScript.serving(.plain(2))
        _ = roll(&app)
        #expect(app.on(.scale(1)) == ["TERM 2", "close #1"])
        _ = app.ready(3)
        _ = app.settles(0)
        _ = app.ends(1, .exited(code: 0))
        #expect(app.outcome == .done)
    }

    @Test func `slots that were to be added and are scaled to start when it fails`() {
        var app = AppScript.serving(.plain { $0.rollout.order = .stopFirst })
        // One may be missing: the third slot has to wait.
        #expect(roll(&app) { $0.instances = 3 } == ["spawn 2"])
        #expect(app.seats == [.taken(serial: 1), .reserved, .reserved])
        #expect(app.on(.scale(3)) == [])
        _ = app.on(2, .spawned)
        #expect(app.on(2, .exited(.exited(code: 1))) == ["no settle 1", "spawn 3"])
        #expect(app.on(2, .treeGone) == ["spawn 4", "close 2"])
        #expect(app.seats == [.taken(serial: 1), .taken(serial: 4), .taken(serial: 3)])
    }

    // MARK: - Slots in every state

    @Test func `a slot that waits, is held or errored is rolled like the others`() {
        var app = AppScript(.plain { $0.restart.maxRestarts = 3 })
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        #expect(roll(&app) == ["spawn 3"])
        _ = app.ready(3)
        #expect(app.settles(0) == ["no restart 0", "close 1"])
        #expect(app.outcome == .done)

        app = AppScript(.plain { $0.restart.maxRestarts = 1 })
        _ = app.on(.start)
        _ = app.ends(1)
        #expect(app.app.condition == .errored)
        #expect(roll(&app) == ["spawn 2"])
        _ = app.ready(2)
        #expect(app.settles(0) == ["no retry", "close 1"])
        #expect(app.app.condition == .ok)
    }

    @Test func `an errored app whose new version fails stays errored`() {
        var app = AppScript(.plain { $0.restart.maxRestarts = 1 })
        _ = app.on(.start)
        _ = app.ends(1)
        _ = roll(&app)
        #expect(app.ends(2) == ["no settle 0", "close 2"])
        #expect(app.outcome == .workerFailed)
        #expect(app.app.condition == .errored)
        #expect(app.timers[.retry(app.app.name)] != nil)
    }

    @Test func `an app whose listeners could not be opened is rolled to some that can`() {
        var app = AppScript()
        _ = app.on(.startWhenListening)
        #expect(roll(&app) == ["spawn 1"])
        _ = app.ready(1)
        #expect(app.settles(0) == ["no retry", "close 1"])
        #expect(app.app.condition == .ok)
    }

    @Test func `slots that somebody starts meanwhile are rolled too`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.stopSlot(1))
        _ = app.ends(2, .exited(code: 0))
        #expect(roll(&app) == ["spawn 3"])
        #expect(app.on(.startSlot(1)) == ["spawn 4"])
        _ = app.ready(3, 4)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 5"])
        _ = app.ready(5)
        _ = app.settles(1)
        _ = app.ends(4, .exited(code: 0))
        #expect(app.outcome == .done)
        #expect(app.app.workers.values.allSatisfy { $0.generation == 2 })
    }

    @Test func `slots that somebody stops meanwhile are left alone`() {
        var app = AppScript.serving(.plain(2))
        _ = roll(&app)
        _ = app.on(.stopSlot(1))
        _ = app.ready(3)
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)) == [])
        #expect(app.outcome == .done)
        _ = app.ends(2, .exited(code: 0))
        #expect(app.occupants == [3, nil])
    }

    @Test func `with every slot stopped it is done at once`() {
        var app = AppScript.serving()
        _ = app.on(.stopSlot(0))
        _ = app.ends(1, .exited(code: 0))
        #expect(roll(&app) == ["close 1"])
        #expect(app.outcome == .done)
    }

    // MARK: - Ends meanwhile

    @Test func `an old worker that crashes is restarted in its own generation`() {
        var app = AppScript.serving(.plain(2))
        _ = roll(&app)
        app.starts(3)
        #expect(app.ends(2) == ["spawn 4"])
        #expect(app.app.workers[4]?.generation == 1)
        // Also beside its own successor.
        #expect(app.ends(1) == [])
        #expect(app.seats[0] == .held)
        #expect(app.app.condition == .rolling)
    }

    @Test func `a promoted worker that crashes late is restarted in its own generation`() {
        var app = AppScript.serving(.plain(2))
        _ = roll(&app)
        _ = app.ready(3)
        _ = app.settles(0)
        app.matures(3)
        #expect(app.ends(3) == ["spawn 4"])
        #expect(app.app.workers[4]?.generation == 2)
        #expect(app.app.condition == .rolling)
    }

    @Test func `a drain that had to be forced is told`() {
        var app = AppScript.serving()
        _ = roll(&app)
        _ = app.ready(2)
        _ = app.settles(0)
        #expect(app.fires(1, .kill) == ["kill 1"])
        _ = app.ends(1, .signaled(.kill, dumpedCore: false))
        #expect(app.outcome == .drainForced)
    }

    // MARK: - Health

    @Test func `an unproved health keeps the old worker`() {
        let probe = Probe(kind: .tcp(target: .privateSocket), interval: .seconds(1), retries: 2)
        var app = AppScript.serving(.plain { $0.health = probe })
        _ = roll(&app)
        _ = app.ready(2)
        _ = app.fires(2, .healthProbe)
        // No answer when healthy_time is over.
        #expect(app.settles(0) == ["settle 0 in 250ms"])
        _ = app.on(2, .probed(.health, attempt: 1, .failed("503")))
        #expect(app.settles(0) == ["settle 0 in 250ms"])
        _ = app.fires(2, .healthProbe)
        _ = app.on(2, .probed(.health, attempt: 2, .succeeded))
        #expect(app.settles(0) == ["TERM 1"])
    }
}
