/// The answer of `GET /v1/status`: the daemon and all its apps at one moment.
public struct StatusView: Codable, Hashable, Sendable {
    /// The version of this schema; raised only by a change that an older reader would misunderstand.
    public var schema: Int
    /// The daemon that answers.
    public var daemon: DaemonView
    /// Every app that the daemon knows, by name.
    public var apps: [AppView]

    /// The schema that this library reads and writes.
    public static let currentSchema = 1

    /// A status from its parts.
    public init(schema: Int = StatusView.currentSchema, daemon: DaemonView, apps: [AppView]) {
        self.schema = schema
        self.daemon = daemon
        self.apps = apps
    }
}

/// The daemon itself.
public struct DaemonView: Codable, Hashable, Sendable {
    /// As `koomyd --version` has it.
    public var version: String
    /// Its process.
    public var pid: Int32
    /// Milliseconds since this daemon began.
    public var uptimeMs: Int64
    /// When it began, in milliseconds since the Unix epoch.
    public var startedAt: Int64
    /// `system`, `user` or `foreground`.
    public var mode: String
    /// The ecosystem file of a foreground daemon.
    public var configFile: String?

    /// A daemon from its parts.
    public init(
        version: String,
        pid: Int32,
        uptimeMs: Int64,
        startedAt: Int64,
        mode: String,
        configFile: String? = nil
    ) {
        self.version = version
        self.pid = pid
        self.uptimeMs = uptimeMs
        self.startedAt = startedAt
        self.mode = mode
        self.configFile = configFile
    }
}
