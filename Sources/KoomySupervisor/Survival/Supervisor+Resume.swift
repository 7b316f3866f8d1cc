import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// Going on where an earlier koomyd was interrupted.
extension Supervisor {
    /// Takes over everything that an earlier koomyd had in hand.
    ///
    /// - Parameters:
    ///   - inheritance: What it knew.
    ///   - onDisk: The desired state as it is on disk.
    ///   - pool: The descriptors that outlived it.
    func resume(_ inheritance: Inheritance, onDisk: DesiredState, from pool: DescriptorPool) {
        let now = MonotonicClock.now()
        let away = max(.zero, now - inheritance.replay.last)
        inherit(inheritance)
        takeBackListeners(inheritance, from: pool)
        let lost = openListenersAgain()
        let found = adoptWorkers(inheritance, from: pool)
        for (timer, due) in inheritance.replay.timers(resumingAt: now) {
            attempt("arm a timer") { () throws(SystemError) in try timers.arm(timer, at: due) }
        }
        setSchedules()
        // Before it is written down anew, where nothing tells any more that it may not have been done.
        redo(inheritance.replay.uncertain)
        beginJournal()
        for (name, words) in lost { send(.lostListeners(name, words)) }
        for id in found.spawned { send(.worker(id, .spawned)) }
        processes.reportLateEnds()
        for id in found.vanished { send(.worker(id, .exited(.unknown))) }
        for id in found.vanished + found.remainsVanished { send(.worker(id, .treeGone)) }
        for id in found.condemned { processes.killTree(id) }
        for id in found.missing { perform(.spawn(id)) }
        send(.resumed(away: away, onDisk: onDisk, interrupted: found.interrupted))
        processes.resumePursuits()
        watchDrains()
        listeners.disinherit()
        let count = processes.workers.values.filter { $0.pursuit == nil }.count
        announce(
            .daemonResumed,
            "took back \(count) \(count == 1 ? "worker" : "workers") of koomyd \(inheritance.writer) "
                + "after \(away.milliseconds) ms without one"
        )
    }

    /// The listeners of every generation that has workers or may get some; the apps of which some could not be had.
    private func openListenersAgain() -> [(AppName, String)] {
        var lost: [(AppName, String)] = []
        for app in fleet.apps.values.sorted(by: { $0.name < $1.name }) {
            for generation in fleet.openGenerations(of: app) {
                guard let spec = app.specs[generation] else { continue }
                do throws(SystemError) {
                    try listeners.open(app.name, generation, spec.listeners)
                } catch {
                    if generation == app.current { lost.append((app.name, "\(error)")) }
                    log.error("\(app.name): \(error)")
                }
            }
        }
        return lost
    }

    private func takeBackListeners(_ inheritance: Inheritance, from pool: DescriptorPool) {
        var missing: [ListenerRecord] = []
        for record in inheritance.listeners {
            if let descriptor = pool.claim(record.socket) ?? listeners.activated.copy(of: record.socket) {
                listeners.inherit(record, descriptor)
            } else {
                missing.append(record)
            }
        }
        guard !missing.isEmpty else { return }
        // Whoever accepts on it has it; it can be copied from there with the rights of a debugger.
        for process in inheritance.processes.values {
            guard let pidfd = try? Pidfd.open(process.process.pid),
                ProcessStat(of: process.process.pid)?.startTime == process.process.startTime,
                let targets = ProcFS.descriptorTargets(of: process.process.pid)
            else { continue }
            for (number, target) in targets {
                guard let inode = ProcFS.socketInode(target),
                    let index = missing.firstIndex(where: { $0.socket.inode == inode }),
                    let copy = try? pidfd.copyDescriptor(number), FileIdentity(of: copy.number) == missing[index].socket
                else { continue }
                listeners.inherit(missing.remove(at: index), copy)
            }
            if missing.isEmpty { return }
        }
    }

    private struct Found {
        /// Started, and the machines have not heard of it.
        var spawned: [WorkerID] = []
        /// To be started, and not started.
        var missing: [WorkerID] = []
        /// Started, and dead before it was its program.
        var interrupted: Set<WorkerID> = []
        /// Killed, and perhaps not all of it.
        var condemned: [WorkerID] = []
        /// Of these there is no trace.
        var vanished: [WorkerID] = []
        /// Their own processes had ended before, and of what these had started there is no trace.
        var remainsVanished: [WorkerID] = []
    }

    private func adoptWorkers(_ inheritance: Inheritance, from pool: DescriptorPool) -> Found {
        var found = Found()
        let unrecorded = Survivors(notifyFolder: setting.directories.notifySockets)
        for app in fleet.apps.values {
            for (serial, worker) in app.workers {
                let id = WorkerID(app: app.name, serial: serial)
                guard let launch = fleet.launch(id) else { continue }
                // One that was started in the last moment may not have been written down.
                guard let record = record(of: id, worker, inheritance, unrecorded) else {
                    if worker.isOrdered {
                        found.missing.append(id)
                    } else if worker.remains != nil {
                        found.remainsVanished.append(id)
                    } else {
                        found.vanished.append(id)
                    }
                    continue
                }
                let place = ProcessTable.Place(
                    spec: launch.spec,
                    slot: launch.slot,
                    generation: launch.generation,
                    pursuit: .init(worker.remains)
                )
                processes.adopt(record, at: place, from: pool)
                if worker.isOrdered || worker.isStarting, processes.wasInterrupted(id) {
                    processes.dismiss(id)
                    if worker.isOrdered { found.missing.append(id) } else { found.interrupted.insert(id) }
                    continue
                }
                if worker.isOrdered { found.spawned.append(id) }
                if worker.isCondemned { found.condemned.append(id) }
            }
        }
        return found
    }

    private func record(
        of id: WorkerID,
        _ worker: Worker,
        _ inheritance: Inheritance,
        _ unrecorded: Survivors
    ) -> ProcessRecord? {
        let known = inheritance.processes[id]
        if let known, known.process != .none { return known }
        guard worker.isOrdered, let found = unrecorded.record(of: id) else { return nil }
        return known?.found(as: found) ?? found
    }

    private func setSchedules() {
        for app in fleet.apps.values where app.isActive {
            guard let schedule = app.spec.recycle.schedule else { continue }
            attempt("arm a schedule") { () throws(SystemError) in try calendar.set(app.name, schedule) }
        }
    }

    /// Does again what may not have been done; what is done twice by that does no harm.
    private func redo(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .signal(let id, let signal): processes.signal(id, signal)
            case .signalDescendants(let id, let signal): processes.askDescendants(id, signal)
            case .killTree(let id): processes.killTree(id)
            case .publish(let notice): perform(.publish(notice))
            case .forget(let id): processes.forget(id)
            // What a process, timer or socket tells by itself has been asked of it; the rest follows from `resumed`.
            case .spawn, .ask, .arm, .disarm, .sample, .compare, .weigh, .schedule, .openListeners, .closeListeners,
                .closeSlotListeners,
                .prepare, .reply, .exit, .anomaly:
                break
            }
        }
    }
}

extension WorkerProcess.Pursuit {
    /// How a worker of a machine's state is dealt with; nil for one whose process may live.
    fileprivate init?(_ remains: Worker.Remains?) {
        switch remains {
        case nil: return nil
        case .asked: self = .asked
        case .killed: self = .killing
        }
    }
}
