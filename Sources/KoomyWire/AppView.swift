package import KoomyModel

/// One app, as the daemon sees it.
public struct AppView: Codable, Hashable, Sendable {
    /// The name that targets are made of.
    public var name: String
    /// `ok`, `degraded`, `rolling`, `stopped` or `errored`.
    public var state: String
    /// Why it is in that state, for people; absent where the state says all.
    public var reason: String?
    /// `running` or `stopped`: what is wanted of it, which is what survives a restart of the daemon.
    public var desired: String
    /// How many workers are wanted while it runs.
    public var instances: Int
    /// The newest generation that was begun.
    public var generation: UInt64
    /// Starts after a worker had ended by itself, of all slots, since the app was added or reset.
    public var restarts: Int
    /// The ecosystem file that it came from.
    public var file: String?
    /// The sockets that its workers share.
    public var listeners: [ListenerView]
    /// The rollout that is under way.
    public var rollout: RolloutView?
    /// Its workers by slot; while a slot is being replaced it has two.
    public var workers: [WorkerView]
    /// Where its workers' lines go.
    public var logs: LogsView
    /// What is wanted of it in full, with hidden values as `***`; only in the answer of `GET /v1/apps/NAME`.
    public var spec: JSONValue?

    /// An app from its parts.
    public init(
        name: String,
        state: String,
        reason: String? = nil,
        desired: String,
        instances: Int,
        generation: UInt64,
        restarts: Int = 0,
        file: String? = nil,
        listeners: [ListenerView] = [],
        rollout: RolloutView? = nil,
        workers: [WorkerView] = [],
        logs: LogsView = LogsView(),
        spec: JSONValue? = nil
    ) {
        self.name = name
        self.state = state
        self.reason = reason
        self.desired = desired
        self.instances = instances
        self.generation = generation
        self.restarts = restarts
        self.file = file
        self.listeners = listeners
        self.rollout = rollout
        self.workers = workers
        self.logs = logs
        self.spec = spec
    }

    /// The state as a word of the model; nil for a word that this version does not know.
    package var condition: AppCondition? { AppCondition(rawValue: state) }
}

/// One listening socket.
public struct ListenerView: Codable, Hashable, Sendable {
    /// What LISTEN_FDNAMES and `{fd:name}` call it.
    public var name: String
    /// As a file writes it, with the port that is really bound: `tcp://127.0.0.1:5000`, `unix:/run/app.sock`.
    public var address: String

    /// A listener from its parts.
    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// One generation replacing another.
public struct RolloutView: Codable, Hashable, Sendable {
    /// `reload`, or `rollback` to the generation before.
    public var kind: String
    /// The generation that leaves.
    public var from: UInt64
    /// The generation that comes.
    public var to: UInt64
    /// Slots that have changed.
    public var done: Int
    /// Slots that are to change.
    public var total: Int
    /// `rehearsing`, `rolling`, `canary` while it is watched, `held` until it is promoted, `paused`, or `waiting` for memory.
    public var phase: String?
    /// What it waits for, for people.
    public var reason: String?
    /// The release that comes.
    public var release: ReleaseView?

    /// A rollout from its parts.
    public init(kind: String, from: UInt64, to: UInt64, done: Int, total: Int) {
        self.kind = kind
        self.from = from
        self.to = to
        self.done = done
        self.total = total
    }
}

/// Where an app's lines go, and how they look.
public struct LogsView: Codable, Hashable, Sendable {
    /// The file of standard output, an absolute path; absent where its lines are not kept in one file.
    public var out: String?
    /// The same of standard error.
    public var error: String?
    /// `file`, `direct`, `journald` or `none`.
    public var target: String?
    /// `raw`, `stamped` or `json`.
    public var format: String?
    /// What lines begin with where they are stamped, as `log_date_format` has it.
    public var dateFormat: String?
    /// Every file that is written.
    public var files: [LogFileView]?
    /// Why a disk does not take lines at present.
    public var trouble: String?
    /// Bytes and lines that it has not taken, since koomyd began; absent where there are none.
    public var dropped: LogLossView?

    /// Where lines go.
    public init(
        out: String? = nil,
        error: String? = nil,
        target: String? = nil,
        format: String? = nil,
        dateFormat: String? = nil,
        files: [LogFileView]? = nil,
        trouble: String? = nil,
        dropped: LogLossView? = nil
    ) {
        self.out = out
        self.error = error
        self.target = target
        self.format = format
        self.dateFormat = dateFormat
        self.files = files
        self.trouble = trouble
        self.dropped = dropped
    }
}

/// One log file.
public struct LogFileView: Codable, Hashable, Sendable {
    /// Its absolute path; what was put aside is beside it, with a time after its name.
    public var path: String
    /// `out`, `error`, or `all` for both.
    public var stream: String
    /// The slot whose workers write it; absent where all workers of the app do.
    public var slot: Int?

    /// A file from its parts.
    public init(path: String, stream: String, slot: Int? = nil) {
        self.path = path
        self.stream = stream
        self.slot = slot
    }
}

/// What was thrown away because a disk did not take it.
public struct LogLossView: Codable, Hashable, Sendable {
    /// How many bytes.
    public var bytes: UInt64
    /// How many lines.
    public var lines: UInt64

    /// A loss from its parts.
    public init(bytes: UInt64, lines: UInt64) {
        self.bytes = bytes
        self.lines = lines
    }
}
