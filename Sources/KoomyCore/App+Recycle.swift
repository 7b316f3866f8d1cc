import KoomyModel

/// Replacements though nothing is wrong with the program: memory, age, schedule, health, an operator's wish.
extension App {
    mutating func requestRecycle(of serials: [UInt64], _ cause: RecycleCause) {
        guard goal == .running else { return }
        for serial in serials where !recycles.contains(where: { $0.serial == serial }) {
            guard slotServed(by: serial) != nil else { continue }
            recycles.append(Recycle(serial: serial, cause: cause))
        }
    }

    /// Begins the next recycle; one at a time, and none beside a rollout.
    mutating func advanceRecycles(at now: Instant) {
        if !recycles.isEmpty { recycles = recycles.filter { slotServed(by: $0.serial) != nil } }
        requestOverdue(at: now)
        guard rollout == nil, recycleHold == .none, breaker == .closed, let next = recycles.first,
            !slots.contains(where: { $0.replacement != nil }),
            let index = slotServed(by: next.serial)
        else { return }
        let allowance = Rollout.allowance(spec(of: slots[index]).rollout, ownsPort: ownsPort(spec(of: slots[index])))
        guard allowance.newFirst > 0 || missing < allowance.stopFirst || next.cause == .requested else { return }
        recycles.removeFirst()
        publish(.recycling(slot: index, next.cause))
        beginReplacement(index, .recycle(next.cause), newFirst: allowance.newFirst > 0, at: now)
    }

    /// Sees to it that age is never forgotten: the timer that tells of it fires once.
    private mutating func requestOverdue(at now: Instant) {
        guard specs.values.contains(where: { $0.recycle.maxAge != nil }) else { return }
        for index in slots.indices {
            guard let serial = slots[index].occupant, workers[serial]?.isOverdue(at: now) == true else { continue }
            requestRecycle(of: [serial], .age)
        }
    }

    /// Gives way to a rollout: what asked for the recycle still holds if the old worker outlives that.
    mutating func interruptRecycle(_ index: Int, at now: Instant) {
        if case .recycle(let cause)? = slots[index].replacement?.cause, let old = slots[index].occupant,
            slots[index].replacement?.challenger != nil
        {
            recycles.removeAll { $0.serial == old }
            recycles.insert(Recycle(serial: old, cause: cause), at: 0)
        }
        cancelReplacement(index, at: now)
    }

    private func slotServed(by serial: UInt64) -> Int? {
        guard let worker = workers[serial], slots.indices.contains(worker.slot),
            slots[worker.slot].occupant == serial
        else { return nil }
        return worker.slot
    }

    /// Arms the next look at memory, if any worker has a limit.
    mutating func watchMemory(at now: Instant) {
        guard case .idle = sampling, goal == .running, !workers.isEmpty,
            specs.values.contains(where: { $0.recycle.maxMemory != nil })
        else { return }
        sampleAgain(at: now + MemoryGuard.slowest)
    }

    private mutating func sampleAgain(at due: Instant) {
        if case .armed(let earlier) = sampling, earlier <= due { return }
        sampling = .armed(due)
        act(.arm(.sample(name), due))
    }

    mutating func sample() {
        sampling = .idle
        guard goal == .running else { return }
        act(.sample(name))
    }

    mutating func sampled(_ serial: UInt64, _ memory: ByteCount, at now: Instant) {
        guard var worker = workers[serial], worker.isWanted,
            let recycle = specs[worker.generation]?.recycle, let soft = recycle.maxMemory,
            let hard = recycle.effectiveHardMemory
        else { return }
        let (verdict, next) = worker.memory.judge(memory, soft: soft, hard: hard, at: now)
        workers[serial] = worker
        sampleAgain(at: now + next)
        switch verdict {
        case .within: break
        case .overSoft:
            if let rollout, rollout.brings(worker.generation), slotServed(by: serial) != nil {
                let words = "a new worker has \(memory) of memory, more than max_memory"
                failRollout(.unhealthy, slot: worker.slot, words, at: now)
            } else {
                requestRecycle(of: [serial], .memory(memory))
            }
        case .overHard: tell(serial, .kill(.outgrown), at: now)
        }
    }
}
