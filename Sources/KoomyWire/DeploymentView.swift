/// The answer of `GET /v1/apps/NAME/deployments`: what replaced an app's workers, and how that ended.
public struct DeploymentsView: Codable, Hashable, Sendable {
    /// The app's name.
    public var app: String
    /// The newest first.
    public var deployments: [DeploymentView]

    /// A history from its parts.
    public init(app: String, deployments: [DeploymentView]) {
        self.app = app
        self.deployments = deployments
    }
}

/// The replacement of one generation by another, from the first step to the last: the report of a deployment.
public struct DeploymentView: Codable, Hashable, Sendable {
    /// The generation that came, or was to come.
    public var generation: UInt64
    /// The app's name.
    public var app: String
    /// `deploy`, `rollback`, `reload`, `start` or `signal`: what was asked for.
    public var command: String
    /// The user who asked, as a number; absent for koomyd's own signals.
    public var user: UInt32?
    /// What served before; absent where no link leads to the code.
    public var from: ReleaseView?
    /// What was to serve.
    public var to: ReleaseView?
    /// When it began, in milliseconds since the Unix epoch.
    public var beganAt: Int64
    /// When it ended; absent while it goes on.
    public var endedAt: Int64?
    /// An `Outcome`; absent while it goes on.
    public var outcome: String?
    /// The exit code that goes with the outcome.
    public var code: Int32?
    /// For people, one sentence.
    public var message: String?
    /// What happened, in order.
    public var steps: [DeploymentStepView]
    /// The last lines that the rehearsal's candidate wrote.
    public var rehearsalLog: [String]?
    /// What the listeners' queues had to take meanwhile.
    public var queues: QueueView?

    /// A deployment that has just begun.
    public init(
        generation: UInt64,
        app: String,
        command: String,
        user: UInt32? = nil,
        from: ReleaseView? = nil,
        to: ReleaseView? = nil,
        beganAt: Int64
    ) {
        self.generation = generation
        self.app = app
        self.command = command
        self.user = user
        self.from = from
        self.to = to
        self.beganAt = beganAt
        steps = []
    }
}

/// One step of a deployment.
public struct DeploymentStepView: Codable, Hashable, Sendable {
    /// When, in milliseconds since the Unix epoch.
    public var at: Int64
    /// `rehearsing`, `rehearsed`, `ready`, `replaced`, `canary`, `held`, `promoted`, `paused`, `resumed`, `waiting`, `yielding`,
    /// `faltered`, `exited`, `forced`, `rolling_back`, or a word that a later version added.
    public var step: String
    /// The slot that it is about.
    public var slot: Int?
    /// For people, one sentence.
    public var message: String

    /// A step from its parts.
    public init(at: Int64, step: String, slot: Int? = nil, message: String) {
        self.at = at
        self.step = step
        self.slot = slot
        self.message = message
    }
}

/// The queues of connections that wait to be accepted.
public struct QueueView: Codable, Hashable, Sendable {
    /// The most that were seen waiting at once on one of the app's listeners.
    public var highWater: Int
    /// How many connections the whole host refused meanwhile because a queue was full (`ListenOverflows`).
    public var overflows: UInt64

    /// Queues from their parts.
    public init(highWater: Int, overflows: UInt64) {
        self.highWater = highWater
        self.overflows = overflows
    }
}
