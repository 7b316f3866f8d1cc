import KoomyModel
import Testing

@testable import KoomyCore

/// What keeps a rollout from going on, and what lets it.
struct AppPaceTests {
    private func rolling(_ instances: Int = 3, _ change: (inout AppSpec) -> Void = { _ in }) -> AppScript {
        var app = AppScript.serving(
            .plain(instances) {
                $0.rollout.healthyTime = .zero
                change(&$0)
            }
        )
        _ = app.on(.roll(app.app.spec.version(2), 2))
        return app
    }

    /// The new worker of a slot takes it, and the old one goes.
    private func changes(_ app: inout AppScript, _ slot: Int, old: UInt64, new: UInt64) -> [String] {
        app.ready(new) + app.settles(slot) + app.ends(old, .exited(code: 0))
    }

    private static let full = HostLoad(available: ByteCount(bytes: 100 << 20), worker: ByteCount(bytes: 200 << 20))
    private static let pressed = HostLoad(pressure: 60)
    private static let easy = HostLoad(
        available: ByteCount(bytes: 1 << 34),
        worker: ByteCount(bytes: 1 << 20),
        pressure: 1
    )

    @Test func `paused, what is under way goes on and nothing further begins`() {
        var app = rolling()
        #expect(app.on(.pauseRollout) == [])
        #expect(changes(&app, 0, old: 1, new: 4) == ["settle 0 in 0s", "TERM 1"])
        #expect(app.app.rollout?.done == 1)
        #expect(app.on(.resumeRollout) == ["spawn 5"])
    }

    @Test func `between batches it rests`() {
        var app = rolling { $0.rollout.stagger = .seconds(5) }
        #expect(changes(&app, 0, old: 1, new: 4).contains("stagger in 5s"))
        #expect(app.fires(.stagger(app.app.name)) == ["spawn 5"])
    }

    @Test func `a batch is as large as the surge`() {
        var app = rolling(4) {
            $0.rollout.surge = 2
            $0.rollout.stagger = .seconds(5)
        }
        #expect(!changes(&app, 0, old: 1, new: 5).contains { $0.hasPrefix("spawn") })
        #expect(changes(&app, 1, old: 2, new: 6).contains("stagger in 5s"))
        #expect(app.fires(.stagger(app.app.name)) == ["spawn 7", "spawn 8"])
    }

    @Test func `while the host is short of memory no further slot begins`() {
        var app = rolling()
        _ = app.on(.weighed(Self.pressed))
        #expect(app.app.rollout?.obstacle != nil)
        #expect(!changes(&app, 0, old: 1, new: 4).contains { $0.hasPrefix("spawn") })
        #expect(app.on(.weighed(Self.easy)) == ["spawn 5"])
    }

    @Test func `the host is looked at once a second as long as it lasts`() {
        var app = rolling(1)
        #expect(app.fires(.weigh(app.app.name)) == ["weigh"])
        #expect(app.timers[.weigh(app.app.name)] == app.now + .seconds(1))
        _ = changes(&app, 0, old: 1, new: 2)
        #expect(app.app.rollout == nil && app.timers[.weigh(app.app.name)] == nil)
    }

    @Test(arguments: RolloutPolicy.MemoryShortage.allCases)
    func `a worker that would not fit is not started beside the others`(_ policy: RolloutPolicy.MemoryShortage) {
        var app = AppScript.serving(.plain(2) { $0.rollout.memoryShortage = policy })
        _ = app.on(.weighed(Self.full))
        let deeds = app.on(.roll(app.app.spec.version(2), 2))
        switch policy {
        case .refuse: #expect(deeds == ["close 2"] && app.outcome == .noRoom && app.app.condition == .ok)
        case .stopFirst: #expect(deeds == ["TERM 1"] && app.app.rollout?.stopsFirst == true)
        case .ignore: #expect(deeds == ["spawn 3"])
        }
    }

    @Test func `nor is a candidate, and its listeners are closed again`() {
        var app = AppScript.serving(.plain(2))
        _ = app.on(.weighed(Self.full))
        let spec = app.app.spec.version(2)
        let plan = Rollout.Plan(rehearsal: Rehearsal(spec: spec, questions: 0))
        #expect(app.on(.roll(spec, 2, plan)) == ["close 2", "close 3"])
        #expect(app.outcome == .noRoom)
    }

    @Test func `a way back waits for nothing`() {
        var app = rolling(2)
        _ = changes(&app, 0, old: 1, new: 3)
        _ = app.on(.weighed(Self.pressed))
        #expect(app.ends(4).contains("spawn 5"))
        #expect(app.app.workers[5]?.generation == 1)
    }
}
