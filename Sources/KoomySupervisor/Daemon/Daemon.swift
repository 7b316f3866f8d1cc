import CSystemd
import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import KoomyWire

/// koomyd from its first step to its exit status.
package final class Daemon {
    private let setting: Supervisor.Setting
    private let log: DaemonLog
    private let loop: EventLoop
    private let supervisor: Supervisor
    private let lock: LockFile
    private let control: ControlServer
    private let controlSocketPath: String
    private var signals: [SignalSource] = []
    private var wasAskedToLeave = Leaving.no

    private enum Leaving { case no, draining }

    /// Takes the folders, the lock and the signals, and opens the control socket.
    package init(_ given: Supervisor.Setting) throws {
        var setting = given
        let isForeground = setting.foregroundFile != nil
        try setting.directories.prepare()
        lock = try LockFile.acquire(setting.directories.lockFile)
        log = DaemonLog(
            environment: setting.environment,
            prefersStandardError: isForeground || StandardStream.error.isTerminal,
            file: "\(setting.directories.log)/koomyd.log"
        )
        // Before anything else runs: what arrives from here on waits for the loop.
        try SignalMask.block([.hangup, .interrupt, .terminate, .quit, .user1, .user2, .child])
        try SignalMask.ignoreBrokenPipes()
        try ThisProcess.adoptOrphans()
        // systemd's descriptors are not for workers.
        _ = try PassedDescriptors.take()
        setting.descriptorLimit = try? ThisProcess.raiseDescriptorLimit()
        setting.delegated = Self.takeCgroup(log)
        let leftovers = Leftovers(notifyFolder: setting.directories.notifySockets).end(within: .seconds(10))
        if leftovers > 0 { log.warning("\(leftovers) processes of a koomyd that ended without them were ended") }
        loop = try EventLoop()
        supervisor = try Supervisor(setting, loop: loop, log: log)
        let socket = try ControlSocket.open(setting.directories)
        controlSocketPath = setting.directories.controlSocket
        control = try ControlServer(loop: loop, listener: socket.takeDescriptor(), delegate: supervisor)
        self.setting = setting
        let control = control
        supervisor.events.follower = { control.broadcast($0) }
    }

    /// Runs until it is told to leave, or has nothing left to run in the foreground.
    package func run() throws -> Int32 {
        try takeSignals()
        try loop.enableWatchdog()
        supervisor.announce(.daemonStarted, "koomyd \(Version.current) has started, process \(ThisProcess.id)")
        do {
            try boot()
        } catch let refusal as Refusal {
            log.error(refusal.message)
            for diagnostic in refusal.diagnostics ?? [] { log.error(diagnostic.text) }
            return refusal.outcome.exitCode.rawValue
        }
        supervisor.reporter.ready()
        let status = try loop.run()
        control.close()
        if let identity = FileIdentity(at: controlSocketPath), identity == controlIdentity {
            try? AtomicFile.remove(controlSocketPath)
        }
        log.info("koomyd leaves with status \(status)")
        return status
    }

    private lazy var controlIdentity = FileIdentity(at: controlSocketPath)

    private func boot() throws {
        _ = controlIdentity
        if let file = setting.foregroundFile {
            try supervisor.startForeground(file)
            return
        }
        guard let store = supervisor.store else { return }
        switch try store.load() {
        case .nothing: supervisor.send(.booted(DesiredState()))
        case .state(let state): supervisor.send(.booted(state))
        case .newer(let version):
            throw Refusal(
                .badConfiguration,
                "\(store.path) has version \(version), and this koomyd knows \(DesiredState.currentVersion): start a later koomyd"
            )
        case .corrupt(let reason, let keptAs):
            log.error("the state cannot be read (\(reason)); it is kept as \(keptAs), and no app is known")
            supervisor.announce(.stateCorrupt, "the state could not be read; it is kept as \(keptAs)")
            supervisor.send(.booted(DesiredState()))
        }
    }

    private func takeSignals() throws {
        let supervisor = supervisor
        signals = [
            try loop.signal(.hangup) { _ in supervisor.reloadEverything() },
            try loop.signal(.terminate) { [weak self] _ in self?.drain() },
            try loop.signal(.interrupt) { [weak self] _ in self?.drain() },
            try loop.signal(.quit) { _ in supervisor.leave(.now) },
            try loop.signal(.user1) { _ in supervisor.reopenLogs() },
            // Not ours: what runs in the foreground, as a container's first process, passes it on. It would end most workers.
            try loop.signal(.user2) { [isForeground = setting.foregroundFile != nil] _ in
                if isForeground { supervisor.processes.signalAll(.user2) }
            },
        ]
    }

    /// Asked once, it drains; asked again, it does not wait for that.
    private func drain() {
        supervisor.leave(wasAskedToLeave == .no ? .drain : .now)
        wasAskedToLeave = .draining
    }

    private static func takeCgroup(_ log: DaemonLog) -> DelegatedCgroup? {
        guard let own = DelegatedCgroup.own() else { return nil }
        do throws(SystemError) {
            try own.enableControllers(["memory", "pids"], movingOurselvesTo: "koomyd")
            return own
        } catch {
            log.warning("the delegated cgroup cannot be used: \(error)")
            return nil
        }
    }
}
