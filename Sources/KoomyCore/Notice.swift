package import KoomyModel

/// Something that happened, for logs, event streams and whoever waits.
package struct Notice: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case workerStarting(serial: UInt64, slot: Int, Generation)
        case workerReady(serial: UInt64, slot: Int, Generation, ReadinessEvidence, after: TimeSpan)
        case workerFaltered(serial: UInt64, slot: Int, Worker.Fault)
        /// It was asked to leave.
        case workerLeaving(serial: UInt64, slot: Int, Worker.Departure)
        case workerEnded(serial: UInt64, slot: Int, Worker.Ending)
        /// It is to leave, and is asked to when this long has passed, or its hook has ended where that is zero.
        case workerParting(serial: UInt64, slot: Int, Worker.Departure, TimeSpan)
        /// The command that is run before a worker leaves failed, which changes nothing.
        case hookFailed(serial: UInt64, slot: Int, String)
        /// It did not leave in time, and is left while these connections are open, for this long at most.
        case workerLingering(serial: UInt64, slot: Int, Int?, TimeSpan)
        /// It had no open connection left and was ended.
        case workerIdled(serial: UInt64, slot: Int)
        /// It did not leave in time and its tree was killed.
        case workerForced(serial: UInt64, slot: Int)
        case workerGone(serial: UInt64, slot: Int)
        case restartScheduled(slot: Int, delay: TimeSpan)
        /// Several workers ended alike; the scout's slot goes first.
        case incident(scout: Int, ExitReason)
        case finished(slot: Int, ExitReason)
        case errored(unstableEnds: Int, ExitReason)
        /// It cannot be started, and trying again at once would not change that.
        case unstartable(slot: Int, StartFailure)
        case retrying(slot: Int)
        case recovered
        case recycling(slot: Int, RecycleCause)
        case recycled(slot: Int)
        case recycleFailed(slot: Int, String)
        case rolloutBegan(
            from: Generation,
            to: Generation,
            slots: Int,
            order: RolloutPolicy.Order,
            Rollout.Cause? = nil
        )
        case rolloutAdvanced(done: Int, total: Int, slot: Int)
        case rollbackBegan(Rollout.Failure, slots: Int)
        case rolloutEnded(to: Generation, RolloutOutcome, detail: String)
        /// A candidate is tried before anything else changes.
        case rehearsing(serial: UInt64)
        /// It was ready and healthy, and has answered this many questions well.
        case rehearsed(questions: Int)
        /// These slots have changed and are watched for this long before the others follow.
        case canaryBegan(slots: Int, span: TimeSpan)
        /// The canary does well; the others follow when an operator says so.
        case canaryHeld
        case promoted
        case rolloutPaused
        case rolloutResumed
        /// No further slot begins, because of this.
        case rolloutWaits(String)
        case rolloutGoesOn
        /// Old workers leave first, because of this.
        case rolloutYields(String)
        /// The listeners could not be opened; it is tried again.
        case cannotListen(String)
        case added
        case scaled(Int)
        case reset
        case deleted
        /// The last worker of a stopped app is gone.
        case stopped
        /// The desired state could not be written; it is tried again.
        case unsaved(String)
        case saved
    }

    /// nil for a fact about the daemon.
    package var app: AppName?
    package var kind: Kind

    package init(app: AppName?, _ kind: Kind) {
        self.app = app
        self.kind = kind
    }
}
