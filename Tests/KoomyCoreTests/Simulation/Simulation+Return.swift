import KoomyModel

@testable import KoomyCore

/// A koomyd that follows one that died: the same steps as the real one's, in the same order.
extension Simulation {
    mutating func comeBack() {
        guard let journal else { return }
        isAway = false
        isReturning = true
        defer { isReturning = false }
        // Now and then it does not get far.
        if dice.chance(15) { doom = dice.roll(0...15) }
        if isTraced { print("\(now.nanoseconds / 1_000) µs  koomyd comes back") }
        if dice.chance(8) {
            beginWithSurvivors()
        } else {
            do {
                resume(try journal.replay())
            } catch {
                violation = violation ?? "the journal cannot be read: \(error)"
            }
        }
        guard !isAway, violation == nil else { return }
        readMail()
        guard !isAway, violation == nil else { return }
        isReturning = false
        // Whoever comes too late finds no koomyd.
        guard exitStatus == nil else { return desk.dismiss(mail.compactMap(\.request)) }
        for id in desk.outstanding.keys where !desk.abandoned.contains(id) && !fleet.owesAnswer(to: id) {
            violation = "request \(id.number) is forgotten"
        }
        violation = violation ?? SimulationInvariants.violation(in: self) ?? desk.broken(disk)
        if desk.endsWithShutdown, !isNoisy, fleet.phase == .serving {
            request(.shutdown(dice.chance(50) ? .drain : .now))
        }
    }

    private struct Found {
        var spawned: [WorkerID] = []
        var missing: [WorkerID] = []
        var condemned: [WorkerID] = []
        var vanished: [WorkerID] = []
    }

    private mutating func resume(_ replay: Replay) {
        if replay.fleet != fleet { violation = "the replayed fleet is another one" }
        if replay.fleet.latestRevision < disk.revision { violation = "the journal counts as outdated" }
        fleet = replay.fleet
        let lost = takeBackListeners()
        let found = adoptWorkers()
        timers = [:]
        for (timer, due) in replay.timers(resumingAt: now).sorted(by: { "\($0.key)" < "\($1.key)" }) {
            arm(timer, at: due)
        }
        schedules = Set(fleet.apps.values.filter { $0.isActive && $0.spec.recycle.schedule != nil }.map(\.name))
        // Before anything is written down: whoever follows must not believe that they have been sent.
        for action in replay.uncertain { askAgain(action) }
        beginJournal()
        // Who asked gets the answer that had been found.
        for (id, reply) in replay.replies.sorted(by: { $0.key.number < $1.key.number }) where desk.isOpen(id) {
            violation = violation ?? desk.take(reply, to: id, disk: disk)
        }
        for event in lost { deliver(event) }
        for id in found.spawned { deliver(.worker(id, .spawned)) }
        for id in processes.keys.sorted() { reportLateEnd(of: id) }
        for id in found.vanished { reportVanished(id) }
        for id in found.condemned where !isAway { if processes[id] != nil { killTree(id) } }
        for id in found.missing where !isAway { order(id) }
        deliver(.resumed(away: now - replay.last, onDisk: disk))
        guard !isAway else { return }
        for action in replay.uncertain { redo(action) }
        for id in processes.keys.sorted() where processes[id]?.state == .orphans && processes[id]?.isKilled == false {
            if fleet.apps[id.app]?.workers[id.serial]?.remains == .killed { killTree(id) }
        }
        lookAgain()
        for id in processes.keys.sorted() where processes[id]?.state == .vanished {
            processes[id]?.state = .orphans
            agenda.add(.fact(id, .treeGone), at: now)
        }
    }

    private mutating func takeBackListeners() -> [Fleet.Event] {
        var lost: [Fleet.Event] = []
        var open: Set<Opened> = []
        for app in fleet.apps.values.sorted(by: { $0.name < $1.name }) {
            for generation in fleet.openGenerations(of: app) {
                if isNoisy, generation == app.current, app.specs[generation]?.listeners.isEmpty == false, dice.chance(3)
                {
                    lost.append(.lostListeners(app.name, "address in use"))
                } else {
                    open.insert(Opened(app: app.name, generation: generation))
                }
            }
        }
        listeners = open
        return lost
    }

    private mutating func adoptWorkers() -> Found {
        var found = Found()
        for app in fleet.apps.values.sorted(by: { $0.name < $1.name }) {
            for (serial, worker) in app.workers.sorted(by: { $0.key < $1.key }) {
                let id = WorkerID(app: app.name, serial: serial)
                guard let process = processes[id] else {
                    if worker.isOrdered { found.missing.append(id) } else { found.vanished.append(id) }
                    continue
                }
                if worker.isOrdered, !process.isRecorded, process.state != .running {
                    // No environment tells of it any more.
                    drop(id)
                    found.missing.append(id)
                    continue
                }
                if !worker.isOrdered, process.lateEnd != nil, process.temper.descendants.isNone, dice.chance(10) {
                    drop(id)
                    found.vanished.append(id)
                    continue
                }
                processes[id]?.isRecorded = true
                if worker.isOrdered { found.spawned.append(id) }
                if worker.isCondemned { found.condemned.append(id) }
            }
        }
        return found
    }

