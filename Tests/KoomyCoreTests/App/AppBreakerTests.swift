import KoomyModel
import Testing

@testable import KoomyCore

/// When starting has to stop, and how it begins again.
struct AppBreakerTests {
    private let crash = ExitReason.exited(code: 1)

    private func spec(_ instances: Int = 1, most: Int = 3) -> AppSpec {
        .plain(instances) { $0.restart.maxRestarts = most }
    }

    /// An app that has been given up on.
    private func errored() -> AppScript {
        var app = AppScript(spec())
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        _ = app.restarts(0)
        _ = app.ends(3)
        return app
    }

    @Test func `too many unstable ends within the window make it errored`() {
        var app = AppScript(spec())
        _ = app.on(.start)
        #expect(app.ends(1) == ["spawn 2"])
        #expect(app.ends(2) == ["restart 0 in 100ms"])
        #expect(app.restarts(0) == ["spawn 3"])
        #expect(app.ends(3) == ["retry in 5m"])
        #expect(app.notices.contains(.errored(unstableEnds: 3, crash)))
        #expect(app.app.condition == .errored)
        #expect(app.app.reason == "given up, the last worker: exit code 1")
        #expect(app.app.rows.map(\.condition) == [.errored])
    }

    @Test func `ends that are far apart are not a loop`() {
        var app = AppScript(spec())
        _ = app.on(.start)
        for serial in 1...20 as ClosedRange<UInt64> {
            app.passes(.seconds(150))
            let deeds = app.ends(serial)
            if deeds != ["spawn \(serial + 1)"] { _ = app.restarts(0) }
            #expect(app.app.breaker == .closed)
        }
    }

    @Test func `stable runs never count`() {
        var app = AppScript.serving(spec(most: 1))
        for serial in 1...5 as ClosedRange<UInt64> {
            #expect(app.ends(serial) == ["spawn \(serial + 1)"])
            _ = app.ready(serial + 1)
            app.matures(serial + 1)
        }
    }

    @Test func `the retry tries one, and a stable run closes the breaker`() {
        var app = errored()
        #expect(app.fires(.retry(app.app.name)) == ["spawn 4"])
        #expect(app.notices.first == .retrying(slot: 0))
        #expect(app.app.condition == .errored)
        #expect(app.app.reason == "one worker is tried in slot 0")
        _ = app.ready(4)
        // Ready is not enough.
        #expect(app.app.condition == .errored)
        app.matures(4)
        #expect(app.notices == [.recovered])
        #expect(app.app.condition == .ok)
    }

    @Test func `the retry that fails opens it again`() {
        var app = errored()
        _ = app.fires(.retry(app.app.name))
        #expect(app.ends(4) == ["retry in 5m"])
        #expect(app.notices.contains(.errored(unstableEnds: 1, crash)))
        #expect(app.fires(.retry(app.app.name)) == ["spawn 5"])
    }

    @Test func `a newcomer that takes the scout's slot over stands for it`() {
        let once = spec(2, most: 1)
        var app = AppScript(once)
        _ = app.on(.start)
        _ = app.ends(1)
        _ = app.ends(2)
        _ = app.fires(.retry(app.app.name))
        _ = app.on(.roll(once.version(2), 2))
        _ = app.ready(3)
        // It matures before it has the slot.
        _ = app.ready(4)
        app.matures(4)
        _ = app.settles(0)
        #expect(app.app.breaker == .closed)
    }

    @Test func `workers that serve go on while others are errored`() {
        var app = AppScript.serving(spec(2, most: 2))
        #expect(app.ends(2) == ["spawn 3"])
        #expect(app.ends(3) == ["spawn 4"])
        #expect(app.ends(4) == ["retry in 5m"])
        #expect(app.ready == [1])
        #expect(app.app.condition == .errored)
        // One that ends now waits for the retry too.
        #expect(app.ends(1) == [])
        #expect(app.seats == [.errored, .errored])
        #expect(app.fires(.retry(app.app.name)) == ["spawn 5"])
        _ = app.ready(5)
        #expect(app.fires(5, .maturity) == ["spawn 6"])
    }

    @Test(arguments: [App.Event.start, .reset, .restart, .startSlot(0), .restartSlot(0)])
    func `an operator leads out of errored`(_ event: App.Event) {
        var app = errored()
        #expect(app.on(event) == ["no retry", "spawn 4"])
        // With a clean record.
        #expect(app.ends(4) == ["spawn 5"])
    }

    @Test func `without a retry it stays errored`() {
        var app = AppScript(
            .plain {
                $0.restart.maxRestarts = 1
                $0.restart.erroredRetry = .zero
            }
        )
        _ = app.on(.start)
        #expect(app.ends(1) == [])
        #expect(app.app.condition == .errored)
    }

