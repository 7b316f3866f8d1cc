import KoomyModel
import Testing

@testable import KoomyCore

/// What is wanted, what is on disk, and what is said about it.
struct FleetSavingTests {
    private let a = AppName.named("a")
    private let b = AppName.named("b")
    private let spec = AppSpec.plain()
    private let full = FleetScript.Disk.refuses(.save("no space left on device"))

    /// A rollout that has succeeded and could not be written.
    private func behind() -> FleetScript {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        fleet.disk = full
        _ = fleet.ends(a, 1)
        return fleet
    }

    @Test func `a rollout that cannot be saved holds, says so and is tried again`() {
        var fleet = behind()
        #expect(fleet.outcome(2) == .notSaved)
        #expect(fleet.message(2) == "in service, but not saved: no space left on device")
        #expect(fleet.notices.contains(Notice(app: nil, .unsaved("no space left on device"))))
        #expect(fleet.fleet.saving == .behind("no space left on device"))
        #expect(fleet.fires(.save) == ["prepare save", "save in 5s"])
        fleet.disk = .works
        #expect(fleet.fires(.save) == ["prepare save", "no save"])
        #expect(fleet.notices == [Notice(app: nil, .saved)])
        #expect(fleet.fleet.saving == .clean)
        #expect(fleet.saved[a]?.spec == spec.version(2))
    }

    @Test func `any later write brings the disk up to date`() {
        var fleet = behind()
        fleet.disk = .works
        #expect(fleet.ask(3, .scale(a, .to(2))).prefix(2) == ["prepare save", "no save"])
        #expect(fleet.saved[a]?.spec.environment == ["VERSION": "2"])
        #expect(fleet.fleet.saving == .clean)
    }

    @Test func `a forced drain is no excuse`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        _ = fleet.fires(.worker(WorkerID(app: a, serial: 1), .kill))
        fleet.disk = full
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == .notSaved)
    }

    @Test func `a reply about several apps tells which is not saved`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        _ = fleet.ask(2, .reload([.init(target: .all)]))
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        fleet.disk = full
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == nil)
        _ = fleet.ends(b, 2, .exited(code: 1))
        #expect(fleet.replies[2]?.words == "a notSaved, b workerFailed")
    }

    @Test func `a reply about several apps waits for the write`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        _ = fleet.ask(2, .stop([.app(a, 0)]))
        _ = fleet.ends(a, 1)
        fleet.disk = .waits
        // The first has no slot to roll: it is done at once, and the second serves already.
        _ = fleet.ask(3, .define(spec.version(2), .plain(name: b)))
        _ = fleet.prepared()
        #expect(fleet.outcome(3) == nil)
    }

    @Test func `two rollouts that end in one event are both saved`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        _ = fleet.ask(2, .stop([.app(a, 0), .app(b, 0)]))
        _ = fleet.ends(a, 1)
        _ = fleet.ends(b, 1)
        _ = fleet.ask(3, .reload([.init(target: .all)]))
        #expect(fleet.outcome(3) == .done)
        #expect(fleet.saved[a]?.generation == 2)
        #expect(fleet.saved[b]?.generation == 2)
        #expect(fleet.fleet.desired == fleet.saved)
    }

    @Test func `a rollout that nobody waits for is saved too`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.on(.abandoned(RequestID(2)))
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        #expect(fleet.ends(a, 1) == ["prepare save", "close a@1"])
        #expect(fleet.saved[a]?.spec == spec.version(2))
    }

    @Test func `the desired state is kept by name`() {
        var state = DesiredState()
        state[b] = DesiredApp(spec: .plain(name: b), file: nil, goal: .running, generation: 1)
        state[a] = DesiredApp(spec: spec, file: nil, goal: .stopped, generation: 2)
        #expect(state.apps.map(\.spec.name) == [a, b])
        state[b] = nil
        #expect(state.apps.count == 1)
        #expect(state[b] == nil)
    }
}
