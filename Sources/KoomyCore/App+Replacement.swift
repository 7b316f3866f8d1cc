import KoomyModel

/// The change of a slot's worker, for rollouts and recycles alike.
extension App {
    /// Begins to replace the worker of a slot.
    mutating func beginReplacement(_ index: Int, _ cause: Replacement.Cause, newFirst: Bool, at now: Instant) {
        let hadOccupant = slots[index].occupant
        slots[index].replacement = Replacement(cause: cause, phase: .vacating)
        if !newFirst, let old = hadOccupant {
            slots[index].seat = .yielding(serial: old)
            tell(old, .leave(cause.departure), at: now)
            return
        }
        if !newFirst {
            if case .yielding = slots[index].seat { return }
            if case .waiting = slots[index].seat { act(.disarm(.restart(name, slot: index))) }
            if let older = leftover(in: index) {
                slots[index].seat = .yielding(serial: older)
                return
            }
            slots[index].seat = .reserved
        }
        startChallenger(index, at: now)
    }

    mutating func startChallenger(_ index: Int, at now: Instant) {
        guard let replacement = slots[index].replacement else { return }
        let generation = replacement.cause == .rollout ? rollout?.to ?? current : current
        let serial = launch(slot: index, generation, at: now)
        slots[index].replacement?.phase = .proving(serial: serial)
    }

    mutating func challengerReady(_ worker: Worker, at now: Instant) {
        let index = worker.slot
        slots[index].replacement?.phase = .settling(serial: worker.id.serial)
        let span = specs[worker.generation]?.rollout.healthyTime ?? .zero
        act(.arm(.settle(name, slot: index), now + span))
    }

    /// `healthy_time` is over: the new worker takes the slot, and only now is the old one asked to leave.
    mutating func settled(_ index: Int, at now: Instant) {
        guard slots.indices.contains(index), let replacement = slots[index].replacement,
            case .settling(let serial) = replacement.phase, let worker = workers[serial], worker.isReady
        else { return }
        guard worker.isHealthy else {
            // Not asked yet, or the last answer was bad: the slot changes hands when the probe has been answered well.
            act(.arm(.settle(name, slot: index), now + Replacement.healthWait))
            return
        }
        let seat = slots[index].seat
        slots[index].seat = .taken(serial: serial)
        slots[index].generation = worker.generation
        slots[index].backoff.recordStableRun()
        if case .waiting = seat { act(.disarm(.restart(name, slot: index))) }
        if case .incident(index) = breaker { occupantReady(index) }
        // It may have matured before the slot was its own.
        if worker.stage == .stable { occupantMatured(index) }
        switch seat {
        case .taken(let old):
            slots[index].replacement?.phase = .draining(old: old)
            tell(old, .leave(replacement.cause.departure), at: now)
        case .yielding(let old):
            slots[index].replacement?.phase = .draining(old: old)
        case .vacant, .reserved, .waiting, .held, .finished, .stopped, .errored:
            finishReplacement(index)
        }
    }

    mutating func challengerFailed(_ worker: Worker, _ detail: String, timedOut: Bool, at now: Instant) {
        let index = worker.slot
        guard let replacement = slots[index].replacement else { return }
        let wasReady = replacement.phase == .settling(serial: worker.id.serial)
        cancelReplacement(index, at: now)
        switch replacement.cause {
        case .rollout:
            let outcome: RolloutOutcome = wasReady ? .unhealthy : timedOut ? .readyTimeout : .workerFailed
            failRollout(outcome, slot: index, detail, at: now)
        case .recycle:
            recycleHold = .holding
            act(.arm(.recycleHold(name), now + RecycleHold.length))
            publish(.recycleFailed(slot: index, detail))
        }
    }

    /// Ends a replacement that has not taken the slot; the old worker stays, or one of its generation is started again.
    mutating func cancelReplacement(_ index: Int, at now: Instant) {
        guard let replacement = slots[index].replacement else { return }
        if case .draining = replacement.phase { return }
        slots[index].replacement = nil
        act(.disarm(.settle(name, slot: index)))
        if slots[index].seat == .reserved { slots[index].seat = .vacant }
        if let serial = replacement.challenger { tell(serial, .leave(.rejected), at: now) }
    }

    /// The new worker has the slot and nothing of the old one is left.
    mutating func finishReplacement(_ index: Int) {
        guard let replacement = slots[index].replacement else { return }
        slots[index].replacement = nil
        switch replacement.cause {
        case .recycle: publish(.recycled(slot: index))
        case .rollout:
            guard var rollout else { return }
            rollout.done += 1
            self.rollout = rollout
            publish(.rolloutAdvanced(done: rollout.done, total: rollout.total, slot: index))
        }
    }
}
