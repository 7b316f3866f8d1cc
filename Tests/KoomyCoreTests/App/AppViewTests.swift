import KoomyModel
import Testing

@testable import KoomyCore

/// What people see of an app.
struct AppViewTests {
    @Test func `a worker that serves is shown with its evidence`() {
        let app = AppScript.serving()
        let row = app.app.rows.first
        #expect(row?.serial == 1)
        #expect(row?.condition == .ready)
        #expect(row?.evidence == .notify)
        #expect(row?.startedAt != nil)
        #expect(row?.generation == 1)
        #expect(row?.nextStart == nil)
    }

    @Test func `every worker of which anything is left is shown, by slot and age`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.roll(app.app.spec.version(2), 2))
        _ = app.ready(3)
        _ = app.settles(0)
        #expect(app.app.rows.map(\.serial) == [1, 3, 2])
        #expect(app.app.rows.map(\.condition) == [.draining, .ready, .ready])
        _ = app.on(1, .exited(.exited(code: 0)))
        // Its descendants are left.
        #expect(app.app.rows.map(\.condition) == [.draining, .ready, .ready])
    }

    @Test func `a slot that waits says until when, and why`() {
        var app = AppScript()
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2, .exited(code: 7))
        let row = app.app.rows.first
        #expect(row?.serial == nil)
        #expect(row?.condition == .backoff)
        #expect(row?.nextStart == app.now + .milliseconds(100))
        #expect(row?.restarts == 2)
        #expect(row?.lastEnd?.reason == .exited(code: 7))
        #expect(row?.lastEnd?.serial == 2)
    }

    @Test func `a slot that is held waits too`() {
        var app = AppScript.serving(.plain(2))
        _ = app.ends(1)
        _ = app.ends(2)
        #expect(app.app.rows.map(\.condition) == [.starting, .backoff])
        #expect(app.app.condition == .degraded)
    }

    @Test func `a slot that yields is shown by the worker it waits for`() {
        var app = AppScript.serving()
        _ = app.on(.restart)
        #expect(app.app.rows.map(\.serial) == [1])
        #expect(app.app.rows.map(\.condition) == [.draining])
    }

    @Test func `a stopped slot whose worker leaves is shown once`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.stopSlot(1))
        #expect(app.app.rows.map(\.condition) == [.ready, .draining])
        _ = app.ends(2, .exited(code: 0))
        #expect(app.app.rows.map(\.condition) == [.ready, .stopped])
    }

    @Test func `a rollout, and the way back, say how far they are`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.roll(app.app.spec.version(2), 2))
        _ = app.ready(3)
        _ = app.settles(0)
        _ = app.ends(1, .exited(code: 0))
        #expect(app.app.reason == "generation 1 to 2, 1 of 2 slots")
        _ = app.ends(4)
        #expect(app.app.reason == "back to generation 1 because ended: exit code 1, 0 of 1 slots")
    }

    @Test func `the heading is what will serve`() {
        var app = AppScript.serving()
        let next = app.app.spec.version(2)
        #expect(app.app.heading == app.app.spec)
        _ = app.on(.roll(next, 2))
        #expect(app.app.heading == next)
        #expect(app.app.nextGeneration == 3)
        _ = app.ends(2)
        #expect(app.app.heading == app.app.spec)
    }

    @Test func `missing are those that are on their way, not those that are given up`() {
        var app = AppScript.serving(.plain(4) { $0.restart.maxRestarts = 3 })
        #expect(app.app.missing == 0)
        _ = app.on(.stopSlot(3))
        #expect(app.app.missing == 0)
        _ = app.ends(1)
        #expect(app.app.missing == 1)
        _ = app.ends(5)
        _ = app.ends(6)
        // Two unstable runs in a row: nobody waits for the third.
        #expect(app.app.missing == 0)
    }
}
