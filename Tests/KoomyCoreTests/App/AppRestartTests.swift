import KoomyModel
import Testing

@testable import KoomyCore

/// What follows when a worker ends by itself.
struct AppRestartTests {
    private let crash = ExitReason.exited(code: 1)

    @Test func `a start starts every slot at once`() {
        var app = AppScript(.plain(3))
        #expect(app.app.condition == .stopped)
        #expect(app.on(.start) == ["spawn 1", "spawn 2", "spawn 3"])
        #expect(app.app.condition == .degraded)
        #expect(app.app.reason == "0 of 3 workers are ready")
        _ = app.ready(1, 2)
        #expect(app.app.readyCount == 2)
        _ = app.ready(3)
        #expect(app.app.condition == .ok)
        #expect(app.app.reason == nil)
    }

    @Test func `a worker with a clean record is replaced at once`() {
        var app = AppScript.serving(.plain(2))
        #expect(app.on(2, .exited(crash)) == ["spawn 3"])
        // What it left behind is dealt with beside its successor.
        #expect(app.on(2, .treeGone) == [])
        #expect(app.ready(3) == [])
        #expect(app.app.slots[1].restarts == 1)
        #expect(app.app.slots[1].lastEnd?.reason == crash)
    }

    @Test func `a clean end is an end too`() {
        var app = AppScript.serving()
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 2"])
    }

    @Test func `unstable runs are followed by longer and longer waits`() {
        var app = AppScript()
        _ = app.on(.start)
        #expect(app.ends(1) == ["spawn 2"])
        #expect(app.ends(2) == ["restart 0 in 100ms"])
        #expect(app.app.rows.first?.nextStart == app.now + .milliseconds(100))
        #expect(app.restarts(0) == ["spawn 3"])
        #expect(app.ends(3) == ["restart 0 in 200ms"])
        #expect(app.restarts(0) == ["spawn 4"])
        // It serves for a while: the record is clean again.
        _ = app.ready(4)
        app.matures(4)
        #expect(app.ends(4) == ["spawn 5"])
    }

    @Test func `ready for less than min_uptime is unstable`() {
        var app = AppScript.serving()
        _ = app.ends(1)
        _ = app.ready(2)
        #expect(app.ends(2) == ["spawn 3"])
        _ = app.ready(3)
        #expect(app.ends(3) == ["restart 0 in 100ms"])
    }

    @Test func `a start that fails waits as a crash does`() {
        var app = AppScript()
        _ = app.on(.start)
        // EAGAIN: too many processes at the moment.
        let failure = StartFailure(step: .clone, errno: 11, subject: "/x")
        #expect(app.on(1, .spawnFailed(failure)) == ["spawn 2"])
        #expect(app.on(2, .spawnFailed(failure)) == ["restart 0 in 100ms"])
        #expect(app.app.slots[0].lastEnd?.reason == .failedToStart(failure))
    }

    @Test func `what cannot be started at all is not tried in a loop`() {
        var app = AppScript(.plain(2))
        _ = app.on(.start)
        let failure = StartFailure(step: .execute, errno: 2, subject: "/x")
        #expect(app.on(1, .spawnFailed(failure)) == ["retry in 5m"])
        #expect(app.notices.contains(.unstartable(slot: 0, failure)))
        #expect(app.on(2, .spawnFailed(failure)) == [])
        #expect(app.app.condition == .errored)
        #expect(app.app.reason == "given up, the last worker: cannot run /x: No such file or directory")
        #expect(app.fires(.retry(app.app.name)) == ["spawn 3"])
        #expect(app.on(3, .spawnFailed(failure)) == ["retry in 5m"])
    }

    @Test(arguments: [StartFailure.Step.execute, .clone, .lookup, .workingDirectory, .user, .descriptors])
    func `want of something passes, a missing path does not`(_ step: StartFailure.Step) {
        let passes = [.clone, .descriptors].contains(step)
        #expect(StartFailure(step: step, errno: 2, subject: "/x").isLasting != passes)
        #expect(StartFailure(step: .execute, errno: 26, subject: "/x").isLasting == false)
    }

    @Test func `one that is not ready in time is replaced while it leaves`() {
        var app = AppScript()
        _ = app.on(.start)
        app.starts(1)
        #expect(app.fires(1, .readiness) == ["TERM 1", "spawn 2"])
        #expect(app.occupants == [2])
        #expect(app.app.rows.map(\.condition) == [.draining, .starting])
    }

    @Test func `one that hangs is replaced while it dies`() {
        var app = AppScript.serving(.plain { $0.watchdog = .seconds(2) })
        _ = app.on(1, .pinged)
        #expect(app.fires(1, .watchdog) == ["ABRT 1", "spawn 2"])
        #expect(app.ends(1, .signaled(.abort, dumpedCore: true)) == [])
        #expect(app.app.slots[0].lastEnd?.reason == .signaled(.abort, dumpedCore: true))
    }

    // MARK: - Ends that are final

    @Test func `without autorestart it stays down`() {
        var app = AppScript.serving(.plain(2) { $0.restart.isAutomatic = false })
        #expect(app.ends(1, .exited(code: 0)) == [])
        #expect(app.seats[0] == .finished(.exited(code: 0)))
        // The other serves, and no more is wanted.
        #expect(app.app.condition == .ok)
        #expect(app.ends(2, crash) == [])
        #expect(app.app.condition == .stopped)
        #expect(app.app.reason == "every worker has finished")
        #expect(app.app.isAtRest && app.app.hasFailed)
        // An operator may start it again.
        #expect(app.on(.start) == ["spawn 3", "spawn 4"])
    }

    @Test func `an exit code that means done is no failure`() {
        var app = AppScript.serving(.plain { $0.restart.stopExitCodes = [3] })
        #expect(app.ends(1, .exited(code: 3)) == [])
        #expect(app.app.isAtRest && !app.app.hasFailed)
        #expect(app.on(.startSlot(0)) == ["spawn 2"])
        #expect(app.ends(2, .exited(code: 4)) == ["spawn 3"])
    }

    @Test func `one that was killed for its memory did not finish`() {
        var app = AppScript.serving(
            .plain {
                $0.restart.isAutomatic = false
                $0.recycle.maxMemory = ByteCount(bytes: 100)
            }
        )
        #expect(app.on(.sampled(1, ByteCount(bytes: 200))) == ["kill 1"])
        #expect(app.ends(1, .signaled(.kill, dumpedCore: false)) == ["spawn 2"])
    }

    // MARK: - Workers that cannot overlap

    @Test func `one that owns its port is waited for`() {
        var app = AppScript.serving()
        _ = app.on(.ownsPort(1))
        #expect(app.on(1, .exited(crash)) == [])
        #expect(app.app.rows.map(\.condition) == [.draining])
        #expect(app.on(1, .treeGone) == ["spawn 2"])
    }

    @Test func `and so is every one that leaves the slot for another reason`() {
        var app = AppScript.serving()
        _ = app.on(.ownsPort(1))
        #expect(app.on(.stop(.stopped)).last == "TERM 1")
        #expect(app.on(.start) == [])
        #expect(app.ends(1, .exited(code: 0)) == ["spawn 2"])
        #expect(app.on(.stopSlot(0)) == ["close #0"])
        #expect(app.on(.startSlot(0)) == [])
        #expect(app.on(2, .spawned) == ["TERM 2"])
        #expect(app.ends(2, .exited(code: 0)) == ["spawn 3"])
    }
}
