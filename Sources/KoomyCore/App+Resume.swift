import KoomyModel

/// What follows when koomyd was away and is back.
extension App {
    /// Hears its workers again.
    mutating func resume(away: TimeSpan, interrupted: Set<UInt64>, at now: Instant) {
        for serial in workers.keys.sorted() {
            let isInterrupted = interrupted.contains(serial)
            let steps = isInterrupted ? workers[serial]?.startAgain() : workers[serial]?.resume(away: away, at: now)
            guard let steps, let worker = workers[serial] else { continue }
            translate(steps, of: worker, at: now)
        }
        resumeRehearsal()
        resumeCanary()
        if case .deaf = breaker, goal == .running { act(.openListeners(name, current)) }
    }

    /// Takes in workers of which only their environment is known.
    ///
    /// In each slot the youngest of the generation that is wanted has the slot, or the youngest of all; the others are
    /// asked to leave. Slots that another generation has go back: the rollout that it came with had not succeeded.
    mutating func adopt(_ survivors: [Survivor], at now: Instant) {
        var strays: [UInt64] = []
        for survivor in survivors.sorted(by: { $0.id.serial < $1.id.serial }) {
            let serial = survivor.id.serial
            nextSerial = max(nextSerial, serial + 1)
            latest = max(latest, survivor.generation)
            if specs[survivor.generation] == nil { specs[survivor.generation] = spec }
            let worker = Worker(survivor, spec: spec, at: now)
            workers[serial] = worker
            tell(serial, .spawned, at: now)
            workers[serial]?.startedAt = survivor.startedAt
            guard survivor.slot < spec.instances, !stoppedSlots.contains(survivor.slot), goal == .running else {
                strays.append(serial)
                continue
            }
            while slots.count <= survivor.slot { slots.append(Slot(index: slots.count, generation: current)) }
            let older = slots[survivor.slot].occupant
            if older != nil, slots[survivor.slot].generation == current, survivor.generation != current {
                strays.append(serial)
                continue
            }
            if let older { strays.append(older) }
            slots[survivor.slot].seat = .taken(serial: serial)
            slots[survivor.slot].generation = survivor.generation
        }
        for serial in strays { tell(serial, .leave(.replaced), at: now) }
        goBack()
    }

    private mutating func goBack() {
        let ahead = slots.filter { $0.generation != current }
        guard let other = ahead.map(\.generation).max() else { return }
        let failure = Rollout.Failure(outcome: .aborted, slot: nil, detail: "koomyd ended during the rollout")
        publish(.rollbackBegan(failure, slots: ahead.count))
        rollout = Rollout(kind: .rollback(because: failure), from: other, to: current, slots: ahead.map(\.index))
    }
}
