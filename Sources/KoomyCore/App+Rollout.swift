import KoomyModel

/// One generation replacing another.
extension App {
    mutating func beginRollout(_ spec: AppSpec, _ generation: Generation, _ plan: Rollout.Plan, at now: Instant) {
        // What was measured for this one stays, where it follows another.
        let load = host
        dropRollout(.superseded, "", at: now)
        host = load
        specs[generation] = spec
        latest = max(latest, generation)
        for index in slots.indices { interruptRecycle(index, at: now) }
        // Slots that the new specification adds are proved like all others.
        for index in slots.indices where index >= self.spec.instances && slots[index].seat == .vacant {
            slots[index].seat = .reserved
        }
        while slots.count < spec.instances {
            slots.append(Slot(index: slots.count, generation: current, seat: .reserved))
        }
        let indices = slots.indices.filter { $0 < spec.instances && !stoppedSlots.contains($0) }
        rollout = Rollout(kind: .reload, from: current, to: generation, slots: Array(indices))
        if plan.hasCanary, (1..<max(1, indices.count)).contains(spec.rollout.canary) {
            rollout?.canary = spec.rollout.canary
        }
        let allowance = Rollout.allowance(spec.rollout, ownsPort: ownsPort(spec))
        let order: RolloutPolicy.Order = allowance.newFirst > 0 ? .newFirst : .stopFirst
        publish(.rolloutBegan(from: current, to: generation, slots: indices.count, order: order, plan.cause))
        if spec.rollout.pressureLimit < 100 { act(.arm(.weigh(name), now + HostLoad.period)) }
        guard let rehearsal = plan.rehearsal else { return }
        // Those of its listeners that were opened are closed with it.
        let candidate = Generation(generation.number &+ 1)
        specs[candidate] = rehearsal.spec
        latest = max(latest, candidate)
        // It runs beside all the others, in whatever order they are replaced.
        guard makesRoom(spec, max(1, allowance.newFirst), at: now) else { return }
        guard rollout?.stopsFirst != true else {
            failRollout(.noRoom, slot: nil, "there is no memory for a rehearsal beside the workers that serve", at: now)
            return
        }
        beginRehearsal(rehearsal, candidate, at: now)
    }

    /// Begins as many slots as the policy allows, and ends the rollout when none is left.
    mutating func advanceRollout(at now: Instant) {
        guard let kind = rollout?.kind else { return }
        // The way back needs the listeners that are being opened; a way forward brings its own.
        if case .deaf = breaker, kind != .reload { return }
        guard rollout?.stage == .rolling else { return }
        includeStragglers()
        let target = rollout.flatMap { specs[$0.to] } ?? spec
        note(obstacle: obstacle(target.rollout, at: now))
        guard makesRoom(target, Rollout.allowance(target.rollout, ownsPort: ownsPort(target)).newFirst, at: now),
            let allowance = rollout?.allowance(target.rollout, ownsPort: ownsPort(target))
        else { return }
        let isBetweenBatches = target.rollout.stagger == .zero || !slots.contains { $0.replacement?.cause == .rollout }
        // Slots that do not serve change first: nothing is lost by it, and they are not waited for.
        while let rollout, let next = rollout.pending.first(where: { !isReady($0) }) ?? rollout.pending.first {
            let active = slots.filter { $0.replacement?.cause == .rollout }
            if let canary = rollout.canary, rollout.done + active.count >= canary { break }
            guard slots.indices.contains(next), !stoppedSlots.contains(next) else {
                self.rollout?.pending.removeAll { $0 == next }
                continue
            }
            guard !rollout.isPaused, rollout.obstacle == nil, isBetweenBatches, !rests(target.rollout, at: now) else {
                break
            }
            // A recycle whose old worker still drains finishes first.
            guard slots[next].replacement == nil else { return }
            let stopping = active.filter { $0.isStopFirst }.count
            let newFirst = active.count - stopping < allowance.newFirst
            let unavailable = isReady(next) ? missing : stopping
            guard newFirst || unavailable < allowance.stopFirst else { return }
            self.rollout?.pending.removeAll { $0 == next }
            beginReplacement(next, .rollout, newFirst: newFirst, at: now)
        }
        guard let rollout, !slots.contains(where: { $0.replacement?.cause == .rollout }) else { return }
        if rollout.pending.isEmpty {
            complete(rollout)
        } else if let canary = rollout.canary, rollout.done >= canary {
            beginWatch(at: now)
        }
    }

    /// Takes in slots that came to life in another generation while the rollout went on: an operator scaled up, or
    /// started one that had been stopped.
    private mutating func includeStragglers() {
        guard let rollout, let wanted = specs[rollout.to]?.instances else { return }
        let indices = slots.filter { slot in
            slot.index < wanted && slot.generation != rollout.to && slot.replacement == nil && !slot.isAtRest
                && !rollout.pending.contains(slot.index)
        }.map(\.index)
        self.rollout?.pending += indices
        self.rollout?.total += indices.count
    }

