import KoomyModel
import Testing

@testable import KoomyCore

/// koomyd's own start and end.
struct FleetLifecycleTests {
    private let a = AppName.named("a")
    private let b = AppName.named("b")
    private let spec = AppSpec.plain()

    private func state(_ apps: (AppSpec, DesiredApp.Goal, [Int])...) -> DesiredState {
        var state = DesiredState()
        for (spec, goal, stopped) in apps {
            var app = DesiredApp(spec: spec, file: "/f", goal: goal, generation: 7)
            app.stoppedSlots = stopped
            state[spec.name] = app
        }
        return state
    }

    // MARK: - Boot

    @Test func `a new koomyd starts what is wanted, and stopped stays stopped`() {
        var fleet = FleetScript()
        let found = state((.plain(2), .running, [1]), (.plain(name: b), .stopped, []))
        #expect(fleet.on(.booted(found)) == ["listen a@7"])
        #expect(fleet.on(.listening(a, 7)) == ["no retry", "spawn a#1"])
        #expect(fleet.fleet.apps[a]?.workers[1]?.generation == 7)
        #expect(fleet.fleet.apps[b]?.condition == .stopped)
        #expect(fleet.fleet.desired == found)
        #expect(fleet.ask(1, .start([.app(b)])) == ["prepare b@7 save", "spawn b#1"])
    }

    @Test func `listeners that cannot be opened are tried again`() {
        var fleet = FleetScript()
        _ = fleet.on(.booted(state((spec, .running, []))))
        #expect(fleet.on(.cannotListen(a, 7, "address in use")) == ["retry in 5s"])
        #expect(fleet.fires(.retry(a)) == ["listen a@7"])
        #expect(fleet.on(.listening(a, 7)) == ["no retry", "spawn a#1"])
    }

    @Test func `an operator's start opens them at once or says why not`() {
        var fleet = FleetScript()
        _ = fleet.on(.booted(state((.plain(2), .running, []))))
        fleet.disk = .refuses(.listen(a, "address in use"))
        #expect(fleet.ask(1, .start([.app(a)])) == ["prepare a@7", "reply 1 a cannotListen"])
        fleet.disk = .works
        #expect(fleet.ask(2, .start([.app(a, 1)])) == ["prepare a@7", "no retry", "spawn a#1", "spawn a#2"])
    }

    @Test func `whoever waits for such an app is told`() {
        var fleet = FleetScript()
        _ = fleet.on(.booted(state((spec, .running, []))))
        #expect(fleet.ask(1, .restart([.app(a)])) == ["listen a@7"])
        #expect(fleet.on(.cannotListen(a, 7, "address in use")) == ["retry in 5s", "reply 1 a cannotListen"])
    }

    @Test func `facts about apps and workers that are not known mean nothing`() {
        var fleet = FleetScript.serving(spec)
        let before = fleet.fleet
        #expect(fleet.on(b, 1, .spawned) == [])
        #expect(fleet.on(a, 99, .exited(.unknown)) == [])
        #expect(fleet.on(.sampled(WorkerID(app: a, serial: 99), ByteCount(bytes: 1))) == [])
        #expect(fleet.on(.scheduleFired(b)) == [])
        #expect(fleet.on(.timerFired(.retry(b))) == [])
        #expect(fleet.on(.ownsPort(WorkerID(app: a, serial: 99))) == [])
        #expect(fleet.on(.listening(b, 1)) == [])
        #expect(fleet.fleet == before)
        #expect(fleet.fleet.launch(WorkerID(app: a, serial: 99)) == nil)
        #expect(fleet.fleet.launch(WorkerID(app: a, serial: 1))?.slot == 0)
    }

    // MARK: - Shutdown

