package import KoomyModel

/// A timer that a machine has armed; arming it again moves it.
package enum TimerID: Hashable, Sendable, Codable {
    case worker(WorkerID, Worker.Timer)
    /// The end of a slot's backoff.
    case restart(AppName, slot: Int)
    /// The end of `healthy_time` of a slot's new worker.
    case settle(AppName, slot: Int)
    /// The half-open retry of an errored app.
    case retry(AppName)
    /// The next look at the memory of an app's workers.
    case sample(AppName)
    /// The end of the pause after a recycle that failed.
    case recycleHold(AppName)
    /// The end of `healthy_time` of a rehearsal's candidate.
    case rehearsal(AppName)
    /// The end of the canary's time.
    case canary(AppName)
    /// The end of the pause between two batches of a rollout.
    case stagger(AppName)
    /// The next look at the host's memory during a rollout.
    case weigh(AppName)
    /// The next attempt to write the state that could not be written.
    case save
}
