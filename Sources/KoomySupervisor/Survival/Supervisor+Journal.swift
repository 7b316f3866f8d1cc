import KoomyCore
import KoomyModel
import KoomySystem

/// Writing down what is going on.
extension Supervisor {
    /// Everything that was to be done has been done.
    func noteDone() {
        guard let journal else { return }
        if journal.needsCheckpoint {
            // After a failure not with each event: a folder that is full stays so for a while.
            let now = MonotonicClock.now()
            guard journal.trouble == nil || now - lastCheckpointAttempt > .seconds(1) else { return }
            lastCheckpointAttempt = now
            beginJournal()
        } else {
            journal.mark(events: events.last)
        }
    }

    func beginJournal() { journal?.begin(with: checkpoint()) }

    /// All there is to know now.
    func checkpoint() -> Checkpoint {
        Checkpoint(
            at: MonotonicClock.now(),
            fleet: fleet,
            timers: timers.armed.map { Checkpoint.Timer(id: $0.key, due: $0.value) },
            processes: processes.workers.values.compactMap(\.record),
            listeners: listeners.records,
            operations: operations.records,
            results: operations.outcomes,
            lastRequest: lastRequest,
            lastEvent: events.last
        )
    }
}
