import KoomySystem
import KoomyWire

@testable import KoomySupervisor

/// A daemon whose answers a test decides.
final class FakeControlDelegate: ControlDelegate {
    var apps = [
        AppView(name: "api", state: "ok", desired: "running", instances: 2, generation: 3),
        AppView(name: "desk", state: "stopped", desired: "stopped", instances: 1, generation: 1),
    ]
    var remembered: [EventView] = []
    var permitsReading = true
    var permitsChanging = true
    /// What was asked for, in order.
    private(set) var commands: [ControlCommand] = []
    private(set) var peers: [PeerCredentials] = []
    /// The key of each command.
    private(set) var keys: [String?] = []
    var findings = DoctorView(checks: [DoctorCheck("strangers", .ok, message: "there are none")])
    /// The answers that are still held.
    var streams: [CommandStream] = []
    /// Done with each command; by default its answer is held.
    var onCommand: ((ControlCommand, CommandStream) -> Void)?

    func status() -> StatusView {
        StatusView(
            daemon: DaemonView(version: "1.2.3", pid: 42, uptimeMs: 5, startedAt: 1_700_000_000_000, mode: "user"),
            apps: apps
        )
    }

    func app(_ name: String) -> AppView? {
        guard var app = apps.first(where: { $0.name == name }) else { return nil }
        app.spec = .object(["name": .string(name)])
        return app
    }

    func knownApps() -> [String] { apps.map(\.name) }

    func deployments(_ name: String) -> DeploymentsView? {
        app(name).map { DeploymentsView(app: $0.name, deployments: []) }
    }

    func doctor() -> DoctorView { findings }

    func execute(
        _ command: ControlCommand,
        key: String?,
        from peer: PeerCredentials,
        answering stream: CommandStream
    ) {
        keys.append(key)
        commands.append(command)
        peers.append(peer)
        if let onCommand { onCommand(command, stream) } else { streams.append(stream) }
    }

    /// Lets go of what was recorded.
    func forget() {
        commands = []
        keys = []
        peers = []
    }

    func events(since sequence: UInt64) -> [EventView] { remembered.filter { $0.seq > sequence } }

    func permits(_ peer: PeerCredentials, changing: Bool) -> Bool { changing ? permitsChanging : permitsReading }
}

extension EventView {
    init(_ seq: UInt64, message: String? = nil) {
        self.init(seq: seq, at: 1_700_000_000_000, type: EventType.workerReady.rawValue, app: "api", message: message)
    }
}
