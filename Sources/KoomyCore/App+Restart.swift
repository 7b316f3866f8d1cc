import KoomyModel

/// What follows when a worker that served, or was to serve, ends by itself.
extension App {
    mutating func occupantReady(_ index: Int) {
        guard case .incident(index) = breaker else { return }
        // The scout serves: the others may come.
        breaker = .closed
        for other in slots.indices where slots[other].seat == .held { slots[other].seat = .vacant }
    }

    mutating func occupantMatured(_ index: Int) {
        slots[index].backoff.recordStableRun()
        guard case .halfOpen(index) = breaker else { return }
        closeBreaker()
        publish(.recovered)
        for other in slots.indices where slots[other].seat == .errored { slots[other].seat = .vacant }
    }

    mutating func occupantEnded(_ index: Int, _ worker: Worker, _ ending: Worker.Ending, at now: Instant) {
        let policy = spec(of: slots[index]).restart
        // One that koomyd killed for its memory did not end by itself.
        if ending.departure == nil, !policy.isAutomatic || ending.reason.isStop(policy) {
            slots[index].seat = .finished(ending.reason)
            publish(.finished(slot: index, ending.reason))
            passOnScouting(from: index)
            return
        }
        lost(index, worker, ending.reason, stage: ending.stage, at: now)
    }

    mutating func occupantFaltered(_ index: Int, _ worker: Worker, _ fault: Worker.Fault, at now: Instant) {
        switch fault {
        case .unhealthy(let words) where rollout?.brings(slots[index].generation) == true:
            failRollout(.unhealthy, slot: index, "a new worker is unhealthy: \(words)", at: now)
        case .unhealthy(let words):
            requestRecycle(of: [worker.id.serial], .unhealthy(words))
        case .notReady, .hung:
            // It has been told to leave; what it does from here on is no longer the slot's business.
            lost(index, worker, .unknown, stage: worker.stage, at: now)
        }
    }

    /// A slot lost its worker: decides whether and when the next one starts.
    ///
    /// - Parameters:
    ///   - index: The slot.
    ///   - worker: The worker that it lost.
    ///   - reason: How it ended; `unknown` for one that is hung or was not ready in time.
    ///   - stage: How far it had come.
    ///   - now: The present.
    private mutating func lost(
        _ index: Int,
        _ worker: Worker,
        _ reason: ExitReason,
        stage: Worker.Stage,
        at now: Instant
    ) {
        let policy = spec(of: slots[index]).restart
        let sibling =
            recentEnd.map { $0.slot != index && $0.reason == reason && now - $0.at < RecentEnd.moment } ?? false
        if !sibling || breaker.scout == index { recentEnd = RecentEnd(slot: index, reason: reason, at: now) }
        slots[index].seat = .vacant

        if let rollout, rollout.brings(slots[index].generation), stage < .stable || rollout.isWatched {
            // A generation that is being rolled out does not keep what it has won.
            failRollout(.unhealthy, slot: index, "a new worker ended: \(reason)", at: now)
            return
        }
        if case .failedToStart(let failure) = reason, reason.isLastingFailure, breaker != .open, !needsListeners {
            publish(.unstartable(slot: index, failure))
            trip(at: now)
            return
        }
        switch breaker {
        case .open, .deaf:
            slots[index].seat = .errored
            return
        case .halfOpen(index):
            _ = tally.record(at: now, policy)
            open(reason, policy, at: now)
            return
        case .halfOpen:
            slots[index].seat = .errored
            return
        case .incident(let scout) where scout != index && sibling:
            slots[index].seat = .held
            slots[index].restarts += 1
            return
        case .closed where sibling:
            // One cause, one entry in the tally; the slot that ended first goes first.
            guard let scout = recentEnd?.slot, slots.indices.contains(scout), canScout(scout) else { break }
            breaker = .incident(scout: scout)
            publish(.incident(scout: scout, reason))
            slots[index].seat = .held
            slots[index].restarts += 1
            return
        case .closed, .incident: break
        }
        if stage < .stable {
            slots[index].backoff.recordUnstableRun()
            if tally.record(at: now, policy) {
                open(reason, policy, at: now)
                return
            }
        }
        scheduleRestart(index, after: worker, policy, at: now)
    }

    private mutating func scheduleRestart(_ index: Int, after worker: Worker, _ policy: RestartPolicy, at now: Instant)
    {
        slots[index].restarts += 1
        if isExclusive(slots[index]), workers[worker.id.serial] != nil {
            // Its port is free when it is gone.
            slots[index].seat = .yielding(serial: worker.id.serial)
            return
        }
        wait(index, policy, at: now)
    }

    private mutating func wait(_ index: Int, _ policy: RestartPolicy, at now: Instant) {
        let delay = slots[index].backoff.delay(policy, seed: nextSerial)
        guard delay > .zero else { return }
        slots[index].seat = .waiting(until: now + delay)
        act(.arm(.restart(name, slot: index), now + delay))
        publish(.restartScheduled(slot: index, delay: delay))
    }

