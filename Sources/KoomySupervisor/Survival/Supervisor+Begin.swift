import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// What a koomyd begins with, and what it leaves.
extension Supervisor {
    /// Goes on with what is there: the state of the koomyd that ran in this process, or the journal of one that died, or
    /// workers that only their environment tells of, or nothing but what is wanted.
    func begin(_ takeover: Takeover?, from pool: DescriptorPool) throws {
        guard let store else { return }
        let wanted = try desiredState(store)
        let inheritance = takeover.map { Inheritance($0.contents) } ?? journalled(wanted)
        if let inheritance {
            resume(inheritance, onDisk: wanted, from: pool)
        } else {
            beginWithSurvivors(wanted, from: pool)
        }
        logs.resume()
        checkLinks()
        pool.closeRest()
        dropUnused()
        endStrays()
        if let takeover { finishUpgrade(takeover) }
    }

    private func desiredState(_ store: StateStore) throws -> DesiredState {
        switch try store.load() {
        case .nothing: return DesiredState()
        case .state(let state): return state
        case .newer(let version):
            throw Refusal(
                .badConfiguration,
                "\(store.path) has version \(version), and this koomyd knows \(DesiredState.currentVersion): start a later koomyd"
            )
        case .corrupt(let reason, let keptAs):
            log.error("the state cannot be read (\(reason)); it is kept as \(keptAs), and no app is known by it")
            announce(.stateCorrupt, "the state could not be read; it is kept as \(keptAs)")
            return DesiredState()
        }
    }

    private func journalled(_ wanted: DesiredState) -> Inheritance? {
        do {
            guard let contents = try Journal.read(setting.directories.journal) else { return nil }
            if contents.unread > 0 { log.warning("\(contents.unread) lines at the journal's end cannot be read") }
            let inheritance = Inheritance(contents)
            guard !inheritance.isOutdated(by: wanted) else {
                log.warning("the journal is older than the state; workers are known by their environment only")
                return nil
            }
            return inheritance
        } catch {
            log.warning(
                "\(setting.directories.journal) cannot be used: \(error); workers are known by their environment only"
            )
            return nil
        }
    }

    /// Second witness: what the environment of living workers says.
    private func beginWithSurvivors(_ wanted: DesiredState, from pool: DescriptorPool) {
        var survivors: [Survivor] = []
        for worker in Survivors(notifyFolder: setting.directories.notifySockets).workers {
            guard let app = wanted[worker.record.id.app] else { continue }
            // The candidate of a rehearsal has sockets of its own under the names of the app's.
            if worker.slot < app.spec.instances { takeBackListeners(of: worker, app.spec) }
            let place = ProcessTable.Place(spec: app.spec, slot: worker.slot, generation: worker.generation)
            processes.adopt(worker.record, at: place, from: pool)
            survivors.append(
                Survivor(
                    id: worker.record.id,
                    slot: worker.slot,
                    generation: worker.generation,
                    startedAt: worker.record.startedAt
                )
            )
        }
        deploymentLog.resume([], wanted.apps.map(\.spec.name), at: WallClock.now().milliseconds)
        send(.booted(wanted, survivors: survivors))
        processes.reportLateEnds()
        listeners.disinherit()
        guard !survivors.isEmpty else { return }
        announce(.daemonResumed, "took back \(survivors.count) workers that only their environment told of")
    }

    /// The sockets that a worker was given are descriptors 3 and up, in the order of their names.
    private func takeBackListeners(of worker: Survivors.Worker, _ spec: AppSpec) {
        guard let pidfd = try? Pidfd.open(worker.record.process.pid) else { return }
        for (index, name) in worker.listeners.enumerated() {
            guard let wanted = spec.listeners.first(where: { $0.name == name }),
                let copy = try? pidfd.copyDescriptor(LaunchPlan.firstListener + Int32(index)),
                let identity = FileIdentity(of: copy.number)
            else { continue }
            let slot = wanted.reusePort ? worker.slot : nil
            listeners.inherit(
                ListenerRecord(app: spec.name, address: wanted.address, slot: slot, socket: identity),
                copy
            )
        }
    }

    /// Processes of workers that nobody knows any more: nothing accounts for them, and they may hold ports.
    private func endStrays() {
        let known = processes.knownProcesses()
        let strays = Leftovers(notifyFolder: setting.directories.notifySockets).find().filter {
            !known.contains($0.pid)
        }
        guard !strays.isEmpty else { return }
        announce(.daemonResumed, "\(strays.count) processes of workers that are no longer known are ended")
        leftovers = try? LeftoverEnding(loop: loop, strays, within: .seconds(10))
    }

    /// What is kept for workers and listeners that are no more would be kept for ever.
    private func dropUnused() {
        guard let descriptors else { return }
        let needed = processes.keptNames.union(listeners.keptNames)
        for name in descriptors.names where !needed.contains(name) { descriptors.drop(name) }
    }

    /// The last step: nothing is left for a next koomyd, or all of it.
    func end() {
        switch leaving {
        case .workersGone:
            journal?.remove()
            descriptors?.end()
        case .workersStay:
            // As it is, and at once: what is torn down in order would take the workers' sockets along.
            ThisProcess.exit(0)
        }
    }
}
