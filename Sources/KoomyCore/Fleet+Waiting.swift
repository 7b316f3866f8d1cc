import KoomyModel

/// Who waits for what.
extension Fleet {
    /// Takes note of a fact that decides about a request.
    mutating func noticed(_ notice: Notice, at now: Instant) {
        guard let name = notice.app else { return }
        switch notice.kind {
        case .workerFaltered(_, let slot, .notReady):
            fail(name, slot, .rollout(.readyTimeout), "slot \(slot): a worker was not ready in time; it is tried again")
        case .workerEnded(_, let slot, let ending) where ending.departure == nil && ending.stage == .unproven:
            let words = "slot \(slot): a worker ended before it was ready: \(ending.reason); it is tried again"
            fail(name, slot, .rollout(.workerFailed), words)
        case .errored(let count, let reason):
            fail(name, nil, .rollout(.workerFailed), "given up after \(count) unstable ends, the last: \(reason)")
        case .recycleFailed(let slot, let words):
            fail(
                name,
                slot,
                .rollout(.workerFailed),
                "slot \(slot): the new worker failed: \(words); the old one stays"
            )
        case .workerForced:
            for index in waiters.indices {
                for wait in waiters[index].apps.indices where waiters[index].apps[wait].app == name {
                    waiters[index].apps[wait].forced += 1
                }
            }
        case .rolloutEnded(let generation, let outcome, let detail):
            rolloutEnded(name, generation, outcome, detail, at: now)
        case .workerStarting, .workerReady, .workerFaltered, .workerEnded, .workerGone, .restartScheduled, .incident,
            .finished, .retrying, .recovered, .recycling, .recycled, .rolloutBegan, .rolloutAdvanced, .rollbackBegan,
            .cannotListen, .stopped, .unsaved, .saved:
            break
        }
    }

    private mutating func rolloutEnded(
        _ name: AppName,
        _ generation: Generation,
        _ outcome: RolloutOutcome,
        _ detail: String,
        at now: Instant
    ) {
        let succeeded = outcome == .done || outcome == .drainForced
        if succeeded, let app = apps[name] {
            desired[name]?.spec = app.spec
            desired[name]?.generation = app.current
        }
        var replies: [Pending] = []
        for index in waiters.indices.reversed() {
            guard
                let wait = waiters[index].apps.firstIndex(where: {
                    $0.app == name && $0.expectation == .rollout(generation)
                })
            else { continue }
            waiters[index].apps.remove(at: wait)
            let reply = AppReply(app: name, outcome: outcome == .done ? .done : .rollout(outcome), message: detail)
            waiters[index].replies.append(reply)
            if succeeded, waiters[index].apps.isEmpty {
                let waiter = waiters.remove(at: index)
                replies.append(Pending(request: waiter.request, reply: Reply(apps: waiter.replies)))
            }
        }
        if succeeded {
            unrecorded += replies
            record()
        }
    }

    /// Answers a waiter's app early, because what it waits for has failed once.
    private mutating func fail(_ name: AppName, _ slot: Int?, _ outcome: Outcome, _ message: String) {
        for index in waiters.indices {
            let before = waiters[index].apps.count
            waiters[index].apps.removeAll { $0.app == name && $0.expectation.concerns(slot) }
            guard waiters[index].apps.count < before else { continue }
            waiters[index].replies.append(AppReply(app: name, outcome: outcome, message: message))
        }
    }

    mutating func resolveWaiter(_ request: RequestID, _ name: AppName, _ reply: AppReply) {
        guard let index = waiters.firstIndex(where: { $0.request == request }) else { return }
        waiters[index].apps.removeAll { $0.app == name }
        waiters[index].replies.append(reply)
    }

    /// Answers every request whose wait is over.
    mutating func answerWaiters(at now: Instant) {
        for name in queuedReloads.keys.sorted() where apps[name]?.rollout == nil { beginQueuedReload(name, at: now) }
        var deleted: [AppName] = []
        for index in waiters.indices.reversed() {
            var waiter = waiters[index]
            waiter.apps.removeAll { wait in
                guard let reply = reply(to: wait) else { return false }
                waiter.replies.append(reply)
                if wait.expectation == .removed { deleted.append(wait.app) }
                return true
            }
            waiters[index] = waiter
            guard waiter.apps.isEmpty, !waiter.shutdown else { continue }
            waiters.remove(at: index)
            actions.append(.reply(waiter.request, Reply(apps: waiter.replies)))
        }
        for name in deleted {
            queuedReloads[name] = nil
            guard let app = apps.removeValue(forKey: name) else { continue }
            firstSerial = max(firstSerial, app.nextSerial)
        }
    }

    private func reply(to wait: Waiter.Wait) -> AppReply? {
        guard let app = apps[wait.app] else {
            return AppReply(app: wait.app, outcome: .noSuchApp, message: "the app was deleted")
        }
        let done =
            switch wait.expectation {
            case .ready: app.isServing || (app.isAtRest && !app.hasFailed)
            case .scaled(let count): app.isServing && app.workers.values.allSatisfy { $0.slot < count }
            case .slotReady(let slot): app.isReady(slot)
            case .restarted(let serial): app.isServing && app.workers.keys.allSatisfy { $0 >= serial }
            case .gone, .removed: app.workers.isEmpty
            case .slotGone(let slot): app.workers.values.allSatisfy { $0.slot != slot }
            case .rollout, .queued: false
            case .noRollout: app.rollout == nil
            case .recycled(let serial): app.workers[serial] == nil
            }
        if done {
            let message = wait.forced > 0 ? "\(wait.forced) workers did not leave in time and were killed" : ""
            return AppReply(app: wait.app, outcome: wait.forced > 0 ? .rollout(.drainForced) : .done, message: message)
        }
        // Somebody stopped what is waited for.
        if !app.isActive, wait.expectation.needsRunning {
            return AppReply(app: wait.app, outcome: .rollout(.aborted), message: "the app was stopped")
        }
        return nil
    }
}

extension Waiter.Expectation {
    /// Whether the failure of a slot's start decides about it.
    fileprivate func concerns(_ slot: Int?) -> Bool {
        switch self {
        case .ready, .scaled, .restarted: true
        case .slotReady(let own): slot == nil || slot == own
        case .recycled: slot != nil
        case .gone, .slotGone, .removed, .rollout, .queued, .noRollout: false
        }
    }

    fileprivate var needsRunning: Bool {
        switch self {
        case .ready, .scaled, .slotReady, .restarted, .recycled: true
        case .gone, .slotGone, .removed, .rollout, .queued, .noRollout: false
        }
    }
}
