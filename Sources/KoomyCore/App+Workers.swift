import KoomyModel

/// The workers of an app: telling them things, and hearing from them.
extension App {
    mutating func act(_ action: Action) { actions.append(action) }

    mutating func publish(_ kind: Notice.Kind) { actions.append(.publish(Notice(app: name, kind))) }

    /// Starts a worker of a generation for a slot.
    ///
    /// - Returns: Its serial.
    mutating func launch(slot: Int, _ generation: Generation, at now: Instant) -> UInt64 {
        let serial = nextSerial
        nextSerial += 1
        let id = WorkerID(app: name, serial: serial)
        let spec = specs[generation] ?? spec
        let worker = Worker(
            id: id,
            slot: slot,
            generation: generation,
            spec: spec,
            ownsPort: ownsPort(spec),
            at: now
        )
        workers[serial] = worker
        publish(.workerStarting(serial: serial, slot: slot, generation))
        translate(worker.start(), of: worker, at: now)
        return serial
    }

    /// Passes an event to a worker; one that is gone has nothing left to hear.
    mutating func tell(_ serial: UInt64, _ event: Worker.Event, at now: Instant) {
        guard let before = workers[serial], let steps = workers[serial]?.handle(event, at: now),
            let worker = workers[serial]
        else { return }
        if let departure = worker.departure {
            if before.isWanted, worker.isParting {
                let span = worker.policy.stop.preDrain
                publish(.workerParting(serial: serial, slot: worker.slot, departure, span))
            } else if before.isWanted || before.isParting && worker.isAsked {
                publish(.workerLeaving(serial: serial, slot: worker.slot, departure))
            }
        }
        translate(steps, of: worker, at: now)
    }

    mutating func translate(_ steps: [Worker.Action], of worker: Worker, at now: Instant) {
        for step in steps {
            switch step {
            case .spawn: act(.spawn(worker.id))
            case .signal(let signal): act(.signal(worker.id, signal))
            case .signalDescendants(let signal): act(.signalDescendants(worker.id, signal))
            case .killTree: act(.killTree(worker.id))
            case .arm(let timer, let instant): act(.arm(.worker(worker.id, timer), instant))
            case .disarm(let timer): act(.disarm(.worker(worker.id, timer)))
            case .ask(let kind, let attempt): act(.ask(worker.id, kind, attempt: attempt))
            case .anomaly(let anomaly): act(.anomaly(anomaly))
            case .report(let report): heard(report, from: worker, at: now)
            }
        }
    }

    private mutating func heard(_ report: Worker.Report, from worker: Worker, at now: Instant) {
        let serial = worker.id.serial
        switch report {
        case .ready(let evidence):
            let age = now - worker.startedAt
            publish(.workerReady(serial: serial, slot: worker.slot, worker.generation, evidence, after: age))
            if slot(of: worker, as: .challenger) != nil {
                challengerReady(worker, at: now)
            } else if let index = slot(of: worker, as: .occupant) {
                occupantReady(index)
            }
        case .matured:
            if let index = slot(of: worker, as: .occupant) { occupantMatured(index) }
        case .aged:
            requestRecycle(of: [serial], .age)
        case .faltered(let fault):
            publish(.workerFaltered(serial: serial, slot: worker.slot, fault))
            if slot(of: worker, as: .challenger) != nil {
                challengerFailed(worker, fault.words, timedOut: fault == .notReady, at: now)
            } else if let index = slot(of: worker, as: .occupant) {
                occupantFaltered(index, worker, fault, at: now)
            }
        case .ended(let ending):
            publish(.workerEnded(serial: serial, slot: worker.slot, ending))
            ended(worker, ending, at: now)
        case .forced:
            publish(.workerForced(serial: serial, slot: worker.slot))
            if slots.indices.contains(worker.slot), case .draining(serial)? = slots[worker.slot].replacement?.phase {
                rollout?.forcedDrains += 1
            }
        case .lingering(let rest):
            publish(.workerLingering(serial: serial, slot: worker.slot, worker.connections, rest))
        case .idled:
            publish(.workerIdled(serial: serial, slot: worker.slot))
        case .hookFailed(let words):
            publish(.hookFailed(serial: serial, slot: worker.slot, words))
        case .gone:
            workers[serial] = nil
            publish(.workerGone(serial: serial, slot: worker.slot))
            act(.forget(worker.id))
            gone(worker, at: now)
        }
        rehearse(report, of: worker, at: now)
    }

    private mutating func ended(_ worker: Worker, _ ending: Worker.Ending, at now: Instant) {
        let serial = worker.id.serial
        guard slots.indices.contains(worker.slot) else { return }
        let index = worker.slot
        let isChallenger = slots[index].replacement?.challenger == serial
        // The end of one that never had the slot says nothing about the one that has.
        if !isChallenger, ending.departure != .rejected {
            slots[index].lastEnd = Slot.LastEnd(serial: serial, reason: ending.reason, at: now)
        }
        if isChallenger {
            challengerFailed(worker, "ended: \(ending.reason)", timedOut: false, at: now)
        } else if slots[index].occupant == serial {
            occupantEnded(index, worker, ending, at: now)
        }
    }

    /// A worker of which nothing is left may have kept a slot waiting.
    private mutating func gone(_ worker: Worker, at now: Instant) {
        if slots.indices.contains(worker.slot) {
            let index = worker.slot
            if slots[index].seat == .yielding(serial: worker.id.serial) {
                yielded(index, at: now)
            }
            if case .draining(worker.id.serial)? = slots[index].replacement?.phase {
                finishReplacement(index)
            }
        }
        if case .stopped = goal, workers.isEmpty { finishStopping() }
    }

    mutating func finishStopping() {
        publish(.stopped)
        for generation in specs.keys.sorted() { act(.closeListeners(name, generation)) }
    }

    private enum Role { case occupant, challenger }

    /// The slot in which the worker has this role; nil for one that is leaving.
    private func slot(of worker: Worker, as role: Role) -> Int? {
        guard slots.indices.contains(worker.slot) else { return nil }
        let slot = slots[worker.slot]
        switch role {
        case .occupant: return slot.occupant == worker.id.serial ? worker.slot : nil
        case .challenger: return slot.replacement?.challenger == worker.id.serial ? worker.slot : nil
        }
    }
}

extension Worker.Fault {
    /// For people.
    package var words: String {
        switch self {
        case .notReady: "not ready in time"
        case .hung: "gave no sign of life"
        case .unhealthy(let words): "unhealthy: \(words)"
        }
    }
}