    /// The worker that a slot waited for is gone.
    mutating func yielded(_ index: Int, at now: Instant) {
        if let older = leftover(in: index) {
            slots[index].seat = .yielding(serial: older)
            return
        }
        slots[index].seat = .vacant
        if slots[index].replacement?.phase == .vacating {
            if lacksListeners(slots[index]) {
                postpone(index)
                return
            }
            slots[index].seat = .reserved
            startChallenger(index, at: now)
            return
        }
        wait(index, spec(of: slots[index]).restart, at: now)
    }

    /// Whether the worker that is to follow in a slot would have no listeners; a way forward has its own.
    private func lacksListeners(_ slot: Slot) -> Bool {
        guard case .deaf = breaker else { return false }
        return slot.replacement?.cause != .rollout || rollout?.to == current
    }

    /// Its old worker is gone, and the next one comes when the listeners are open again.
    private mutating func postpone(_ index: Int) {
        let cause = slots[index].replacement?.cause
        slots[index].replacement = nil
        if cause == .rollout {
            rollout?.pending.insert(index, at: 0)
        } else {
            publish(.recycleFailed(slot: index, "the listeners are not open"))
        }
    }

    private mutating func open(_ reason: ExitReason, _ policy: RestartPolicy, at now: Instant) {
        let count = tally.count(at: now, policy)
        trip(at: now)
        publish(.errored(unstableEnds: count, reason))
    }

    /// Stops all starts, until the retry timer fires or an operator steps in.
    private mutating func trip(at now: Instant) {
        breaker = .open
        // Whoever asked for these is told that the app has been given up.
        recycles.removeAll { $0.cause == .requested }
        for index in slots.indices {
            switch slots[index].seat {
            case .waiting:
                act(.disarm(.restart(name, slot: index)))
                slots[index].seat = .errored
            case .vacant, .held: slots[index].seat = .errored
            case .taken, .yielding, .reserved, .finished, .stopped, .errored: break
            }
        }
        // The app's own policy: that of a generation which is given up just now would not outlive it.
        let retry = spec.restart.erroredRetry
        if retry > .zero { act(.arm(.retry(name), now + retry)) }
    }

    /// The retry timer fired.
    mutating func retry() {
        switch breaker {
        case .open: halfOpen()
        case .deaf: act(.openListeners(name, current))
        case .closed, .incident, .halfOpen: break
        }
    }

    /// Tries one worker of an errored app.
    private mutating func halfOpen() {
        guard breaker == .open, goal == .running else { return }
        guard let index = slots.firstIndex(where: { $0.seat == .errored }) else {
            closeBreaker()
            return
        }
        breaker = .halfOpen(scout: index)
        tally.clear()
        slots[index].seat = .vacant
        publish(.retrying(slot: index))
    }

    /// Forgets what workers did, and lets them start; an app without listeners has to open them first.
    mutating func closeBreaker() {
        switch breaker {
        case .deaf:
            act(.openListeners(name, current))
            return
        case .open: act(.disarm(.retry(name)))
        case .closed, .incident, .halfOpen: break
        }
        breaker = .closed
        tally.clear()
        recentEnd = nil
        for index in slots.indices where slots[index].seat == .held { slots[index].seat = .vacant }
    }

    /// A scout that no longer runs hands its part to the next slot that waits.
    mutating func passOnScouting(from index: Int) {
        guard breaker.scout == index else { return }
        switch breaker {
        case .incident:
            breaker = .closed
            guard let next = slots.firstIndex(where: { $0.seat == .held }) else { return }
            breaker = .incident(scout: next)
            slots[next].seat = .vacant
        case .halfOpen:
            breaker = .open
            halfOpen()
        case .closed, .open, .deaf: break
        }
    }

    private func canScout(_ index: Int) -> Bool {
        switch slots[index].seat {
        case .vacant, .waiting: true
        case .taken(let serial): workers[serial]?.isReady == false
        case .yielding, .reserved, .held, .finished, .stopped, .errored: false
        }
    }
}

extension ExitReason {
    /// Whether a worker that ended so has done its work.
    func isStop(_ policy: RestartPolicy) -> Bool {
        switch self {
        case .exited(let code): policy.stopExitCodes.contains(code)
        case .signaled, .failedToStart, .unknown: false
        }
    }
}

extension ExitReason {
    /// Whether it is a start that can only fail again.
    var isLastingFailure: Bool {
        switch self {
        case .failedToStart(let failure): failure.isLasting
        case .exited, .signaled, .unknown: false
        }
    }
}

extension StartFailure {
    /// Whether another attempt a moment later can only fail in the same way: what is missing is missing.
    ///
    /// Want of processes, memory or descriptors may pass; a path, a user or a permission does not change by itself.
    var isLasting: Bool {
        switch step {
        case .lookup, .workingDirectory, .user, .group, .groups: true
        // EAGAIN 11, ENOMEM 12, ETXTBSY 26: execve(2) says them of the moment.
        case .execute: ![11, 12, 26].contains(errno)
        case .pipe, .clone, .cgroup, .session, .resourceLimit, .priority, .oomScore, .noNewPrivileges, .descriptors,
            .standardStreams:
            false
        }
    }
}
