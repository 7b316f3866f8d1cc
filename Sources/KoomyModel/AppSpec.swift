/// Everything that is wanted of one app: an entry of an ecosystem file with every default filled in.
///
/// Two equal specifications start equal workers, so equality decides whether a reload has anything to change.
package struct AppSpec: Hashable, Sendable, Codable {
    package var name: AppName
    package var command: Command
    /// Absolute; found by way of `release` at each start.
    package var workingDirectory: String
    /// Exactly what the file declares; koomyd adds its documented base and its own variables at the start.
    package var environment: [String: String]
    package var instances: Int
    package var listeners: [ListenerSpec]
    package var readiness: ReadinessRule
    /// Asked again and again of a ready worker; nil for never.
    package var health: Probe?
    package var restart = RestartPolicy()
    package var stop = StopPolicy()
    package var rollout = RolloutPolicy()
    package var recycle = RecyclePolicy()
    package var identity = Identity()
    package var attributes = ProcessAttributes()
    /// A worker that has sent `WATCHDOG=1` once and then not for this long is hung; nil for no watchdog.
    package var watchdog: TimeSpan?
    package var logs = LogSpec()
    /// The variable that carries the slot, beside KOOMY_SLOT; PM2's NODE_APP_INSTANCE by default.
    package var slotVariable = "NODE_APP_INSTANCE"
    /// The value of PORT, where the file gives one or a TCP listener implies it.
    package var port: UInt16?
    /// False: it is known, and stays stopped until it is asked for.
    package var startsAutomatically = true
    /// Where the code is; nil where no symbolic link leads to it.
    package var release: Release?
    /// How it is deployed; nil where its file does not say.
    package var deploy: DeploySpec?

    package init(
        name: AppName,
        command: Command,
        workingDirectory: String,
        environment: [String: String] = [:],
        instances: Int = 1,
        listeners: [ListenerSpec] = [],
        readiness: ReadinessRule = .automatic,
        health: Probe? = nil
    ) {
        self.name = name
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.instances = instances
        self.listeners = listeners
        self.readiness = readiness
        self.health = health
    }
}

extension AppSpec {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.read(.name),
            command: try values.read(.command),
            workingDirectory: try values.read(.workingDirectory)
        )
        try values.read(.environment, into: &environment)
        try values.read(.instances, into: &instances)
        try values.read(.listeners, into: &listeners)
        try values.read(.readiness, into: &readiness)
        try values.read(.health, into: &health)
        try values.read(.restart, into: &restart)
        try values.read(.stop, into: &stop)
        try values.read(.rollout, into: &rollout)
        try values.read(.recycle, into: &recycle)
        try values.read(.identity, into: &identity)
        try values.read(.attributes, into: &attributes)
        try values.read(.watchdog, into: &watchdog)
        try values.read(.logs, into: &logs)
        try values.read(.slotVariable, into: &slotVariable)
        try values.read(.port, into: &port)
        try values.read(.startsAutomatically, into: &startsAutomatically)
        try values.read(.release, into: &release)
        try values.read(.deploy, into: &deploy)
    }
}
