import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// The process of an exec probe, until it is reaped.
final class ProbeChild {
    private enum Phase {
        case running
        /// It was killed with everything that it had started.
        case killed(sweeps: Int)
        case over
    }

    let pid: ProcessID
    private let loop: EventLoop
    private let process: SpawnedProcess
    private let ended: (ExitReason) -> Void
    private var phase = Phase.running
    private var startFailure: StartFailure?
    private var exitSource: IOSource?
    private var startupSource: IOSource?
    private var sweepTimer: TimerSource?

    /// Before the handler of SIGCHLD, so that the number is still its own when the rest of its group is killed.
    private static let priority = EventPriority(EventPriority.urgent.number - 1)
    private static let sweepInterval = TimeSpan.milliseconds(10)
    private static let mostSweeps = 20

    /// `ended` is called once, when the process has been reaped.
    init(loop: EventLoop, process: consuming SpawnedProcess, _ ended: @escaping (ExitReason) -> Void) throws {
        self.loop = loop
        pid = process.pid
        self.process = process
        self.ended = ended
        let exit = self.process.pidfd.descriptor.number
        let startup = self.process.startup.descriptor.number
        exitSource = try loop.io(exit, priority: Self.priority) { [weak self] _ in self?.exited() }
        startupSource = try loop.io(startup) { [weak self] _ in self?.readStartup() }
    }

    isolated deinit {
        exitSource.remove()
        startupSource.remove()
        // Nobody waits for it any more; whoever handles SIGCHLD reaps it.
        if case .running = phase { _ = try? process.pidfd.signal(.kill) }
    }

    /// Kills it and its descendants; it is reaped as soon as none is left.
    func kill() {
        guard case .running = phase else { return }
        phase = .killed(sweeps: 0)
        // The tree while parents are known, then at one blow the group, in which a fork cannot outrun the signal.
        _ = sweep()
        killGroup()
        _ = try? process.pidfd.signal(.kill)
    }

    /// Somebody else has reaped it.
    func reaped(_ reason: ExitReason) {
        if case .killed = phase { _ = sweep() }
        finish(reason)
    }

    private func exited() {
        readStartup()
        switch phase {
        case .over: break
        case .running:
            // What it left behind in its group; the number is its own until it is reaped.
            killGroup()
            reap()
        case .killed(let sweeps):
            if sweep(), sweeps < Self.mostSweeps, sweepLater() {
                phase = .killed(sweeps: sweeps + 1)
                exitSource?.disable()
            } else {
                reap()
            }
        }
    }

    private func reap() {
        do throws(SystemError) {
            guard let reason = try process.pidfd.reap() else { return }
            finish(reason)
        } catch {
            // Reaped by somebody who did not tell.
            finish(process.pidfd.exitReasonOfStranger() ?? .unknown)
        }
    }

    private func finish(_ reason: ExitReason) {
        if case .over = phase { return }
        readStartup()
        phase = .over
        exitSource.remove()
        startupSource.remove()
        sweepTimer = nil
        ended(startFailure.map { .failedToStart($0) } ?? reason)
    }

    private func readStartup() {
        guard startupSource != nil, let outcome = try? process.startup.read() else { return }
        switch outcome {
        case .pending: return
        case .running: break
        case .failed(let failure): startFailure = failure
        }
        startupSource.remove()
    }

    /// Kills what is left of the tree; whether there was anything.
    private func sweep() -> Bool { !ProcessTree.signal(.kill, TreeMark(root: pid)).isEmpty }

    private func sweepLater() -> Bool {
        if sweepTimer == nil { sweepTimer = try? loop.timer { [weak self] in self?.exited() } }
        sweepTimer?.arm(at: MonotonicClock.now() + Self.sweepInterval)
        return sweepTimer != nil
    }

    /// It leads a session, hence a group with its own number (setsid(2)).
    private func killGroup() { _ = Glibc.kill(-pid, SIGKILL) }
}
