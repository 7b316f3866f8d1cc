/// The words that users see for a worker.
package enum WorkerCondition: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its process runs and has not proved that it serves.
    case starting
    /// It has proved that it serves.
    case ready
    /// It is to leave, was asked to, or is being killed; not all of its processes are gone.
    case draining
    /// It ended; another start is due.
    case backoff
    /// Nobody wants it to run.
    case stopped
    /// It ended too often; it is tried again slowly, or after `reset`.
    case errored
}

/// The words that users see for an app.
package enum AppCondition: String, Hashable, Sendable, Codable, CaseIterable {
    /// As many workers are ready as are wanted.
    case ok
    /// Fewer workers are ready than are wanted.
    case degraded
    /// One generation is replacing another.
    case rolling
    case stopped
    /// Its workers ended too often, and starting them has stopped.
    case errored
}

/// How a rollout ended; the raw values are the exit codes of `koomyctl reload`.
package enum RolloutOutcome: Int32, Hashable, Sendable, Codable, CaseIterable {
    case done = 0
    /// A new worker failed to start or ended before it was ready; the old ones stayed.
    case workerFailed = 4
    /// A new worker was not ready in time; the old ones stayed.
    case readyTimeout = 5
    /// A new worker was ready and then failed within `healthy_time`; the old ones stayed or were restored.
    case unhealthy = 6
    /// Done, but an old worker did not leave in time and was killed.
    case drainForced = 7
    /// A later request took its place.
    case superseded = 8
    case aborted = 9
    /// A new worker would not fit the host's memory beside the old ones; nothing was changed.
    case noRoom = 11
}
