import KoomyModel
import Testing

@testable import KoomyCore

/// What operators ask of an app.
struct AppOperatorTests {
    // MARK: - Stop

    @Test func `a stop lets every worker leave, and closes the listeners after the last`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(.stop(.stopped)) == ["no retry", "no hold", "TERM 1", "TERM 2"])
        #expect(app.app.condition == .degraded)
        #expect(app.app.reason == "stopping: 2 workers are leaving")
        #expect(app.ends(1, .exited(code: 0)) == [])
        #expect(app.ends(2, .exited(code: 0)) == ["close 1"])
        #expect(app.notices.contains(.stopped))
        #expect(app.app.condition == .stopped)
        // Nothing starts by itself.
        #expect(app.on(.timerFired(.retry(app.app.name))) == [])
    }

    @Test func `a stop during a start`() {
        var app = AppScript()
        _ = app.on(.start)
        _ = app.on(.stop(.stopped))
        #expect(app.on(1, .spawned) == ["TERM 1"])
        #expect(app.ends(1, .exited(code: 0)) == ["close 1"])
    }

    @Test func `a stop during a backoff`() {
        var app = AppScript()
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        #expect(app.on(.stop(.stopped)) == ["no retry", "no hold", "no restart 0", "close 1"])
        // The timer fired at the same moment.
        #expect(app.on(.timerFired(.restart(app.app.name, slot: 0))) == [])
    }

    @Test func `a stop during an incident`() {
        var app = AppScript.serving(.plain(2))
        _ = app.ends(1)
        _ = app.ends(2)
        _ = app.on(.stop(.stopped))
        #expect(app.on(3, .spawned) == ["TERM 3"])
        #expect(app.ends(3, .exited(code: 0)) == ["close 1"])
        #expect(app.on(.start) == ["spawn 4", "spawn 5"])
    }

    @Test func `a stop during a rollout aborts it, and the next start is of the generation before`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.roll(app.app.spec.version(2), 2))
        _ = app.ready(3)
        _ = app.settles(0)
        #expect(app.occupants == [3, 2])
        _ = app.on(.stop(.stopped))
        #expect(app.outcome == .aborted)
        for serial in [1, 2, 3, 4] as [UInt64] { _ = app.ends(serial, .exited(code: 0)) }
        _ = app.on(.start)
        #expect(app.app.workers.values.allSatisfy { $0.generation == 1 })
    }

    @Test func `a start before all have left begins beside them`() {
        var app = AppScript.serving()
        _ = app.on(.stop(.stopped))
        #expect(app.on(.start) == ["spawn 2"])
        #expect(app.ends(1, .exited(code: 0)) == [])
        #expect(app.app.rows.map(\.serial) == [2])
    }

    @Test func `a kill leaves no time`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.scale(3))
        _ = app.on(.stop(.shutdown))
        #expect(app.on(.kill) == ["kill 1", "kill 2"])
        // It was being started.
        #expect(app.on(3, .spawned) == ["kill 3"])
    }

    // MARK: - Slots

    @Test func `a slot is stopped and started alone`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(.stopSlot(1)) == ["TERM 2", "close #1"])
        #expect(app.ends(2, .exited(code: 0)) == [])
        #expect(app.app.condition == .ok)
        #expect(app.app.rows.map(\.condition) == [.ready, .stopped])
        #expect(app.on(.startSlot(1)) == ["spawn 3"])
    }

    @Test func `when every slot is stopped the app is`() {
        var app = AppScript.serving()
        _ = app.on(.stopSlot(0))
        _ = app.ends(1, .exited(code: 0))
        #expect(app.app.condition == .stopped)
        #expect(app.app.isActive)
    }

    @Test func `a stopped slot stays stopped through restart, rollout and a new koomyd`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.stopSlot(0))
        _ = app.ends(1, .exited(code: 0))
        #expect(app.on(.restart) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 3"])
        #expect(app.on(.restartSlot(0)) == [])
        _ = app.ready(3)
        #expect(app.on(.roll(app.app.spec.version(2), 2)) == ["spawn 4"])
        _ = app.ready(4)
        _ = app.settles(1)
        _ = app.ends(3, .exited(code: 0))
        #expect(app.outcome == .done)
        #expect(app.occupants == [nil, 4])

        var next = App(.plain(2), stoppedSlots: [0])
        let spawned = next.handle(.start, at: app.now)
        // A start of the whole app is a wish for every slot.
        #expect(Deeds.words(spawned, since: app.now) == ["spawn 1", "spawn 2"])
        next = App(.plain(2), stoppedSlots: [0])
        _ = next.handle(.startWhenListening, at: app.now)
        #expect(Deeds.words(next.handle(.listening(1), at: app.now), since: app.now) == ["no retry", "spawn 1"])
        #expect(next.slots.map(\.seat) == [.stopped, .taken(serial: 1)])
    }

    @Test func `slots that are not there are ignored`() {
        var app = AppScript.serving()
        for event in [App.Event.restartSlot(5), .stopSlot(5), .startSlot(5), .recycleSlot(5)] {
            #expect(app.on(event).filter { $0 != "no hold" } == [])
        }
    }

    // MARK: - Restart

    @Test func `a restart stops first`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(.restart) == ["TERM 1", "TERM 2"])
        #expect(app.app.rows.map(\.condition) == [.draining, .draining])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 3"])
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 4"])
    }

    @Test func `a restart of one slot`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(.restartSlot(1)) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 3"])
    }

    @Test func `a restart ends a backoff`() {
        var app = AppScript()
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        #expect(app.on(.restart) == ["no restart 0", "spawn 3"])
    }

    @Test func `a restart aborts a rollout`() {
        var app = AppScript.serving()
        _ = app.on(.roll(app.app.spec.version(2), 2))
        app.starts(2)
        #expect(app.on(.restart) == ["no settle 0", "TERM 2", "TERM 1"])
        #expect(app.outcome == .aborted)
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 3"])
        #expect(app.app.workers[3]?.generation == 1)
    }

    // MARK: - Scale

    @Test func `scaling up starts, scaling down drains from the top`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(.scale(4)) == ["spawn 3", "spawn 4"])
        _ = app.ready(3, 4)
        #expect(app.on(.scale(1)) == ["TERM 4", "close #3", "TERM 3", "close #2", "TERM 2", "close #1"])
        #expect(app.app.condition == .ok)
        #expect(app.app.rows.map(\.condition) == [.ready, .draining, .draining, .draining])
    }

    @Test func `scaling down and up again begins with a new slot`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.stopSlot(1))
        _ = app.on(.scale(1))
        #expect(app.on(.scale(2)) == ["spawn 3"])
        #expect(app.app.stoppedSlots == [])
    }

    @Test func `scaling away a slot that waits`() {
        var app = AppScript(.plain(2))
        _ = app.on(.start)
        _ = app.ready(1)
        _ = app.ends(2)
        _ = app.ends(3)
        #expect(app.on(.scale(1)) == ["no restart 1", "close #1"])
        #expect(app.app.condition == .ok)
    }

    @Test func `scaling a stopped app counts at its next start`() {
        var app = AppScript()
        #expect(app.on(.scale(2)) == [])
        #expect(app.on(.start) == ["spawn 1", "spawn 2"])
    }

    // MARK: - Reset and configuration

    @Test func `a reset forgets what happened and starts at once`() {
        var app = AppScript()
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        #expect(app.on(.reset) == ["no restart 0", "spawn 3"])
        #expect(app.app.slots[0].restarts == 0)
        #expect(app.ends(3) == ["spawn 4"])
    }

    @Test func `a stopped app takes its configuration at the next start`() {
        var app = AppScript.serving()
        _ = app.on(.stop(.stopped))
        _ = app.ends(1, .exited(code: 0))
        #expect(app.on(.configure(app.app.spec.version(2) { $0.instances = 2 }, 2)) == ["close 1"])
        #expect(app.on(.start) == ["spawn 2", "spawn 3"])
        #expect(app.app.workers.values.allSatisfy { $0.generation == 2 })
    }
}
