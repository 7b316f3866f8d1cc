import KoomyModel
import Testing

@testable import KoomyCore

/// A fleet that goes on where the koomyd before was interrupted.
struct FleetResumeTests {
    private let a = AppName.named("a")
    private let spec = AppSpec.plain()

    private func resumed(_ fleet: FleetScript, onDisk: DesiredState? = nil) -> Fleet.Event {
        .resumed(away: .seconds(60), onDisk: onDisk ?? fleet.saved)
    }

    @Test func `a fleet that serves has nothing to do`() {
        var fleet = FleetScript.serving(spec)
        let before = fleet.fleet
        #expect(fleet.on(resumed(fleet)) == [])
        #expect(fleet.fleet == before)
    }

    @Test func `a change that was being prepared is prepared again and then acknowledged`() {
        var fleet = FleetScript.serving(spec)
        fleet.disk = .waits
        _ = fleet.ask(2, .stop([.app(a)]))
        #expect(fleet.on(resumed(fleet)) == ["prepare save"])
        #expect(fleet.outcome(2) == nil)
        #expect(fleet.prepared().contains("TERM a#1"))
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == .done)
    }

    @Test func `a change that is on disk already is the same change`() {
        var fleet = FleetScript.serving(spec)
        fleet.disk = .waits
        _ = fleet.ask(2, .stop([.app(a)]))
        guard let written = fleet.fleet.change?.preparation.desired else {
            Issue.record("nothing is being prepared")
            return
        }
        #expect(written.revision == fleet.fleet.durable.revision + 1)
        #expect(fleet.fleet.latestRevision == written.revision)
        _ = fleet.on(resumed(fleet, onDisk: written))
        _ = fleet.prepared()
        #expect(fleet.saved == written)
        #expect(fleet.fleet.durable == fleet.fleet.desired)
    }

    @Test func `requests that waited behind a change are taken`() {
        var fleet = FleetScript.serving(spec)
        fleet.disk = .waits
        _ = fleet.ask(2, .scale(a, .to(2)))
        _ = fleet.ask(3, .reset([.all]))
        #expect(fleet.fleet.owesAnswer(to: RequestID(2)) && fleet.fleet.owesAnswer(to: RequestID(3)))
        #expect(!fleet.fleet.owesAnswer(to: RequestID(4)))
        _ = fleet.on(resumed(fleet))
        _ = fleet.prepared()
        #expect(fleet.outcome(3) == .done)
        _ = fleet.ready(a, 2)
        #expect(fleet.outcome(2) == .done)
    }

    @Test func `what a rollout changed is written if the disk does not have it`() {
        var fleet = FleetScript.serving(spec)
        let older = fleet.saved
        _ = fleet.ask(2, .reload(a, spec.version(2)))
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == .done)
        #expect(fleet.on(resumed(fleet, onDisk: older)) == ["prepare save"])
        #expect(fleet.saved[a]?.spec == spec.version(2))
        #expect(fleet.saved.revision == older.revision + 1)
    }

    @Test func `a koomyd that was leaving serves again, and says so`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .shutdown(.drain))
        #expect(fleet.fleet.phase == .leaving(status: 0))
        #expect(fleet.on(resumed(fleet)).contains("listen a@1"))
        #expect(fleet.fleet.phase == .serving)
        #expect(fleet.outcome(2) == .rollout(.aborted))
        #expect(fleet.on(.listening(a, 1)).contains("spawn a#2"))
    }

    @Test func `a koomyd that had left serves again`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .shutdown(.drain))
        #expect(fleet.ends(a, 1).contains("exit 0"))
        #expect(fleet.fleet.phase == .left)
        #expect(fleet.on(resumed(fleet)).contains("listen a@1"))
        #expect(fleet.on(.listening(a, 1)).contains("spawn a#2"))
        #expect(fleet.outcome(2) == .done)
    }

    @Test func `apps that operators stopped stay stopped`() {
        var fleet = FleetScript.serving(spec)
        _ = fleet.ask(2, .stop([.app(a)]))
        _ = fleet.ends(a, 1)
        _ = fleet.ask(3, .shutdown(.drain))
        #expect(fleet.on(resumed(fleet)) == [])
        #expect(fleet.fleet.apps[a]?.isActive == false)
    }

    // MARK: - Revisions

    @Test func `each write raises the revision`() {
        var fleet = FleetScript.serving(spec)
        #expect(fleet.saved.revision == 1)
        _ = fleet.ask(2, .scale(a, .to(2)))
        #expect(fleet.saved.revision == 2)
        #expect(fleet.fleet.latestRevision == 2)
    }

    @Test func `a disk that was written later is recognised`() {
        var fleet = FleetScript.serving(spec)
        let stale = fleet.fleet
        _ = fleet.ask(2, .scale(a, .to(2)))
        #expect(fleet.saved.revision > stale.latestRevision)
    }

    // MARK: - Listeners

    private let listening = AppSpec.plain {
        $0.listeners = [ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 1))]
    }

    @Test func `listeners that cannot be had again are opened again`() {
        var fleet = FleetScript.serving(listening)
        #expect(fleet.fleet.apps[a].map(fleet.fleet.openGenerations) == [1])
        #expect(fleet.on(.lostListeners(a, "in use")) == ["retry in 1s"])
        #expect(fleet.fleet.apps[a].map(fleet.fleet.openGenerations) == [])
        #expect(fleet.on(resumed(fleet)) == ["listen a@1"])
        #expect(fleet.on(.cannotListen(a, 1, "in use")) == ["retry in 5s"])
        #expect(fleet.fires(.retry(a)) == ["listen a@1"])
        #expect(fleet.on(.listening(a, 1)) == ["no retry"])
        #expect(fleet.fleet.apps[a]?.condition == .ok)
    }

    @Test func `without listeners nothing is started, and who serves goes on`() {
        var fleet = FleetScript.serving(.plain(2) { $0.listeners = listening.listeners })
        _ = fleet.on(.lostListeners(a, "in use"))
        #expect(fleet.ends(a, 1, .exited(code: 1)) == [])
        #expect(fleet.fleet.apps[a]?.workers[2]?.isReady == true)
        #expect(fleet.fires(.retry(a)) == ["listen a@1"])
        #expect(fleet.on(.listening(a, 1)).contains("spawn a#3"))
    }

    @Test func `a rollout keeps its own listeners when those in service are lost`() {
        var fleet = FleetScript.serving(listening)
        _ = fleet.ask(2, .reload(a, listening.version(2)))
        _ = fleet.on(.lostListeners(a, "in use"))
        #expect(fleet.fleet.apps[a].map(fleet.fleet.openGenerations) == [2])
        _ = fleet.ready(a, 2)
        _ = fleet.settles(a, 0)
        _ = fleet.ends(a, 1)
        #expect(fleet.outcome(2) == .done)
    }

    @Test func `an app without workers that is stopped has no listeners`() {
        var fleet = FleetScript.serving(listening)
        _ = fleet.ask(2, .stop([.app(a)]))
        #expect(fleet.fleet.apps[a].map(fleet.fleet.openGenerations) == [1])
        _ = fleet.ends(a, 1)
        #expect(fleet.fleet.apps[a].map(fleet.fleet.openGenerations) == [])
    }
}
