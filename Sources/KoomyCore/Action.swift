package import KoomyModel

/// What a machine wants done; it holds ids and plain values only, and the shell performs it without a decision of its own.
package enum Action: Hashable, Sendable {
    /// Start the process of this worker, as `Fleet.launch(_:)` describes it.
    case spawn(WorkerID)
    case signal(WorkerID, Signal)
    /// Signal what an ended worker left behind; `treeGone` follows when nothing is left.
    case signalDescendants(WorkerID, Signal)
    /// Kill everything that the worker started, again and again until nothing is left.
    case killTree(WorkerID)
    /// Nothing of the worker is left: release what was held for it.
    case forget(WorkerID)
    /// Put a probe's question to the worker.
    case ask(WorkerID, Worker.ProbeKind, attempt: UInt64)
    case arm(TimerID, Instant)
    case disarm(TimerID)
    /// Measure the memory of each of the app's workers.
    case sample(AppName)
    /// Measure the workers of this generation and the others; answer `compared`.
    case compare(AppName, Generation)
    /// Look at the host's memory; answer `weighed`.
    case weigh(AppName)
    /// Fire at each time that matches, or never again.
    case schedule(AppName, CronSchedule?)
    /// Open the listeners of this generation; answer `listening` or `cannotListen`.
    case openListeners(AppName, Generation)
    /// No worker of this generation is left: close the listeners that no other generation uses.
    case closeListeners(AppName, Generation)
    /// Close the listeners that only this slot had: nobody is going to accept on them.
    case closeSlotListeners(AppName, slot: Int)
    /// Open what is needed, write the desired state; answer `prepared` or `prepareFailed` before any other event.
    case prepare(Ticket, Preparation)
    case publish(Notice)
    case reply(RequestID, Reply)
    /// Every worker is gone: leave with this status.
    case exit(Int32)
    case anomaly(Anomaly)
}
