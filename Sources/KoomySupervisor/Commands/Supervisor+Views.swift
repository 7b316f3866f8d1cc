import KoomyCore
import KoomyModel
package import KoomySystem
package import KoomyWire

/// The fleet as users see it.
extension Supervisor {
    package func status() -> StatusView {
        expectQuiet()
        let usage = SessionUsage()
        let apps = fleet.apps.values.sorted { $0.name < $1.name }.map { view($0, usage) }
        return StatusView(daemon: daemonView, apps: apps)
    }

    package func app(_ name: String) -> AppView? {
        guard let name = AppName(name), let app = fleet.apps[name] else { return nil }
        var view = view(app, SessionUsage())
        view.spec = try? WireCoding.json(of: Self.redacted(app.spec))
        return view
    }

    package func knownApps() -> [String] { fleet.knownNames.map(\.text) }

    package func events(since sequence: UInt64) -> [EventView] { events.events(since: sequence) }

    /// root, koomyd's own user, and for the system's koomyd the members of the group `koomy`.
    package func permits(_ peer: PeerCredentials, changing: Bool) -> Bool {
        if peer.userID == 0 || peer.userID == ThisProcess.userID { return true }
        guard ThisProcess.isRoot, let group = try? Accounts.group(ControlSocket.group) else { return false }
        if peer.groupID == group { return true }
        guard let account = try? Accounts.user(number: peer.userID) else { return false }
        return (try? Accounts.groups(of: account).contains(group)) ?? false
    }

    private var daemonView: DaemonView {
        let now = MonotonicClock.now()
        return DaemonView(
            version: Version.current,
            pid: ThisProcess.id,
            uptimeMs: (now - startedAt).milliseconds,
            startedAt: startedAtWall.nanoseconds / 1_000_000,
            mode: setting.foregroundFile != nil ? "foreground" : ThisProcess.isRoot ? "system" : "user",
            configFile: setting.foregroundFile
        )
    }

    private func view(_ app: App, _ usage: SessionUsage) -> AppView {
        let now = MonotonicClock.now()
        let rows = app.rows
        return AppView(
            name: app.name.text,
            state: app.condition.rawValue,
            reason: app.reason,
            desired: app.isActive ? "running" : "stopped",
            instances: app.spec.instances,
            generation: app.current.number,
            restarts: app.slots.reduce(0) { $0 + $1.restarts },
            file: fleet.desired[app.name]?.file,
            listeners: listeners.addresses(app.name, app.current).map {
                ListenerView(name: $0.name, address: $0.address.description)
            },
            rollout: app.rollout.map { RolloutView($0, of: app) },
            workers: rows.map { view($0, of: app, usage, now) },
            logs: logsView(app.spec)
        )
    }

    private func view(_ row: App.Row, of app: App, _ usage: SessionUsage, _ now: Instant) -> WorkerView {
        let process = row.serial.flatMap { processes.workers[WorkerID(app: app.name, serial: $0)] }
        let lastExit = row.lastEnd.map { end in
            let age = (now - end.at).milliseconds
            return LastExitView(end.reason, at: WallClock.now().nanoseconds / 1_000_000 - age)
        }
        let drain = row.serial.flatMap { drains.count(WorkerID(app: app.name, serial: $0)) }
        var view = WorkerView(
            slot: row.slot,
            pid: process?.pid,
            serial: row.serial,
            state: row.condition.rawValue,
            generation: row.generation.number,
            uptimeMs: process.map { (now - $0.startedAt).milliseconds },
            restarts: row.restarts,
            memory: process.flatMap { usage.memory[$0.pid] },
            cpu: process.flatMap { process in
                usage.cpu[process.pid].map {
                    (process.cpu.sample($0, startedAt: process.startedAt, now: now) * 10).rounded() / 10
                }
            },
            readyBy: row.evidence?.rawValue,
            statusText: process?.statusText,
            connections: drain?.connections,
            oldestConnectionMs: drain?.oldest?.milliseconds,
            lastExit: lastExit,
            nextStartMs: row.nextStart.map { max(0, ($0 - now).milliseconds) }
        )
        view.release = (process?.spec ?? app.specs[row.generation])?.release.map(ReleaseView.init)
        if let serial = row.serial, app.candidate?.serial == serial { view.isCandidate = true }
        return view
    }

    /// The specification without the values of variables that may be secrets.
    private static func redacted(_ spec: AppSpec) -> AppSpec {
        let harmless: Set<String> = ["NODE_ENV", "PORT", "HOST", "TZ", "LANG", "LOG_LEVEL"]
        var spec = spec
        for name in spec.environment.keys where !harmless.contains(name) { spec.environment[name] = "***" }
        return spec
    }
}

extension RolloutView {
    fileprivate init(_ rollout: Rollout, of app: App) {
        let kind =
            switch rollout.kind {
            case .reload: "reload"
            case .rollback: "rollback"
            }
        self.init(
            kind: kind,
            from: rollout.from.number,
            to: rollout.to.number,
            done: rollout.done,
            total: rollout.total
        )
        release = app.specs[rollout.to]?.release.map(ReleaseView.init)
        reason = rollout.obstacle
        switch rollout.stage {
        case .rehearsing: phase = "rehearsing"
        case .rolling: phase = rollout.isPaused ? "paused" : rollout.obstacle == nil ? "rolling" : "waiting"
        case .watching, .comparing: phase = "canary"
        case .held: phase = "held"
        }
    }
}