    /// Nothing that concerned it happens any more.
    private mutating func drop(_ id: WorkerID) {
        processes[id] = nil
        agenda.remove { item in
            guard case .fact(id, _) = item else { return false }
            return true
        }
    }

    private mutating func reportLateEnd(of id: WorkerID) {
        guard !isAway, let process = processes[id], let reason = process.lateEnd, process.state == .zombie else {
            return
        }
        processes[id]?.state = .orphans
        processes[id]?.lateEnd = nil
        guard deliver(.worker(id, .exited(dice.chance(30) ? .unknown : reason))) else {
            processes[id]?.state = .zombie
            processes[id]?.lateEnd = reason
            return
        }
        if processes[id]?.isKilled == true { agenda.add(.fact(id, .treeGone), at: now) }
    }

    private mutating func reportVanished(_ id: WorkerID) {
        guard !isAway else { return }
        if fleet.apps[id.app]?.workers[id.serial]?.remains == nil { deliver(.worker(id, .exited(.unknown))) }
        deliver(.worker(id, .treeGone))
    }

    /// Sends again what may not have been sent.
    private mutating func askAgain(_ action: Action) {
        switch action {
        case .signal(let id, let signal): ask(id, signal)
        case .signalDescendants(let id, _): askDescendants(id)
        case .killTree, .forget, .publish, .spawn, .ask, .arm, .disarm, .sample, .compare, .weigh, .schedule,
            .openListeners,
            .closeListeners, .closeSlotListeners, .prepare, .reply, .exit, .anomaly:
            break
        }
    }

    /// Does again what may not have been done.
    private mutating func redo(_ action: Action) {
        switch action {
        case .killTree(let id): if processes[id] != nil { killTree(id) }
        case .signal, .signalDescendants, .forget, .publish, .spawn, .ask, .arm, .disarm, .sample, .compare, .weigh,
            .schedule,
            .openListeners,
            .closeListeners, .closeSlotListeners, .prepare, .reply, .exit, .anomaly:
            break
        }
    }

    private mutating func readMail() {
        let waiting = mail
        mail = []
        for event in waiting { exitStatus == nil ? _ = deliver(event) : mail.append(event) }
    }

    // MARK: - Without a journal

    /// Only the environment of living workers tells of them, and the disk of what is wanted.
    private mutating func beginWithSurvivors() {
        journal = nil
        doom = nil
        fleet = Fleet(idling: fleet.idling)
        (timers, listeners, schedules) = ([:], [], [])
        var survivors: [Survivor] = []
        for (id, process) in processes.sorted(by: { $0.key < $1.key }) {
            guard process.state == .running, let wanted = disk[id.app] else {
                drop(id)
                continue
            }
            survivors.append(
                Survivor(id: id, slot: process.slot, generation: process.generation, startedAt: process.startedAt)
            )
            var adopted = process
            adopted.spec = wanted.spec.asAdopted
            (adopted.isAsked, adopted.isKilled, adopted.isRecorded) = (false, false, true)
            (adopted.asked, adopted.told, adopted.isWatched) = (nil, nil, false)
            processes[id] = adopted
            if process.provedAt != nil { agenda.add(.fact(id, .readiness), at: now + dice.milliseconds(0...50)) }
        }
        mail.removeAll { $0.worker.map { processes[$0] == nil } ?? false }
        // A command that is not known is done anew.
        let open = desk.outstanding.keys.sorted { $0.number < $1.number }
        for id in open where !mail.contains(where: { $0.request == id }) {
            if let request = desk.outstanding[id] { mail.append(.request(id, request)) }
        }
        deliver(.booted(disk, survivors: survivors))
    }
}

extension AppSpec {
    /// What it said once it will not say again: it is looked at instead.
    fileprivate var asAdopted: AppSpec {
        var spec = self
        switch readiness {
        case .notify, .descriptor, .ipc: spec.readiness = .automatic
        case .automatic, .observed, .probe, .uptime: break
        }
        return spec
    }
}

extension Fleet.Event {
    fileprivate var worker: WorkerID? {
        switch self {
        case .worker(let id, _), .ownsPort(let id), .sampled(let id, _): id
        case .booted, .resumed, .request, .abandoned, .prepared, .prepareFailed, .listening, .lostListeners,
            .cannotListen, .compared, .weighed, .timerFired, .scheduleFired:
            nil
        }
    }

    fileprivate var request: RequestID? {
        guard case .request(let id, _) = self else { return nil }
        return id
    }
}
