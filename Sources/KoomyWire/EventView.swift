/// One line of `GET /v1/events`: a fact, in the order in which the daemon saw it.
public struct EventView: Codable, Hashable, Sendable {
    /// Rises by one with each event of a daemon's life; `since` continues after it.
    public var seq: UInt64
    /// When, in milliseconds since the Unix epoch.
    public var at: Int64
    /// What: an `EventType`, or a word that a later version added.
    public var type: String
    /// The app that it is about.
    public var app: String?
    /// The slot that it is about.
    public var slot: Int?
    /// The worker that it is about, as KOOMY_WORKER has it.
    public var serial: UInt64?
    /// The process that it is about.
    public var pid: Int32?
    /// The generation that it is about.
    public var generation: UInt64?
    /// For people, one sentence.
    public var message: String?
    /// What else belongs to this type, by name; absent where `message` says all.
    public var detail: [String: JSONValue]?

    /// An event from its parts.
    public init(
        seq: UInt64,
        at: Int64,
        type: String,
        app: String? = nil,
        slot: Int? = nil,
        serial: UInt64? = nil,
        pid: Int32? = nil,
        generation: UInt64? = nil,
        message: String? = nil,
        detail: [String: JSONValue]? = nil
    ) {
        self.seq = seq
        self.at = at
        self.type = type
        self.app = app
        self.slot = slot
        self.serial = serial
        self.pid = pid
        self.generation = generation
        self.message = message
        self.detail = detail
    }
}

/// The types of events; their raw values are stable, and later versions may add some.
public enum EventType: String, CaseIterable, Codable, Hashable, Sendable {
    /// koomyd answers.
    case daemonStarted = "daemon.started"
    /// koomyd goes on where the one before it was.
    case daemonResumed = "daemon.resumed"
    /// koomyd was told to leave.
    case daemonStopping = "daemon.stopping"
    /// Log files were opened again.
    case daemonLogsReopened = "daemon.logs_reopened"
    /// Something happened that must not; `message` says what.
    case daemonAnomaly = "daemon.anomaly"
    /// A file was read and taken over.
    case configLoaded = "config.loaded"
    /// A file was refused; nothing has changed.
    case configRejected = "config.rejected"
    /// An app is known from now on.
    case appAdded = "app.added"
    /// The app's state changed.
    case appState = "app.state"
    /// Another number of workers is wanted.
    case appScaled = "app.scaled"
    /// The app's count of failures was forgotten on request.
    case appReset = "app.reset"
    /// The app is not known any more.
    case appDeleted = "app.deleted"
    /// Several workers ended alike in a moment.
    case appIncident = "app.incident"
    /// An app that had been given up on has a stable worker again.
    case appRecovered = "app.recovered"
    /// A listening socket was opened.
    case listenerOpened = "listener.opened"
    /// A listening socket was closed.
    case listenerClosed = "listener.closed"
    /// A listener could not be opened.
    case listenerFailed = "listener.failed"
    /// A process was started.
    case workerStarted = "worker.started"
    /// A process could not be started; `message` says why.
    case workerStartFailed = "worker.start_failed"
    /// A worker has proved that it serves.
    case workerReady = "worker.ready"
    /// A worker was not ready in time.
    case workerReadyTimeout = "worker.ready_timeout"
    /// A worker's health check failed as often as is tolerated.
    case workerUnhealthy = "worker.unhealthy"
    /// A worker did not send its watchdog message in time.
    case workerHung = "worker.hung"
    /// A worker is to be asked to leave after its `pre_drain`, and serves until then.
    case workerParting = "worker.parting"
    /// The `pre_drain_hook` of a worker failed; that changes nothing.
    case workerHookFailed = "worker.hook_failed"
    /// A worker was asked to leave.
    case workerDraining = "worker.draining"
    /// A worker did not leave in time, and is left while connections are open.
    case workerLingering = "worker.lingering"
    /// A worker that was asked to leave had no open connection left; its whole tree is killed.
    case workerIdle = "worker.idle"
    /// A worker did not leave in time; its whole tree is killed.
    case workerKilled = "worker.killed"
    /// A worker ended.
    case workerExited = "worker.exited"
    /// A worker waits for its next start.
    case workerBackoff = "worker.backoff"
    /// A worker ended too often.
    case workerErrored = "worker.errored"
    /// Nothing of a worker is left.
    case workerGone = "worker.gone"
    /// A worker ended and is not to be started again.
    case workerFinished = "worker.finished"
    /// A worker is being replaced though its program is as before.
    case workerRecycling = "worker.recycling"
    /// The replacement of a worker is over.
    case workerRecycled = "worker.recycled"
    /// A log file cannot be written; what is not written is counted and lost.
    case logTrouble = "log.trouble"
    /// A log file can be written again.
    case logRecovered = "log.recovered"
    /// The desired state could not be written.
    case stateUnsaved = "state.unsaved"
    /// The desired state could not be read at the start; the file was kept aside.
    case stateCorrupt = "state.corrupt"
    /// The desired state is on disk again.
    case stateSaved = "state.saved"
    /// A generation begins to replace another.
    case rolloutStarted = "rollout.started"
    /// One slot of a rollout has changed.
    case rolloutProgress = "rollout.progress"
    /// The candidate of a rehearsal is started.
    case rolloutRehearsing = "rollout.rehearsing"
    /// The candidate has passed.
    case rolloutRehearsed = "rollout.rehearsed"
    /// The canary's workers have changed, and are watched.
    case rolloutCanary = "rollout.canary"
    /// The canary does well, and an operator decides.
    case rolloutHeld = "rollout.held"
    /// The other workers follow the canary.
    case rolloutPromoted = "rollout.promoted"
    /// An operator has paused a rollout.
    case rolloutPaused = "rollout.paused"
    /// A rollout goes on.
    case rolloutResumed = "rollout.resumed"
    /// A rollout waits for the host.
    case rolloutWaiting = "rollout.waiting"
    /// A rollout ended.
    case rolloutEnded = "rollout.ended"
}
