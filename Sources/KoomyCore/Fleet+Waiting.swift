import KoomyModel

/// Who waits for what.
extension Fleet {
    /// Takes note of a fact that decides about a request.
    mutating func noticed(_ notice: Notice, at now: Instant) {
        guard let name = notice.app else { return }
        switch notice.kind {
        case .workerFaltered(_, let slot, .notReady):
            guard apps[name]?.slots.indices.contains(slot) == true else { break }
            let words = "slot \(slot): a worker was not ready in time; it is tried again"
            startFailed(name, slot, .rollout(.readyTimeout), words)
        case .workerEnded(_, _, let ending) where ending.reason.isLastingFailure: break
        case .workerEnded(_, let slot, let ending) where ending.departure == nil && ending.stage == .unproven:
            guard apps[name]?.slots.indices.contains(slot) == true else { break }
            let words = "slot \(slot): a worker ended before it was ready: \(ending.reason); it is tried again"
            startFailed(name, slot, .rollout(.workerFailed), words)
        case .finished(let slot, let reason):
            guard let app = apps[name], app.slots.indices.contains(slot), app.isFailure(reason, app.slots[slot]) else {
                break
            }
            let words = "slot \(slot): a worker ended: \(reason); it is not started again"
            fail(name, .rollout(.workerFailed), words) { $0.concerns(slot) }
        case .errored(let count, let reason):
            let words = "given up after \(count) unstable ends, the last: \(reason)"
            fail(name, .rollout(.workerFailed), words) { $0.needsRunning }
        case .unstartable(let slot, let failure):
            let words = "slot \(slot): \(failure)"
            fail(name, .rollout(.workerFailed), words) { $0.needsRunning }
        case .cannotListen(let words):
            fail(name, .cannotListen, words) { $0.needsRunning }
        case .recycleFailed(let slot, let words):
            let message = "slot \(slot): the new worker failed: \(words); the old one stays"
            fail(name, .rollout(.workerFailed), message) { $0.isRecycle(of: slot) }
        case .workerForced(_, let slot):
            // A candidate of a rehearsal counts for its rollout alone.
            guard apps[name]?.slots.indices.contains(slot) == true else { break }
            for index in waiters.indices {
                for wait in waiters[index].apps.indices where waiters[index].apps[wait].app == name {
                    waiters[index].apps[wait].forced += 1
                }
            }
        case .rolloutEnded(let generation, let outcome, let detail):
            rolloutEnded(name, generation, outcome, detail, at: now)
        case .workerStarting, .workerReady, .workerFaltered, .workerEnded, .workerGone, .restartScheduled, .incident,
            .retrying, .recovered, .recycling, .recycled, .rolloutBegan, .rolloutAdvanced, .rollbackBegan, .stopped,
            .rehearsing, .rehearsed, .canaryBegan, .canaryHeld, .promoted, .rolloutPaused, .rolloutResumed,
            .rolloutWaits, .rolloutGoesOn, .rolloutYields, .unsaved, .saved, .workerLeaving, .workerParting,
            .hookFailed, .workerLingering, .workerIdled, .added, .scaled, .reset,
            .deleted:
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
            desired[name]?.advance(to: app.spec, app.current)
        }
        var replies: [Pending] = []
        for index in waiters.indices.reversed() {
            guard
                let wait = waiters[index].apps.firstIndex(where: {
                    $0.app == name && $0.expectation == .rollout(generation)
                })
            else { continue }
            waiters[index].apps.remove(at: wait)
            let done = apps[name].map { "\($0.readyWords), generation \(generation.number)" } ?? ""
            let message = outcome == .done ? done : detail
            let reply = AppReply(app: name, outcome: outcome == .done ? .done : .rollout(outcome), message: message)
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

    /// The first start in a slot failed, unless it was that of a newcomer beside a worker that serves.
    private mutating func startFailed(_ name: AppName, _ slot: Int, _ outcome: Outcome, _ message: String) {
        guard let app = apps[name], !app.isReady(slot), app.finish(of: slot) == nil else { return }
        fail(name, outcome, message) { $0.concerns(slot) }
    }

    /// Answers a waiter's app early, because what it waits for has failed once.
    private mutating func fail(
        _ name: AppName,
        _ outcome: Outcome,
        _ message: String,
        where concerns: (Waiter.Expectation) -> Bool
    ) {
        for index in waiters.indices {
            let before = waiters[index].apps.count
            waiters[index].apps.removeAll { $0.app == name && concerns($0.expectation) }
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
        var pending: [Waiter] = []
        for var waiter in waiters {
            waiter.apps.removeAll { wait in
                guard let reply = reply(to: wait) else { return false }
                waiter.replies.append(reply)
                return true
            }
            if waiter.apps.isEmpty && !waiter.shutdown {
                conclude(waiter)
            } else {
                pending.append(waiter)
            }
        }
        waiters = pending
        forgetRemoved()
    }

    /// Sends a waiter's reply, or keeps it until a write that it depends on has succeeded or failed.
    private mutating func conclude(_ waiter: Waiter) {
        let reply = Reply(apps: waiter.replies)
        let isDurable = waiter.replies.allSatisfy { reply in
            guard reply.outcome.isSuccess, let name = reply.app else { return true }
            return desired[name] == durable[name]
        }
        if isDurable || change == nil {
            actions.append(.reply(waiter.request, Reply(apps: unsaved(reply.apps))))
        } else {
            unrecorded.append(Pending(request: waiter.request, reply: reply))
        }
    }

    private mutating func forgetRemoved() {
        for name in removals.sorted() where apps[name]?.workers.isEmpty != false {
            removals.remove(name)
            guard let app = apps.removeValue(forKey: name) else { continue }
            actions.append(.publish(Notice(app: name, .deleted)))
            firstSerial = max(firstSerial, app.nextSerial)
        }
    }

    private func reply(to wait: Waiter.Wait) -> AppReply? {
        guard let app = apps[wait.app] else {
            return AppReply(app: wait.app, outcome: .noSuchApp, message: "the app was deleted")
        }
        if app.meets(wait.expectation) {
            let forced = wait.forced > 0 ? "; \(wait.forced) workers did not leave in time and were killed" : ""
            let message = app.words(for: wait.expectation) + forced
            return AppReply(app: wait.app, outcome: wait.forced > 0 ? .rollout(.drainForced) : .done, message: message)
        }
        guard let (outcome, message) = app.cannotMeet(wait.expectation) else { return nil }
        return AppReply(app: wait.app, outcome: outcome, message: message)
    }
}
