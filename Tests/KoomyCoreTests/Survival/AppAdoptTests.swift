import KoomyModel
import Testing

@testable import KoomyCore

/// Workers of which only their environment tells.
struct AppAdoptTests {
    private let a = AppName.named("a")

    private func survivor(_ serial: UInt64, slot: Int, _ generation: Generation) -> Survivor {
        Survivor(
            id: WorkerID(app: a, serial: serial),
            slot: slot,
            generation: generation,
            startedAt: Instant(nanoseconds: 5)
        )
    }

    /// An app that a new koomyd is to run in generation 3, and has not opened the listeners of.
    private func begun(_ spec: AppSpec = .plain(2), stopped: Set<Int> = []) -> AppScript {
        var script = AppScript(spec)
        script.app = App(spec, generation: 3, stoppedSlots: stopped)
        _ = script.on(.startWhenListening)
        return script
    }

    @Test func `each takes its slot again and is looked at anew`() {
        var script = begun()
        #expect(script.on(.found([survivor(8, slot: 1, 3), survivor(7, slot: 0, 3)])) == [])
        #expect(script.occupants == [7, 8])
        #expect(script.app.workers[7]?.startedAt == Instant(nanoseconds: 5))
        #expect(script.app.workers[7]?.policy.readiness == .automatic)
        #expect(script.on(.listening(3)) == ["no retry"])
        #expect(script.on(7, .becameReady(.observed)) == [])
        #expect(script.ready == [7])
    }

    @Test func `serials go on behind the highest`() {
        var script = begun()
        _ = script.on(.found([survivor(7, slot: 0, 3)]))
        #expect(script.on(.listening(3)).contains("spawn 8"))
    }

    @Test func `the youngest has the slot, the others leave`() {
        var script = begun()
        let deeds = script.on(.found([survivor(7, slot: 0, 3), survivor(9, slot: 0, 3), survivor(8, slot: 0, 3)]))
        #expect(deeds == ["TERM 7", "TERM 8"])
        #expect(script.occupants.first == 9)
    }

    @Test func `one of the generation in service goes before a younger one of another`() {
        var script = begun()
        #expect(script.on(.found([survivor(7, slot: 0, 3), survivor(9, slot: 0, 4)])) == ["TERM 9"])
        #expect(script.occupants.first == 7)
        #expect(script.app.rollout == nil)
        #expect(script.app.nextGeneration == 5)
    }

    @Test func `workers that nobody wants leave`() {
        var script = begun(stopped: [1])
        let found = [survivor(7, slot: 0, 3), survivor(8, slot: 1, 3), survivor(9, slot: 2, 3)]
        #expect(script.on(.found(found)) == ["TERM 8", "TERM 9"])
        #expect(script.occupants.first == 7)
    }

    @Test func `workers of an app that is stopped leave`() {
        var script = AppScript(.plain(1))
        #expect(script.on(.found([survivor(7, slot: 0, 1)])) == ["TERM 7"])
        #expect(script.ends(7) == ["close 1"])
        #expect(script.app.condition == .stopped)
    }

    @Test func `a rollout that had not succeeded goes back`() {
        var script = begun()
        _ = script.on(.found([survivor(7, slot: 0, 4), survivor(6, slot: 1, 3)]))
        #expect(script.app.rollout?.to == 3)
        #expect(script.app.rollout?.pending == [0])
        #expect(script.on(.listening(3)).contains("spawn 8"))
        #expect(script.app.workers[8]?.generation == 3)
        _ = script.ready(8)
        #expect(script.settles(0) == ["TERM 7"])
        _ = script.ends(7)
        #expect(script.outcome == .aborted || script.app.rollout == nil)
        #expect(script.occupants == [8, 6])
    }

    @Test func `survivors of older generations go back to the one in service, too`() {
        var script = begun(.plain(1))
        _ = script.on(.found([survivor(7, slot: 0, 2)]))
        #expect(script.app.rollout?.from == 2)
        _ = script.on(.listening(3))
        _ = script.ready(8)
        #expect(script.settles(0) == ["TERM 7"])
    }

    @Test func `a survivor of another generation that ends is followed by one in service`() {
        var script = begun(.plain(1))
        _ = script.on(.found([survivor(7, slot: 0, 4)]))
        _ = script.on(.listening(3))
        _ = script.on(.roll(AppSpec.plain(1).version(5), 5))
        _ = script.ends(7)
        #expect(script.app.workers.values.allSatisfy { $0.generation != 4 })
    }
}
