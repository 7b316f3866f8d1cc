package import KoomyModel

/// The state of an app in the few words that users see; every word has evidence.
extension App {
    package var isActive: Bool { goal == .running }

    /// Whether its listeners have to be opened before anything can start.
    var needsListeners: Bool {
        if case .deaf = breaker { return true }
        return !isActive
    }

    package var nextGeneration: Generation { Generation(latest.number &+ 1) }

    package var readyCount: Int { slots.filter { isReady($0.index) }.count }

    /// Slots that do not serve and are going to soon.
    ///
    /// One that fails again and again is not waited for, or a rollout might not end.
    var missing: Int { slots.filter { $0.index < spec.instances && !isReady($0.index) && $0.isComing }.count }

    /// Whether every slot that is wanted has a ready worker.
    package var isServing: Bool {
        isActive && slots.count == spec.instances && rollout == nil
            && slots.allSatisfy { isReady($0.index) || $0.isAtRest } && slots.contains { isReady($0.index) }
    }

    /// Whether nothing runs and nothing is going to by itself.
    package var isAtRest: Bool {
        guard workers.isEmpty else { return false }
        if isActive, case .deaf = breaker { return false }
        return !isActive || (!slots.isEmpty && slots.allSatisfy { $0.isAtRest || $0.seat == .errored })
    }

    package var hasFailed: Bool {
        slots.contains { slot in
            switch slot.seat {
            case .errored: true
            case .finished(let reason): isFailure(reason, slot)
            case .vacant, .taken, .yielding, .reserved, .waiting, .held, .stopped: false
            }
        }
    }

    /// Whether an end after which the slot stays empty is a failure.
    func isFailure(_ reason: ExitReason, _ slot: Slot) -> Bool {
        !reason.isSuccess && !reason.isStop(spec(of: slot).restart)
    }

    /// Whether the slot's worker ended and is not to be started again; nil while it may be.
    func finish(of slot: Int) -> ExitReason? {
        guard slots.indices.contains(slot), case .finished(let reason) = slots[slot].seat else { return nil }
        return reason
    }

    package func isReady(_ slot: Int) -> Bool {
        guard slots.indices.contains(slot), let serial = slots[slot].occupant else { return false }
        return workers[serial]?.isReady == true
    }

    /// The first slot whose worker fails its health probe, and why.
    private var complaint: String? {
        for slot in slots {
            guard let worker = slot.occupant.flatMap({ workers[$0] }), worker.isReady else { continue }
            if let words = worker.complaint { return "slot \(slot.index) is unhealthy: \(words)" }
        }
        return nil
    }

    package var condition: AppCondition {
        guard isActive else { return workers.isEmpty ? .stopped : .degraded }
        if rollout != nil { return .rolling }
        switch breaker {
        case .open, .deaf, .halfOpen: return .errored
        case .closed, .incident: break
        }
        if isServing { return complaint == nil ? .ok : .degraded }
        return isAtRest ? .stopped : .degraded
    }

    /// Why the condition is what it is, where it is not `ok`.
    package var reason: String? {
        switch condition {
        case .ok: return nil
        case .stopped: return isActive ? "every worker has finished" : nil
        case .rolling:
            guard let rollout else { return nil }
            let words: String
            switch rollout.kind {
            case .reload: words = "generation \(rollout.from.number) to \(rollout.to.number)"
            case .rollback(let failure):
                words = "back to generation \(rollout.to.number) because \(failure.detail)"
            }
            return "\(words), \(rollout.done) of \(rollout.total) slots"
        case .errored:
            switch breaker {
            case .deaf(let words): return words.isEmpty ? "the listeners are being opened" : words
            case .halfOpen(let scout): return "one worker is tried in slot \(scout)"
            case .open, .closed, .incident:
                let last = slots.compactMap(\.lastEnd).max { $0.at < $1.at }
                return "given up" + (last.map { ", the last worker: \($0.reason)" } ?? "")
            }
        case .degraded:
            guard isActive else { return "stopping: \(workers.count) workers are leaving" }
            return isServing ? complaint : "\(readyCount) of \(spec.instances) workers are ready"
        }
    }

    /// One line of a table: a worker, or a slot without one.
    package struct Row: Hashable, Sendable {
        package var slot: Int
        package var serial: UInt64?
        package var condition: WorkerCondition
        package var generation: Generation
        package var evidence: ReadinessEvidence?
        package var startedAt: Instant?
        package var restarts: Int
        package var lastEnd: Slot.LastEnd?
        package var nextStart: Instant?
    }

    /// The rows of every slot, and of workers that have none any more, by slot and serial.
    package var rows: [Row] {
        var rows: [Row] = []
        for slot in slots where slot.occupant == nil {
            var row = Row(
                slot: slot.index,
                condition: slot.condition,
                generation: slot.generation,
                restarts: slot.restarts
            )
            row.lastEnd = slot.lastEnd
            if case .waiting(let instant) = slot.seat { row.nextStart = instant }
            if workers.values.contains(where: { $0.slot == slot.index && slot.isOnlyWaitingForItsWorker }) { continue }
            rows.append(row)
        }
        for (serial, worker) in workers {
            let slot = slots.indices.contains(worker.slot) ? slots[worker.slot] : nil
            rows.append(
                Row(
                    slot: worker.slot,
                    serial: serial,
                    condition: worker.condition,
                    generation: worker.generation,
                    evidence: worker.evidence,
                    startedAt: worker.startedAt,
                    restarts: slot?.restarts ?? 0,
                    lastEnd: slot?.lastEnd
                )
            )
        }
        return rows.sorted { ($0.slot, $0.serial ?? 0) < ($1.slot, $1.serial ?? 0) }
    }
}

extension Slot {
    /// Whether nothing is going to be started in it by itself.
    var isAtRest: Bool {
        switch seat {
        case .finished, .stopped: true
        case .vacant, .taken, .yielding, .reserved, .waiting, .held, .errored: false
        }
    }

    /// Whether its next worker is on its way, and the last two did not fail.
    fileprivate var isComing: Bool {
        switch seat {
        case .vacant, .taken, .yielding, .reserved, .waiting: backoff.failures < 2
        case .held, .finished, .stopped, .errored: false
        }
    }

    /// Whether a worker's own row says all there is to say.
    fileprivate var isOnlyWaitingForItsWorker: Bool {
        switch seat {
        case .yielding, .reserved, .stopped: true
        case .vacant, .taken, .waiting, .held, .finished, .errored: false
        }
    }

    fileprivate var condition: WorkerCondition {
        switch seat {
        case .vacant, .waiting, .held, .yielding: .backoff
        case .taken, .reserved: .starting
        case .finished, .stopped: .stopped
        case .errored: .errored
        }
    }
}

extension Worker {
    /// The word that users see.
    package var condition: WorkerCondition {
        switch state {
        case .spawning, .starting: .starting
        case .ready: .ready
        case .unwanted, .condemned, .parting, .leaving, .lingering, .killing, .clearing, .trailing, .purging, .gone:
            .draining
        }
    }
}