    private mutating func complete(_ rollout: Rollout) {
        forgetRollout()
        switch rollout.kind {
        case .reload:
            current = rollout.to
            for index in slots.indices { slots[index].adopt(current) }
            gainListeners()
            closeBreaker()
            for index in slots.indices where slots[index].seat == .errored { slots[index].seat = .vacant }
            act(.schedule(name, spec.recycle.schedule))
            let outcome: RolloutOutcome = rollout.forcedDrains > 0 ? .drainForced : .done
            let detail =
                rollout.forcedDrains > 0
                ? "\(rollout.forcedDrains) \(rollout.forcedDrains == 1 ? "worker" : "workers") did not leave in time and had to be killed"
                : ""
            publish(.rolloutEnded(to: rollout.to, outcome, detail: detail))
        case .rollback(let failure):
            publish(.rolloutEnded(to: rollout.from, failure.outcome, detail: failure.detail))
        }
    }

    /// Stops a rollout at its first failure; slots that it had replaced go back to the generation before.
    mutating func failRollout(_ outcome: RolloutOutcome, slot: Int?, _ detail: String, at now: Instant) {
        guard let rollout else { return }
        forgetRollout()
        dismissCandidate(of: rollout, at: now)
        releaseSlots(at: now)
        switch rollout.kind {
        case .rollback(let failure):
            let both = "\(failure.detail); going back failed too: \(detail)"
            publish(.rolloutEnded(to: rollout.from, failure.outcome, detail: both))
        case .reload:
            let failure = Rollout.Failure(outcome: outcome, slot: slot, detail: detail)
            var replaced: [Int] = []
            for index in slots.indices where slots[index].generation != rollout.from {
                if slots[index].occupant == nil {
                    slots[index].generation = rollout.from
                } else {
                    replaced.append(index)
                }
            }
            // Without the listeners of the generation before there is no way back.
            let wanted = needsListeners ? [] : replaced.filter { $0 < spec.instances }
            guard !wanted.isEmpty else {
                publish(.rolloutEnded(to: rollout.to, outcome, detail: detail))
                return
            }
            publish(.rollbackBegan(failure, slots: wanted.count))
            self.rollout = Rollout(
                kind: .rollback(because: failure),
                from: rollout.to,
                to: rollout.from,
                slots: wanted
            )
        }
    }

    /// Ends a rollout by an operator's wish: slots that it had replaced go back, as after a failure.
    mutating func abortRollout(at now: Instant) {
        guard rollout?.kind == .reload else { return }
        failRollout(.aborted, slot: nil, "", at: now)
    }

    /// Ends a rollout where it is, because what follows decides about every slot anyway.
    mutating func dropRollout(_ outcome: RolloutOutcome, _ detail: String, at now: Instant) {
        guard let rollout else { return }
        forgetRollout()
        dismissCandidate(of: rollout, at: now)
        releaseSlots(at: now)
        switch rollout.kind {
        case .reload: publish(.rolloutEnded(to: rollout.to, outcome, detail: detail))
        case .rollback(let failure): publish(.rolloutEnded(to: rollout.from, failure.outcome, detail: failure.detail))
        }
    }

    private mutating func forgetRollout() {
        if rollout?.isWatched == true { act(.disarm(.canary(name))) }
        if let rollout, rollout.kind == .reload, (specs[rollout.to]?.rollout.pressureLimit ?? 0) < 100 {
            act(.disarm(.weigh(name)))
        }
        if rollout?.rest != nil { act(.disarm(.stagger(name))) }
        rollout = nil
        host = nil
    }

    private mutating func releaseSlots(at now: Instant) {
        for index in slots.indices where slots[index].replacement?.cause == .rollout {
            cancelReplacement(index, at: now)
            // A worker that has taken its slot keeps it; the old one goes on leaving.
            if case .draining? = slots[index].replacement?.phase { slots[index].replacement = nil }
        }
        // Slots that were to be added, and are wanted by now without it.
        for index in slots.indices where slots[index].seat == .reserved && slots[index].replacement == nil {
            slots[index].seat = .vacant
        }
    }
}

extension Slot {
    /// Whether its replacement goes without an old worker beside the new one.
    fileprivate var isStopFirst: Bool {
        switch seat {
        case .yielding, .reserved: true
        case .vacant, .taken, .waiting, .held, .finished, .stopped, .errored: false
        }
    }

    fileprivate mutating func adopt(_ current: Generation) {
        if occupant == nil { generation = current }
    }
}
