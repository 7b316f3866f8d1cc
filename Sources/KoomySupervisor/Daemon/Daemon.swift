import CSystemd
import Glibc
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
    private let control: ControlServer
    private let takeover: Takeover?
    /// What outlived an earlier koomyd.
    private let pool: DescriptorPool
    private var signals: [SignalSource] = []
    private var wasAskedToLeave = Leaving.no

    private enum Leaving { case no, draining }

    /// Takes the folders, the lock and the signals, and opens the control socket.
    ///
    /// - Parameters:
    ///   - given: How it was started.
    ///   - takeover: What the koomyd that ran in this process before left; nil where it begins.
    /// - Throws: What keeps it from running: a folder, the lock, the control socket.
    package init(_ given: Supervisor.Setting, takeover: Takeover? = nil) throws {
        var setting = given
        self.takeover = takeover
        let isForeground = setting.foregroundFile != nil
        try setting.directories.prepare()
        let pool = takeover?.pool ?? DescriptorPool()
        let lock =
            if let kept = pool.claim(takeover?.handover.lock) {
                LockFile(adopting: kept, setting.directories.lockFile)
            } else {
                try LockFile.acquire(setting.directories.lockFile)
            }
        log = DaemonLog(
            environment: setting.environment,
            prefersStandardError: isForeground || StandardStream.error.isTerminal,
            file: "\(setting.directories.log)/koomyd.log"
        )
        // Before anything else runs: what arrives from here on waits for the loop.
        try SignalMask.block([.hangup, .interrupt, .terminate, .quit, .user1, .user2, .child])
        try SignalMask.ignoreBrokenPipes()
        try ThisProcess.adoptOrphans()
        setting.descriptorLimit = takeover?.handover.descriptorLimit ?? (try? ThisProcess.raiseDescriptorLimit())
        setting.delegated = Self.takeCgroup(log)
        // Before any worker is touched: where another koomyd lives, it has them.
        let socket =
            if let kept = pool.claim(takeover?.handover.control) { try ListeningSocket.adopt(kept) } else {
                try ControlSocket.open(setting.directories)
            }
        if isForeground {
            let left = Leftovers(notifyFolder: setting.directories.notifySockets).end(within: .seconds(10))
            if left > 0 { log.warning("\(left) processes of a koomyd that ended without them were ended") }
        }
        loop = try EventLoop()
        let log = log
        // In the process of a koomyd that has them already they are known by its handover.
        let passed = takeover == nil ? try PassedDescriptors.take() : []
        // They are ours only, and not those of a program that follows in this process.
        for name in ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"] { setting.environment[name] = nil }
        let store =
            isForeground
            ? nil
            : try DescriptorStore.open(Self.storeKind(setting, passed), loop: loop) {
                log.warning("descriptors: \($0)")
            }
        for kept in store?.takeKept() ?? [] { pool.add(kept.descriptor) }
        self.pool = pool
        let activated =
            if let records = takeover?.handover.activated {
                ActivatedSockets(records, from: pool)
            } else {
                ActivatedSockets(passed.filter { !DescriptorStore.isNameOfOurs($0.name) })
            }
        let holdings = Holdings(lock: lock, controlSocket: FileIdentity(of: socket.descriptor.number))
        supervisor = try Supervisor(
            setting,
            loop: loop,
            log: log,
            descriptors: store,
            activated: activated,
            holdings: holdings
        )
        control = try ControlServer(loop: loop, listener: socket.takeDescriptor(), delegate: supervisor)
        self.setting = setting
        let control = control
        supervisor.events.follower = { control.broadcast($0) }
    }

    /// Goes on where an earlier koomyd was, or begins; returns a status where there is nothing to run.
    ///
    /// Throws what may be another time: nothing of what an earlier koomyd left is lost by it.
    package func begin() throws -> Int32? {
        try takeSignals()
        try loop.enableWatchdog()
        if takeover == nil {
            supervisor.announce(.daemonStarted, "koomyd \(Version.current) has started, process \(ThisProcess.id)")
        }
        _ = controlIdentity
        do {
            try boot()
        } catch let refusal as Refusal {
            log.error(refusal.message)
            for diagnostic in refusal.diagnostics ?? [] { log.error(diagnostic.text) }
            return refusal.outcome.exitCode.rawValue
        }
        let unwanted = supervisor.listeners.unwanted
        if takeover == nil, !unwanted.isEmpty {
            log.notice("no app listens where systemd does for \(unwanted.joined(separator: ", ")); it waits for one")
        }
        return nil
    }

    /// Runs until it is told to leave, or has nothing left to run in the foreground.
    package func serve() throws -> Int32 {
        supervisor.reporter.ready()
        let status = try loop.run()
        control.close()
        if let identity = FileIdentity(at: setting.directories.controlSocket), identity == controlIdentity {
            try? AtomicFile.remove(setting.directories.controlSocket)
        }
        log.info("koomyd leaves with status \(status)")
        supervisor.end()
        return status
    }

    private lazy var controlIdentity = FileIdentity(at: setting.directories.controlSocket)

    private func boot() throws {
        if let file = setting.foregroundFile {
            try supervisor.startForeground(file)
            return
        }
        try supervisor.begin(takeover, from: pool)
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

    /// Asked once, it drains, or leaves its workers to the koomyd that systemd starts next; asked again, it does not wait.
    private func drain() {
        guard wasAskedToLeave == .no else { return supervisor.leave(.now) }
        wasAskedToLeave = .draining
        if setting.foregroundFile == nil, ServiceJob.ofThisUnit() == .restart {
            supervisor.leaveWorkers()
        } else {
            supervisor.leave(.drain)
        }
    }

    private static func storeKind(
        _ setting: Supervisor.Setting,
        _ passed: [PassedDescriptor]
    ) -> DescriptorStore.Kind {
        guard setting.environment["NOTIFY_SOCKET"] == nil else { return .systemd(passed: passed) }
        return .keeper(
            socketPath: setting.directories.keeperSocket,
            executable: ThisProcess.programPath ?? "/proc/self/exe"
        )
    }

    /// Where each worker gets a cgroup of its own.
    ///
    /// Controllers for children are enabled only above a subgroup that systemd made for us (DelegateSubgroup=, systemd 254):
    /// a unit's own cgroup with controllers for children takes no process any more, and so no next koomyd, while a child
    /// of it has one.
    private static func takeCgroup(_ log: DaemonLog) -> DelegatedCgroup? {
        if let outer = DelegatedCgroup.aboveOwnSubgroup() {
            do throws(SystemError) {
                try outer.enableControllers(["memory", "pids"])
            } catch {
                log.warning("the controllers of the delegated cgroup cannot be used: \(error)")
            }
            return outer
        }
        return DelegatedCgroup.own()?.withoutControllers
    }
}
