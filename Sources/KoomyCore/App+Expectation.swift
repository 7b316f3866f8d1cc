import KoomyModel

/// Whether what a request waits for has come to be, or cannot any more.
extension App {
    func meets(_ expectation: Waiter.Expectation) -> Bool {
        switch expectation {
        case .ready: isUp
        case .scaled(let count):
            isUp && spec.instances == count && workers.values.allSatisfy { $0.slot < count }
        case .slotReady(let slot):
            isReady(slot) || finish(of: slot).map { !isFailure($0, slots[slot]) } ?? false
        case .restarted(let serial): isUp && workers.keys.allSatisfy { $0 >= serial }
        case .gone, .removed: workers.isEmpty
        case .slotGone(let slot): workers.values.allSatisfy { $0.slot != slot }
        case .rollout, .queued: false
        case .noRollout: rollout == nil
        case .recycled(let serial, _): workers[serial] == nil
        }
    }

    /// Why it will not come to be by itself; nil while it may.
    func cannotMeet(_ expectation: Waiter.Expectation) -> (Outcome, String)? {
        if expectation.needsRunning {
            guard isActive else { return (.rollout(.aborted), "the app was stopped") }
            if breaker == .open { return (.rollout(.workerFailed), "given up: workers ended too often") }
            if isAtRest { return (.rollout(.workerFailed), "every worker has ended") }
        }
        switch expectation {
        case .scaled(let count) where count != spec.instances:
            return (.rollout(.superseded), "there are to be \(spec.instances) instances by now")
        case .slotReady(let slot) where stoppedSlots.contains(slot) || slot >= spec.instances:
            return (.rollout(.aborted), "slot \(slot) was stopped")
        case .gone where isActive:
            return (.rollout(.superseded), "the app was started again")
        case .slotGone(let slot) where isActive && !stoppedSlots.contains(slot) && slot < spec.instances:
            return (.rollout(.superseded), "slot \(slot) was started again")
        case .ready, .scaled, .slotReady, .restarted, .gone, .slotGone, .removed, .rollout, .queued, .noRollout,
            .recycled:
            return nil
        }
    }

    /// What has come to be, for people.
    func words(for expectation: Waiter.Expectation) -> String {
        switch expectation {
        case .ready, .scaled, .restarted, .recycled, .rollout, .queued:
            isAtRest ? "every worker has finished" : "\(readyWords), generation \(current.number)"
        case .slotReady(let slot): "slot \(slot) is ready"
        case .gone: "stopped"
        case .slotGone(let slot): "slot \(slot) is stopped"
        case .removed: "deleted"
        case .noRollout: "the rollout is over; \(readyWords), generation \(current.number)"
        }
    }

    /// As `2 of 2 workers ready`.
    var readyWords: String { "\(readyCount) of \(spec.instances) workers ready" }

    /// Whether it serves, or has done its work.
    private var isUp: Bool { isServing || (isAtRest && !hasFailed) }
}

extension Waiter.Expectation {
    /// Whether the failure of a slot's start decides about it.
    func concerns(_ slot: Int) -> Bool {
        switch self {
        case .ready, .scaled, .restarted: true
        case .slotReady(let own): slot == own
        case .gone, .slotGone, .removed, .rollout, .queued, .noRollout, .recycled: false
        }
    }

    func isRecycle(of slot: Int) -> Bool {
        switch self {
        case .recycled(_, let own): slot == own
        case .ready, .scaled, .restarted, .slotReady, .gone, .slotGone, .removed, .rollout, .queued, .noRollout: false
        }
    }

    var needsRunning: Bool {
        switch self {
        case .ready, .scaled, .slotReady, .restarted, .recycled: true
        case .gone, .slotGone, .removed, .rollout, .queued, .noRollout: false
        }
    }
}
