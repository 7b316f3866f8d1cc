import KoomyCore
import KoomyModel
import KoomyWire

extension Notice.Kind {
    /// What a report calls it; nil for what does not belong into one.
    var step: String? {
        switch self {
        case .rehearsing: "rehearsing"
        case .rehearsed: "rehearsed"
        case .workerReady: "ready"
        case .rolloutAdvanced: "replaced"
        case .canaryBegan: "canary"
        case .canaryHeld: "held"
        case .promoted: "promoted"
        case .rolloutPaused: "paused"
        case .rolloutResumed, .rolloutGoesOn: "resumed"
        case .rolloutWaits: "waiting"
        case .rolloutYields: "yielding"
        case .rollbackBegan: "rolling_back"
        case .workerFaltered: "faltered"
        case .workerForced: "forced"
        case .workerLingering: "lingering"
        case .hookFailed: "hook_failed"
        case .workerEnded(_, _, let ending): ending.departure == nil ? "exited" : nil
        case .workerStarting, .workerParting, .workerLeaving, .workerIdled, .workerGone, .restartScheduled, .incident,
            .finished, .errored,
            .unstartable, .retrying, .recovered, .recycling, .recycled, .recycleFailed, .rolloutBegan, .rolloutEnded,
            .cannotListen, .added, .scaled, .reset, .deleted, .stopped, .unsaved, .saved:
            nil
        }
    }
}

extension ReleaseView {
    init(_ release: Release) {
        self.init(
            id: release.id,
            path: release.path,
            revision: release.revision,
            preparedAt: release.preparedAt?.milliseconds
        )
    }
}
