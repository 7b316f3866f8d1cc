/// What proves that a worker serves.
///
/// A timeout never does.
package enum ReadinessRule: Hashable, Sendable, Codable {
    /// The first that comes: READY=1, or the worker seen waiting on a listener of its app or owning one; an app
    /// without any listener is ready after `min_uptime`.
    case automatic
    /// `READY=1` on the worker's notify socket, from one of its own processes (sd_notify(3)).
    case notify
    /// A newline on an inherited descriptor of this number (as s6's notification-fd).
    case descriptor(Int32)
    /// PM2's `process.send('ready')`: the JSON line `"ready"` on node's IPC channel.
    case ipc
    /// Seen to accept on its app's listener, or to own a listening socket.
    case observed
    /// The probe succeeded once.
    case probe(Probe)
    /// Alive for `min_uptime`, for an app that listens nowhere.
    case uptime
}

/// How a worker was seen to be ready.
package enum ReadinessEvidence: String, Hashable, Sendable, Codable {
    case notify, descriptor, ipc, observed, probe, uptime
}

/// One question put to one worker.
package struct Probe: Hashable, Sendable, Codable {
    /// What is asked, and where.
    package enum Kind: Hashable, Sendable, Codable {
        /// GET of `path`; 200 to 399 is success, or exactly `status` where given.
        case http(target: Target, path: String, status: Int?)
        /// A connection is accepted.
        case tcp(target: Target)
        /// The command exits with 0. Run as the worker's user in its directory and environment, with KOOMY_WORKER_PID.
        case exec(arguments: [String])
    }

    /// The address that is asked.
    package enum Target: Hashable, Sendable, Codable {
        /// The socket that koomyd opens for this worker alone, passed as descriptor `probe` and `{probe_fd}`.
        case privateSocket
        /// A port of the loopback address; `offset` is added once for each slot (`{slot}`).
        case port(UInt16, perSlot: Bool)
        /// A Unix socket; `{slot}` in the path is replaced.
        case unix(path: String)
        /// The listener of this name of the worker's own generation; for candidates that nobody else can reach.
        case listener(name: String)
    }

    package var kind: Kind
    package var interval: TimeSpan
    package var timeout: TimeSpan
    /// This many failures in a row make a ready worker unhealthy.
    package var retries: Int
    /// Failures this soon after the start are not counted.
    package var startPeriod: TimeSpan
    /// Whether an unhealthy worker gets SIGABRT instead of the stop signal, so that it leaves a trace or a core.
    package var traces = false

    package init(
        kind: Kind,
        interval: TimeSpan = .seconds(10),
        timeout: TimeSpan = .seconds(5),
        retries: Int = 3,
        startPeriod: TimeSpan = .zero
    ) {
        self.kind = kind
        self.interval = interval
        self.timeout = timeout
        self.retries = retries
        self.startPeriod = startPeriod
    }

    /// Whether koomyd has to open a private socket for it.
    package var usesPrivateSocket: Bool {
        switch kind {
        case .http(.privateSocket, _, _), .tcp(.privateSocket): true
        case .http, .tcp, .exec: false
        }
    }
}

extension Probe {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(kind: try values.read(.kind))
        try values.read(.interval, into: &interval)
        try values.read(.timeout, into: &timeout)
        try values.read(.retries, into: &retries)
        try values.read(.startPeriod, into: &startPeriod)
        try values.read(.traces, into: &traces)
    }
}