    @Test func `koomyd leaves when the last worker is gone`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        let deeds = fleet.ask(2, .shutdown(.drain))
        #expect(deeds.filter { $0.hasPrefix("TERM") } == ["TERM a#1", "TERM b#1"])
        // What is wanted does not change.
        #expect(fleet.saved[a]?.goal == .running)
        #expect(fleet.ask(3, .start([.all])) == ["reply 3 shuttingDown"])
        #expect(fleet.ends(a, 1) == ["close a@1"])
        #expect(fleet.ends(b, 1) == ["close b@1", "reply 2 done", "exit 0"])
        #expect(fleet.fleet.phase == .left)
    }

    @Test func `a second wish may be more urgent`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .shutdown(.drain))
        #expect(fleet.ask(3, .shutdown(.now)).last == "kill a#1")
        #expect(fleet.ends(a, 1, .signaled(.kill, dumpedCore: false)).last == "exit 0")
    }

    @Test func `at once means also what is being started`() {
        var fleet = FleetScript()
        _ = fleet.ask(1, .define(spec))
        _ = fleet.ask(2, .shutdown(.now))
        #expect(fleet.on(a, 1, .spawned) == ["kill a#1"])
    }

    @Test func `everybody who waits is answered before koomyd leaves`() {
        var fleet = FleetScript.serving(spec, .plain(name: b))
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ask(3, .scale(b, .to(2)))
        _ = fleet.ask(4, .shutdown(.drain))
        #expect(fleet.outcome(2) == .rollout(.aborted))
        #expect(fleet.outcome(3) == .rollout(.aborted))
        #expect(fleet.outcome(4) == nil)
        for (app, serial) in [(a, 1), (a, 2), (b, 1), (b, 2)] as [(AppName, UInt64)] { _ = fleet.ends(app, serial) }
        #expect(fleet.outcome(4) == .done)
        #expect(fleet.fleet.phase == .left)
    }

    @Test func `without workers it leaves at once`() {
        var fleet = FleetScript()
        #expect(fleet.ask(1, .shutdown(.drain)) == ["reply 1 done", "exit 0"])
        #expect(fleet.ask(2, .start([.all])) == ["reply 2 shuttingDown"])
        #expect(fleet.ask(3, .shutdown(.now)) == [])
    }

    @Test func `a change that is being prepared is finished first`() {
        var fleet = FleetScript()
        fleet.disk = .waits
        _ = fleet.ask(1, .define(spec))
        #expect(fleet.ask(2, .shutdown(.now)) == [])
        _ = fleet.prepared()
        #expect(fleet.outcome(1) == .rollout(.aborted))
        #expect(fleet.on(a, 1, .spawned) == ["kill a#1"])
    }

    // MARK: - In the foreground

    @Test func `in the foreground koomyd leaves with its last app`() {
        var fleet = FleetScript.serving(.plain { $0.restart.isAutomatic = false }, idling: .leaves)
        #expect(fleet.ends(a, 1, .exited(code: 0)).last == "exit 0")
    }

    @Test func `its status tells whether one has failed`() {
        let once = AppSpec.plain { $0.restart.isAutomatic = false }
        var fleet = FleetScript.serving(once, .plain(name: b) { $0.restart.isAutomatic = false }, idling: .leaves)
        #expect(fleet.ends(a, 1, .exited(code: 3)) == [])
        #expect(fleet.ends(b, 1, .exited(code: 0)).last == "exit 1")
    }

    @Test func `an exit code that means done is none`() {
        var fleet = FleetScript.serving(.plain { $0.restart.stopExitCodes = [3] }, idling: .leaves)
        #expect(fleet.ends(a, 1, .exited(code: 3)).last == "exit 0")
    }

    @Test func `errored is a failure`() {
        var fleet = FleetScript(idling: .leaves)
        _ = fleet.ask(1, .define(.plain { $0.restart.maxRestarts = 1 }))
        #expect(fleet.ends(a, 1, .exited(code: 1)).last == "exit 1")
        #expect(fleet.outcome(1) == .rollout(.workerFailed))
    }

    @Test func `it stays while anything runs, is awaited or may come`() {
        var fleet = FleetScript(idling: .leaves)
        #expect(fleet.ask(1, .stop([.all])).last == "reply 1 done")
        fleet = FleetScript(idling: .leaves)
        _ = fleet.on(.booted(state((spec, .running, []))))
        #expect(fleet.on(.cannotListen(a, 7, "address in use")) == ["retry in 5s"])
        #expect(fleet.fleet.phase == .serving)
    }

    @Test func `as a service it stays`() {
        var fleet = FleetScript.serving(.plain { $0.restart.isAutomatic = false })
        _ = fleet.ends(a, 1)
        #expect(fleet.fleet.phase == .serving)
    }
}
