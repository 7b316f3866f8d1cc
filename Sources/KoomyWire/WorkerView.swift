package import KoomyModel

/// One worker of an app, or a slot whose worker is not running.
public struct WorkerView: Codable, Hashable, Sendable {
    /// Its index in the app, from 0.
    public var slot: Int
    /// Its process, while there is one.
    public var pid: Int32?
    /// What KOOMY_WORKER is in its environment; never used twice in a daemon's life.
    public var serial: UInt64?
    /// `starting`, `ready`, `draining`, `backoff`, `stopped` or `errored`.
    public var state: String
    /// The generation that it was started from.
    public var generation: UInt64
    /// Milliseconds since its process was started.
    public var uptimeMs: Int64?
    /// Starts of this slot after its worker had ended by itself.
    public var restarts: Int
    /// Bytes of memory of its whole process tree.
    public var memory: UInt64?
    /// Per cent of one processor, of its whole process tree, over the last sample.
    public var cpu: Double?
    /// What proved that it is ready: `notify`, `descriptor`, `ipc`, `observed`, `probe` or `uptime`.
    public var readyBy: String?
    /// What it last said with `STATUS=`.
    public var statusText: String?
    /// How many connections that it accepted are open, while it is draining; absent where that cannot be known.
    public var connections: Int?
    /// Milliseconds that the oldest of these is known to be open: it may be older.
    public var oldestConnectionMs: Int64?
    /// How the process before this one in the slot ended.
    public var lastExit: LastExitView?
    /// Milliseconds until it is started again.
    public var nextStartMs: Int64?
    /// The code that it runs; absent where no link leads to it.
    public var release: ReleaseView?
    /// Whether it is the candidate of a rehearsal, which nobody else can reach; absent for all others.
    public var isCandidate: Bool?

    /// A worker from its parts.
    public init(
        slot: Int,
        pid: Int32? = nil,
        serial: UInt64? = nil,
        state: String,
        generation: UInt64,
        uptimeMs: Int64? = nil,
        restarts: Int = 0,
        memory: UInt64? = nil,
        cpu: Double? = nil,
        readyBy: String? = nil,
        statusText: String? = nil,
        connections: Int? = nil,
        oldestConnectionMs: Int64? = nil,
        lastExit: LastExitView? = nil,
        nextStartMs: Int64? = nil
    ) {
        self.slot = slot
        self.pid = pid
        self.serial = serial
        self.state = state
        self.generation = generation
        self.uptimeMs = uptimeMs
        self.restarts = restarts
        self.memory = memory
        self.cpu = cpu
        self.readyBy = readyBy
        self.statusText = statusText
        self.connections = connections
        self.oldestConnectionMs = oldestConnectionMs
        self.lastExit = lastExit
        self.nextStartMs = nextStartMs
    }

    /// The state as a word of the model; nil for a word that this version does not know.
    package var condition: WorkerCondition? { WorkerCondition(rawValue: state) }
}

/// How a process ended.
public struct LastExitView: Codable, Hashable, Sendable {
    /// For people: `exit code 1`, `SIGSEGV (core dumped)`, `exec /srv/app: errno 2`.
    public var reason: String
    /// What it passed to exit, where it did.
    public var code: Int32?
    /// The signal that ended it, as `SIGKILL`, where one did.
    public var signal: String?
    /// When it ended, in milliseconds since the Unix epoch.
    public var at: Int64

    /// An exit from its parts.
    public init(reason: String, code: Int32? = nil, signal: String? = nil, at: Int64) {
        self.reason = reason
        self.code = code
        self.signal = signal
        self.at = at
    }

    /// How the model says it, in the words of the wire; `at` is in milliseconds since the Unix epoch.
    package init(_ reason: ExitReason, at: Int64) {
        self.init(reason: reason.description, at: at)
        switch reason {
        case .exited(let code): self.code = code
        case .signaled(let signal, _): self.signal = signal.description
        case .failedToStart, .unknown: break
        }
    }
}