    @Test func `a stop ends the waiting`() {
        var app = errored()
        #expect(app.on(.stop(.stopped)) == ["no retry", "no hold", "close 1"])
        #expect(app.app.condition == .stopped)
    }

    // MARK: - Several die alike

    @Test func `several that die alike come back one first and then the rest`() {
        var app = AppScript.serving(.plain(3))
        // The first is replaced at once; nobody knows yet that it is not alone.
        #expect(app.ends(1) == ["spawn 4"])
        #expect(app.ends(2) == [])
        #expect(app.notices.contains(.incident(scout: 0, crash)))
        #expect(app.ends(3) == [])
        #expect(app.seats == [.taken(serial: 4), .held, .held])
        #expect(app.ready(4) == ["spawn 5", "spawn 6"])
        #expect(app.app.breaker == .closed)
    }

    @Test func `it is one entry in the tally`() {
        var app = AppScript(spec(3, most: 2))
        _ = app.on(.start)
        app.starts(1, 2, 3)
        _ = app.ends(1)
        _ = app.ends(2)
        _ = app.ends(3)
        #expect(app.app.breaker == .incident(scout: 0))
        #expect(app.seats == [.taken(serial: 4), .held, .held])
        // The scout fails once more: that is two.
        #expect(app.ends(4) == ["retry in 5m"])
        #expect(app.seats == [.errored, .errored, .errored])
    }

    @Test func `different ends, or ends apart, have different causes`() {
        var app = AppScript.serving(.plain(3))
        #expect(app.ends(1) == ["spawn 4"])
        #expect(app.ends(2, .exited(code: 2)) == ["spawn 5"])
        app.passes(.seconds(2))
        #expect(app.ends(3, .exited(code: 2)) == ["spawn 6"])
        #expect(app.app.breaker == .closed)
    }

    @Test func `a sibling that has recovered already is no scout`() {
        var app = AppScript.serving(.plain(2))
        _ = app.ends(1)
        _ = app.ready(3)
        #expect(app.ends(2) == ["spawn 4"])
        #expect(app.app.breaker == .closed)
    }

    @Test func `a scout that is stopped hands its part on`() {
        var app = AppScript.serving(.plain(3))
        _ = app.ends(1)
        _ = app.ends(2)
        _ = app.ends(3)
        #expect(app.on(.stopSlot(0)) == ["close #0", "spawn 5"])
        #expect(app.app.breaker == .incident(scout: 1))
        #expect(app.ready(5) == ["spawn 6"])
    }

    @Test func `a scout that is scaled away hands its part on`() {
        var app = AppScript.serving(.plain(3))
        _ = app.ends(3)
        _ = app.ends(2)
        _ = app.ends(1)
        #expect(app.app.breaker == .incident(scout: 2))
        #expect(app.on(.scale(2)) == ["close #2", "spawn 5"])
        #expect(app.app.breaker == .incident(scout: 0))
    }

    // MARK: - Listeners

    @Test func `without listeners nothing starts`() {
        var app = AppScript(.plain(2))
        #expect(app.on(.startWhenListening) == ["listen 1"])
        #expect(app.app.condition == .errored)
        #expect(app.app.reason == "the listeners are being opened")
        #expect(!app.app.isAtRest)
        #expect(app.on(.cannotListen(1, "address in use")) == ["retry in 5s"])
        #expect(app.app.reason == "address in use")
        #expect(app.fires(.retry(app.app.name)) == ["listen 1"])
        #expect(app.on(.listening(1)) == ["no retry", "spawn 1", "spawn 2"])
    }

    @Test func `an operator who opened them need not wait`() {
        var app = AppScript(.plain { $0.recycle.schedule = .everySecond })
        _ = app.on(.startWhenListening)
        #expect(app.on(.start) == ["no retry", "schedule * * * * * *", "spawn 1"])
        // The answer comes late.
        #expect(app.on(.listening(1)) == [])
        #expect(app.on(.cannotListen(1, "late")) == [])
    }

    @Test func `answers for another generation or a stopped app mean nothing`() {
        var app = AppScript()
        _ = app.on(.startWhenListening)
        #expect(app.on(.listening(7)) == [])
        _ = app.on(.stop(.stopped))
        #expect(app.on(.listening(1)) == [])
        #expect(app.app.workers.isEmpty)
    }

    @Test func `restart and reset ask for the listeners again`() {
        var app = AppScript()
        _ = app.on(.startWhenListening)
        #expect(app.on(.restart) == ["listen 1"])
        #expect(app.on(.reset) == ["listen 1"])
        #expect(app.app.workers.isEmpty)
    }
}
