import KoomyModel
import Testing

@testable import KoomyCore

/// Reloads through the fleet: queue, supersede, abort, and the disk after the rollout.
struct FleetReloadTests {
    private let a = AppName.named("a")
    private let b = AppName.named("b")
    private let spec = AppSpec.plain()

    /// Lets the rollout of a one-slot app succeed.
    private func succeed(_ fleet: inout FleetScript, new: UInt64, old: UInt64) -> [String] {
        _ = fleet.ready(a, new)
        _ = fleet.settles(a, 0)
        return fleet.ends(a, old)
    }

    @Test func `a reload is answered when it is done and on disk`() {
        var fleet = FleetScript.serving(spec)
        // Nothing that is wanted has changed yet, so nothing is written.
        #expect(fleet.ask(2, .reload(a, spec.version(2))) == ["prepare a@2", "spawn a#2"])
        fleet.disk = .waits
        #expect(succeed(&fleet, new: 2, old: 1) == ["prepare save", "close a@1"])
        #expect(fleet.outcome(2) == nil)
        #expect(fleet.prepared() == ["reply 2 a done"])
        #expect(fleet.saved[a]?.spec == spec.version(2))
    }

    @Test func `a reload without a new specification rolls all the same`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.ask(2, .reload(a)) == ["prepare a@2", "spawn a#2"])
        #expect(succeed(&fleet, new: 2, old: 1).last == "reply 2 a done")
        #expect(fleet.saved[a]?.generation == 2)
    }

    @Test(arguments: [RolloutOutcome.workerFailed, .readyTimeout, .unhealthy])
    func `a reload that fails says why, and the disk keeps what was`(_ outcome: RolloutOutcome) {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.on(a, 2, .spawned)
        switch outcome {
        case .readyTimeout: _ = fleet.fires(.worker(WorkerID(app: a, serial: 2), .readiness))
        case .unhealthy:
            _ = fleet.ready(a, 2)
            _ = fleet.ends(a, 2)
        case .workerFailed, .done, .drainForced, .superseded, .aborted, .noRoom: _ = fleet.ends(a, 2)
        }
        #expect(fleet.outcome(2) == .rollout(outcome))
        #expect(fleet.saved[a]?.spec == spec)
        #expect(fleet.fleet.apps[a]?.condition == .ok)
    }

    @Test func `listeners that cannot be opened stop it before it begins`() {
        var fleet = FleetScript.serving(spec)
        fleet.disk = .refuses(.listen(a, "address in use"))
        #expect(fleet.ask(2, .reload(a, spec.version(2))) == ["prepare a@2", "reply 2 a cannotListen"])
        #expect(fleet.fleet.apps[a]?.rollout == nil)
    }

    @Test func `apps of one reload roll side by side, and the answer waits for all`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        #expect(fleet.ask(2, .reload([.init(target: .all)])) == ["prepare a@2 b@2", "spawn a#2", "spawn b#2"])
        #expect(succeed(&fleet, new: 2, old: 1) == ["prepare save", "close a@1"])
        #expect(fleet.outcome(2) == nil)
        _ = fleet.ends(b, 2, .exited(code: 1))
        #expect(fleet.replies[2]?.words == "a done, b workerFailed")
        #expect(fleet.outcome(2) == .rollout(.workerFailed))
    }

    @Test func `an app of the file that is not known is started`() {
        var fleet = FleetScript()
        #expect(fleet.ask(1, .reload(a, spec)) == ["prepare a@1 save", "spawn a#1"])
        #expect(fleet.ready(a, 1) == ["reply 1 a done"])
    }

    @Test func `a stopped app takes its configuration and stays stopped`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .stop([.app(a)]))
        _ = fleet.ends(a, 1)
        #expect(fleet.ask(3, .reload(a, spec.version(2))) == ["prepare save", "close a@1", "reply 3 a done"])
        #expect(fleet.saved[a]?.spec == spec.version(2))
        #expect(fleet.saved[a]?.goal == .stopped)
    }

    @Test func `one slot alone is recycled`() {
        var fleet = FleetScript.serving(.plain(2))
        let slot = Request.reload([.init(target: .app(a, 1))])
        #expect(fleet.ask(2, slot) == ["prepare", "no hold", "spawn a#3"])
        _ = fleet.ready(a, 3)
        _ = fleet.settles(a, 1)
        #expect(fleet.ends(a, 2) == ["reply 2 a done"])
        // One that fails is answered with the slot it was asked for.
        _ = fleet.ask(3, slot)
        _ = fleet.ends(a, 4)
        #expect(fleet.outcome(3) == .rollout(.workerFailed))
        #expect(fleet.message(3) == "slot 1: the new worker failed: ended: exit code 0; the old one stays")
    }

    @Test func `the failure of another slot is not the recycle's`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .reload([.init(target: .app(a, 1))]))
        _ = fleet.ends(a, 1, .exited(code: 1))
        _ = fleet.ends(a, 4, .exited(code: 1))
        #expect(fleet.outcome(2) == nil)
    }

    @Test func `a slot without a worker, or during a rollout, is not recycled`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .stop([.app(a, 1)]))
        #expect(fleet.ask(3, .reload([.init(target: .app(a, 1))])).last == "reply 3 a refused")
        _ = fleet.ask(4, .reload(a))
        #expect(fleet.ask(5, .reload([.init(target: .app(a, 0))])).last == "reply 5 a refused")
    }

    // MARK: - One after the other

    @Test func `the same again follows`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        // It opens nothing before its turn.
        #expect(fleet.ask(3, .reload(a, spec.version(2))) == ["prepare"])
        #expect(
            succeed(&fleet, new: 2, old: 1) == [
                "prepare save", "close a@1", "reply 2 a done", "prepare a@3", "spawn a#3",
            ]
        )
        #expect(succeed(&fleet, new: 3, old: 2).last == "reply 3 a done")
    }

    @Test func `only the last of those that wait follows`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a))
        _ = fleet.ask(3, .reload(a))
        #expect(fleet.ask(4, .reload(a)) == ["prepare", "reply 3 a superseded"])
        #expect(fleet.outcome(2) == nil)
    }

    @Test func `it follows also when the one before it has failed`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ask(3, .reload(a, spec.version(2)))
        #expect(fleet.ends(a, 2).suffix(3) == ["reply 2 a workerFailed", "spawn a#3", "close a@2"])
        #expect(fleet.outcome(2) == .rollout(.workerFailed))
        #expect(fleet.outcome(3) == nil)
    }

    @Test func `one that waits and cannot be prepared is answered`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ask(3, .reload(a, spec.version(2)))
        fleet.disk = .refuses(.listen(a, "address in use"))
        _ = fleet.ends(a, 2)
        #expect(fleet.outcome(3) == .cannotListen)
        #expect(fleet.fleet.queuedReloads.isEmpty)
    }

    @Test func `another one takes the place of what rolls and of what waits`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ask(3, .reload(a, spec.version(2)))
        _ = fleet.ask(4, .reload(a, spec.version(3)))
        #expect(fleet.outcome(2) == .rollout(.superseded))
        #expect(fleet.outcome(3) == .rollout(.superseded))
        #expect(fleet.fleet.apps[a]?.heading == spec.version(3))
    }

    @Test func `and so does a definition`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ask(3, .reload(a, spec.version(2)))
        _ = fleet.ask(4, .define(spec.version(3)))
        #expect(fleet.outcome(3) == .rollout(.superseded))
        #expect(fleet.fleet.queuedReloads.isEmpty)
    }

    @Test func `without a specification the one that is on its way is meant`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        #expect(fleet.ask(3, .reload(a)) == ["prepare"])
        #expect(fleet.outcome(2) == nil)
    }

    // MARK: - Abort

    @Test func `an abort ends what rolls and what waits`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.on(a, 2, .spawned)
        _ = fleet.ask(3, .reload(a, spec.version(2)))
        #expect(fleet.ask(4, .abort([.app(a)])).first == "no settle 0")
        #expect(fleet.outcome(2) == .rollout(.aborted))
        #expect(fleet.outcome(3) == .rollout(.aborted))
        #expect(fleet.outcome(4) == .done)
        #expect(fleet.ask(5, .abort([.app(a)])) == ["reply 5 a done"])
        #expect(fleet.message(5) == "no rollout is under way")
    }

    @Test func `an abort is answered when everything is as it was`() {
        var fleet = FleetScript.serving(.plain(2))
        _ = fleet.ask(2, .reload(a))
        _ = fleet.ready(a, 3)
        _ = fleet.settles(a, 0)
        _ = fleet.ends(a, 1)
        _ = fleet.ask(3, .abort([.app(a)]))
        #expect(fleet.outcome(3) == nil)
        _ = fleet.ready(a, 5)
        _ = fleet.settles(a, 0)
        _ = fleet.ends(a, 3)
        #expect(fleet.outcome(2) == .rollout(.aborted))
        #expect(fleet.outcome(3) == .done)
    }

    @Test func `a stop ends them all`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a))
        _ = fleet.ask(3, .reload(a))
        _ = fleet.ask(4, .stop([.app(a)]))
        #expect(fleet.outcome(2) == .rollout(.aborted))
        #expect(fleet.outcome(3) == .rollout(.aborted))
    }
}
