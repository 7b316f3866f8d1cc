import KoomyWire

/// When the workers of an app became ready, and when they were leaving, by its events.
struct WorkerHistory {
    /// What happened to one worker.
    struct Moment: Hashable {
        var slot: Int?
        var pid: Int32?
        /// Milliseconds since the epoch.
        var at: Int64

        /// `worker 1 (pid 4711)`.
        var name: String { "worker \(slot.map { "\($0)" } ?? "?")\(pid.map { " (pid \($0))" } ?? "")" }
    }

    private struct Leave {
        var moment: Moment
        /// When nothing was left of it; nil while something is.
        var end: Int64?
    }

    /// A failure is seen a moment after the process that caused it has ended, and koomyd may hear of that end first.
    private static let tolerance: Int64 = 50

    private var leaves: [UInt64: Leave] = [:]
    private var ready: [Moment] = []

    init(_ events: [EventView]) {
        for event in events {
            let moment = Moment(slot: event.slot, pid: event.pid, at: event.at)
            guard let serial = event.serial, let type = EventType(rawValue: event.type) else { continue }
            if type == .workerDraining {
                leaves[serial] = Leave(moment: moment)
            } else if type == .workerGone || type == .workerExited {
                if leaves[serial]?.end == nil { leaves[serial]?.end = event.at }
            } else if type == .workerReady {
                ready.append(moment)
            }
        }
    }

    /// The worker that was asked to leave last, of those that were leaving at this time.
    func leaving(at time: Int64) -> Moment? {
        leaves.values.filter { leave in
            leave.moment.at <= time && (leave.end.map { time <= $0 + Self.tolerance } ?? true)
        }
        .map(\.moment).max { $0.at < $1.at }
    }

    /// The worker that became ready last before this time.
    func ready(by time: Int64) -> Moment? { ready.filter { $0.at <= time }.max { $0.at < $1.at } }
}
