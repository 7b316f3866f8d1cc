import KoomyModel

/// What operators ask of an app.
extension App {
    mutating func start(at now: Instant) {
        stoppedSlots = []
        gainListeners()
        closeBreaker()
        if goal != .running {
            goal = .running
            act(.schedule(name, spec.recycle.schedule))
        }
        for index in slots.indices { rouse(index) }
    }

    mutating func startSlot(_ index: Int) {
        stoppedSlots.remove(index)
        leaveErrored()
        if slots.indices.contains(index) { rouse(index) }
    }

    /// An operator's wish leads out of errored, for every slot.
    private mutating func leaveErrored() {
        switch breaker {
        case .open, .halfOpen: closeBreaker()
        case .deaf: return closeBreaker()
        case .closed, .incident: break
        }
        for index in slots.indices where slots[index].seat == .errored { rouse(index) }
    }

    /// Takes a specification for the next start.
    mutating func configure(_ spec: AppSpec, _ generation: Generation) {
        specs[generation] = spec
        current = generation
        latest = max(latest, generation)
        for index in slots.indices { slots[index].generation = generation }
    }

    mutating func openListeners() {
        goal = .running
        breaker = .deaf("")
        for index in slots.indices where !stoppedSlots.contains(index) { rouse(index) }
        act(.openListeners(name, current))
    }

    mutating func listening(_ generation: Generation, at now: Instant) {
        guard case .deaf = breaker, generation == current, goal == .running else { return }
        gainListeners()
        closeBreaker()
        for index in slots.indices where slots[index].seat == .errored { rouse(index) }
    }

    /// The listeners of the current generation are open.
    mutating func gainListeners() {
        guard case .deaf = breaker else { return }
        act(.disarm(.retry(name)))
        act(.schedule(name, spec.recycle.schedule))
        breaker = .closed
    }

    mutating func cannotListen(_ generation: Generation, _ words: String, at now: Instant) {
        guard case .deaf = breaker, generation == current, goal == .running else { return }
        breaker = .deaf(words)
        act(.arm(.retry(name), now + .seconds(5)))
        publish(.cannotListen(words))
    }

    /// Nothing more can be started before they are open again; workers that have them go on.
    mutating func loseListeners(_ words: String, at now: Instant) {
        guard goal == .running else { return }
        closeBreaker()
        breaker = .deaf(words)
        act(.arm(.retry(name), now + .seconds(1)))
        publish(.cannotListen(words))
    }

    mutating func stop(_ departure: Worker.Departure, at now: Instant) {
        dropRollout(.aborted, "stopped", at: now)
        goal = .stopped(departure)
        breaker = .closed
        recycles = []
        act(.disarm(.retry(name)))
        act(.disarm(.sample(name)))
        act(.disarm(.recycleHold(name)))
        act(.schedule(name, nil))
        recycleHold = .none
        sampling = .idle
        for index in slots.indices { vacate(index, departure, at: now) }
        if workers.isEmpty { finishStopping() }
    }

    mutating func stopSlot(_ index: Int, at now: Instant) {
        stoppedSlots.insert(index)
        guard slots.indices.contains(index) else { return }
        vacate(index, .stopped, at: now)
        passOnScouting(from: index)
        act(.closeSlotListeners(name, slot: index))
    }

    mutating func restart(at now: Instant) {
        dropRollout(.aborted, "restarted", at: now)
        closeBreaker()
        for index in slots.indices { renew(index, at: now) }
    }

    mutating func restartSlot(_ index: Int, at now: Instant) {
        leaveErrored()
        if slots.indices.contains(index) { renew(index, at: now) }
    }

    /// Stops the worker of a slot and starts the next; a slot that an operator stopped stays so.
    private mutating func renew(_ index: Int, at now: Instant) {
        guard !stoppedSlots.contains(index) else { return }
        cancelReplacement(index, at: now)
        slots[index].generation = current
        slots[index].backoff.recordStableRun()
        guard let serial = slots[index].occupant else {
            rouse(index)
            return
        }
        slots[index].seat = .yielding(serial: serial)
        tell(serial, .leave(.restarted), at: now)
    }

    mutating func scale(to count: Int) {
        if count != spec.instances { publish(.scaled(count)) }
        specs[current]?.instances = count
        if let rollout { specs[rollout.to]?.instances = count }
        stoppedSlots = stoppedSlots.filter { $0 < count }
    }

    mutating func recycleSlot(_ index: Int) {
        guard slots.indices.contains(index), let serial = slots[index].occupant, breaker != .open else { return }
        // An operator does not wait for the pause after a recycle that failed.
        act(.disarm(.recycleHold(name)))
        recycleHold = .none
        requestRecycle(of: [serial], .requested)
    }

    mutating func reset() {
        publish(.reset)
        for index in slots.indices {
            slots[index].restarts = 0
            slots[index].backoff.recordStableRun()
        }
        closeBreaker()
        for index in slots.indices {
            switch slots[index].seat {
            case .waiting, .held, .errored: rouse(index)
            case .vacant, .taken, .yielding, .reserved, .finished, .stopped: break
            }
        }
    }

    /// Everything is to be gone at once.
    mutating func killAll(at now: Instant) {
        for serial in workers.keys.sorted() { tell(serial, .kill(.shutdown), at: now) }
    }

    /// Lets an idle slot be started by the next reconcile.
    mutating func rouse(_ index: Int) {
        switch slots[index].seat {
        case .waiting: act(.disarm(.restart(name, slot: index)))
        case .held, .finished, .stopped, .errored: break
        case .vacant, .taken, .yielding, .reserved: return
        }
        slots[index].seat = .vacant
        slots[index].backoff.recordStableRun()
    }

    /// Empties a slot for good, whatever goes on in it.
    mutating func vacate(_ index: Int, _ departure: Worker.Departure, at now: Instant) {
        cancelReplacement(index, at: now)
        let seat = slots[index].seat
        slots[index].seat = .stopped
        switch seat {
        case .taken(let serial): tell(serial, .leave(departure), at: now)
        case .waiting: act(.disarm(.restart(name, slot: index)))
        case .vacant, .yielding, .reserved, .held, .finished, .stopped, .errored: break
        }
    }
}
