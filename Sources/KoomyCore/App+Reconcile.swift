import KoomyModel

/// The comparison of what is wanted with what is.
extension App {
    mutating func reconcile(at now: Instant) {
        if goal == .running {
            fitSlots(at: now)
            closeOffVacant()
            advanceRollout(at: now)
            // A rollout that has just ended may have more slots than are wanted.
            fitSlots(at: now)
            advanceRecycles(at: now)
            for index in slots.indices where slots[index].seat == .vacant { startOccupant(index, at: now) }
            watchMemory(at: now)
        }
        collectGenerations()
    }

    /// Makes as many slots as are wanted; a rollout that adds some has made its own.
    private mutating func fitSlots(at now: Instant) {
        var wanted = spec.instances
        if let rollout, rollout.kind == .reload { wanted = max(wanted, specs[rollout.to]?.instances ?? 0) }
        while slots.count > wanted {
            let index = slots.count - 1
            if case .draining? = slots[index].replacement?.phase { slots[index].replacement = nil }
            vacate(index, .scaledDown, at: now)
            passOnScouting(from: index)
            slots.removeLast()
            act(.closeSlotListeners(name, slot: index))
            // Nobody is left whom it keeps from starting.
            if breaker == .open, !slots.contains(where: { $0.seat == .errored }) { closeBreaker() }
        }
        while slots.count < spec.instances {
            let index = slots.count
            slots.append(
                Slot(index: index, generation: current, seat: stoppedSlots.contains(index) ? .stopped : .vacant)
            )
        }
    }

    /// Marks the slots that nothing may be started in, before anything waits for them.
    private mutating func closeOffVacant() {
        for index in slots.indices where slots[index].seat == .vacant && !mayStart(index) {
            slots[index].seat = .errored
        }
    }

    private func mayStart(_ index: Int) -> Bool {
        switch breaker {
        case .closed, .incident: true
        case .halfOpen(let scout): scout == index
        case .open, .deaf: false
        }
    }

    private mutating func startOccupant(_ index: Int, at now: Instant) {
        // What a rollout that was stopped, or is being taken back, left in a slot is not started again.
        if !isOnItsWay(slots[index].generation) { slots[index].generation = current }
        guard mayStart(index) else {
            slots[index].seat = .errored
            return
        }
        if let older = leftover(in: index) {
            slots[index].seat = .yielding(serial: older)
            return
        }
        slots[index].seat = .taken(serial: nextSerial)
        _ = launch(slot: index, slots[index].generation, at: now)
    }

    /// Whether a rollout that goes forward replaces this generation, or brings it.
    private func isOnItsWay(_ generation: Generation) -> Bool {
        guard let rollout, rollout.kind == .reload else { return false }
        return generation == rollout.from || generation == rollout.to
    }

    /// A worker that is leaving the slot, where the next one can start only when it is gone.
    func leftover(in index: Int) -> UInt64? {
        guard isExclusive(slots[index]) else { return nil }
        return workers.values.filter { $0.slot == index && !$0.isWanted }.map(\.id.serial).min()
    }

    /// Whether two workers of the slot cannot run at once.
    func isExclusive(_ slot: Slot) -> Bool {
        let spec = spec(of: slot)
        return ownsPort(spec) || spec.rollout.order == .stopFirst
    }

    /// Whether workers of a specification listen on a port of their own; with a listener of koomyd's they need none.
    func ownsPort(_ spec: AppSpec) -> Bool { ownsPort && spec.listeners.isEmpty }

    /// Forgets the specifications that nothing needs any more, and their listeners.
    private mutating func collectGenerations() {
        guard specs.count > 1 else { return }
        var needed: Set<Generation> = [current]
        if let rollout { needed.formUnion([rollout.from, rollout.to]) }
        for index in slots.indices { needed.insert(slots[index].generation) }
        for worker in workers.values { needed.insert(worker.generation) }
        for generation in specs.keys.sorted() where !needed.contains(generation) {
            specs[generation] = nil
            act(.closeListeners(name, generation))
        }
    }
}
