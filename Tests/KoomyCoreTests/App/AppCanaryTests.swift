import KoomyModel
import Testing

@testable import KoomyCore

/// Some slots change first; the others follow when these have proved themselves.
struct AppCanaryTests {
    /// Three workers, one of them new, and watched.
    private func watched(_ change: (inout AppSpec) -> Void = { _ in }) -> AppScript {
        var app = AppScript.serving(
            .plain(3) {
                $0.rollout.canary = 1
                $0.rollout.healthyTime = .zero
                change(&$0)
            }
        )
        _ = app.on(.roll(app.app.spec.version(2), 2))
        _ = app.ready(4)
        if app.app.spec.health != nil {
            _ = app.on(4, .timerFired(.healthProbe))
            _ = app.on(4, .probed(.health, attempt: 1, .succeeded))
        }
        _ = app.settles(0)
        #expect(app.ends(1, .exited(code: 0)).contains("canary in 1m"))
        return app
    }

    private static func memory(_ new: UInt64, _ old: UInt64) -> Comparison {
        Comparison(
            new: .init(memory: ByteCount(bytes: new << 20)),
            old: .init(memory: ByteCount(bytes: old << 20))
        )
    }

    @Test func `the others wait until its time is over and it has been measured`() {
        var app = watched()
        #expect(app.occupants == [4, 2, 3] && app.app.rollout?.stage == .watching)
        #expect(app.fires(.canary(app.app.name)) == ["compare 2"])
        #expect(app.on(.compared(Self.memory(100, 100))) == ["no canary", "spawn 5"])
    }

    @Test(arguments: [(151, 100, true), (140, 100, false), (30, 4, false), (40, 4, true)])
    func `far more memory than the others have fails it`(_ new: UInt64, _ old: UInt64, _ isTooMuch: Bool) {
        #expect((Self.memory(new, old).fault != nil) == isTooMuch)
    }

    @Test func `what nobody knows is held against nobody`() {
        let unknown = Comparison.Group()
        let known = Comparison.Group(memory: ByteCount(bytes: 1 << 30), complaints: 10_000)
        #expect(Comparison(new: known, old: unknown).fault == nil)
        #expect(Comparison(new: unknown, old: known).fault == nil)
    }

    @Test(arguments: [(1_000.0, 100.0, true), (250.0, 100.0, false), (1_000.0, 900.0, false)])
    func `far more complaints fail it`(_ new: Double, _ old: Double, _ areTooMany: Bool) {
        let comparison = Comparison(new: .init(complaints: new), old: .init(complaints: old))
        #expect((comparison.fault != nil) == areTooMany)
    }

    @Test func `one that needs too much goes back, new first`() {
        var app = watched()
        _ = app.fires(.canary(app.app.name))
        #expect(app.on(.compared(Self.memory(500, 100))) == ["no canary", "spawn 5"])
        #expect(app.app.workers[5]?.generation == 1 && app.occupants == [4, 2, 3])
        _ = app.ready(5)
        #expect(app.settles(0) == ["TERM 4"])
        _ = app.ends(4, .exited(code: 0))
        #expect(app.outcome == .unhealthy && app.occupants == [5, 2, 3])
    }

    @Test func `its end fails it, however long it has served`() {
        var app = watched()
        app.matures(4)
        _ = app.ends(4)
        #expect(app.app.rollout?.kind != .reload, "it is on its way back")
        #expect(app.app.workers[5]?.generation == 1)
    }

    @Test func `bad health fails it`() {
        var app = watched { $0.health = Probe(kind: .tcp(target: .privateSocket), retries: 1) }
        _ = app.on(4, .timerFired(.healthProbe))
        _ = app.on(4, .probed(.health, attempt: 2, .failed("x")))
        #expect(app.app.rollout?.kind != .reload)
    }

    @Test func `more than max_memory fails it`() {
        var app = watched { $0.recycle.maxMemory = ByteCount(bytes: 100) }
        _ = app.on(.sampled(4, ByteCount(bytes: 120)))
        #expect(app.app.rollout?.kind != .reload)
    }

    @Test func `an operator promotes it, where the file says so, and may do so earlier anywhere`() {
        var app = watched { $0.rollout.promotesAutomatically = false }
        _ = app.fires(.canary(app.app.name))
        #expect(app.on(.compared(Self.memory(100, 100))) == [])
        #expect(app.app.rollout?.stage == .held)
        #expect(app.on(.promote) == ["no canary", "spawn 5"])
        var early = watched()
        #expect(early.on(.promote) == ["no canary", "spawn 5"])
    }

    @Test func `a canary of all workers is none, and a plan may do without`() {
        var all = AppScript.serving(.plain(1) { $0.rollout.canary = 1 })
        _ = all.on(.roll(all.app.spec.version(2), 2))
        #expect(all.app.rollout?.canary == nil)
        var none = AppScript.serving(.plain(2) { $0.rollout.canary = 1 })
        _ = none.on(.roll(none.app.spec.version(2), 2, Rollout.Plan(hasCanary: false)))
        #expect(none.app.rollout?.canary == nil)
    }

    @Test func `a koomyd that was away measures again`() {
        var app = watched()
        _ = app.fires(.canary(app.app.name))
        #expect(app.on(.resumed(away: .seconds(1))).contains("compare 2"))
    }
}
