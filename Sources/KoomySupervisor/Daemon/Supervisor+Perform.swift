import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import KoomyWire

/// What each action means to the kernel.
extension Supervisor {
    func perform(_ action: Action) {
        switch action {
        case .spawn(let id): spawn(id)
        case .signal(let id, let signal): processes.signal(id, signal)
        case .signalDescendants(let id, let signal): processes.signalDescendants(id, signal)
        case .killTree(let id): processes.killTree(id)
        case .forget(let id):
            drains.forget(id)
            processes.forget(id)
        case .ask(let id, let kind, let attempt): processes.ask(id, kind, attempt: attempt)
        case .arm(let timer, let instant):
            attempt("arm a timer") { () throws(SystemError) in try timers.arm(timer, at: instant) }
        case .disarm(let timer): timers.disarm(timer)
        case .sample(let name): sample(name)
        case .compare(let name, let generation): compare(name, generation)
        case .weigh(let name): weigh(name)
        case .schedule(let name, let schedule):
            attempt("arm a schedule") { () throws(SystemError) in try calendar.set(name, schedule) }
        case .openListeners(let name, let generation): openListeners(name, generation)
        case .closeListeners(let name, let generation): listeners.close(name, generation)
        case .closeSlotListeners(let name, let slot): listeners.closeSlot(name, slot)
        case .prepare(let ticket, let preparation): prepare(ticket, preparation)
        case .publish(let notice): publish(notice)
        case .reply(let id, let reply): finish(id, CommandResult(reply))
        case .exit(let status): logs.whenDelivered { [loop] in loop.exit(code: status) }
        case .anomaly(let anomaly): noteAnomaly(anomaly)
        }
    }

    private func spawn(_ id: WorkerID) {
        guard let launch = fleet.launch(id) else { return }
        processes.launch(id, launch.spec, slot: launch.slot, launch.generation)
    }

    private func sample(_ name: AppName) {
        let limited = processes.workers.values.compactMap { worker in
            worker.id.app == name ? worker.spec.recycle.maxMemory.map { (worker, $0) } : nil
        }
        for (id, memory) in MemorySampler.memory(of: limited) { send(.sampled(id, memory)) }
    }

    private func openListeners(_ name: AppName, _ generation: Generation) {
        guard let spec = fleet.apps[name]?.specs[generation] else { return }
        do throws(SystemError) {
            try listeners.open(name, generation, spec.listeners)
            send(.listening(name, generation))
        } catch {
            send(.cannotListen(name, generation, "\(error)"))
        }
    }

    /// All of it, or nothing: what was opened is closed again where a later step fails.
    private func prepare(_ ticket: Ticket, _ preparation: Preparation) {
        var opened: [Preparation.Listeners] = []
        func undo() { for entry in opened { listeners.close(entry.app, entry.generation) } }
        for entry in preparation.listeners {
            do throws(SystemError) {
                try listeners.open(entry.app, entry.generation, entry.specs)
                opened.append(entry)
            } catch {
                undo()
                send(.prepareFailed(ticket, .listen(entry.app, "\(error)")))
                return
            }
        }
        if let desired = preparation.desired, let store {
            do throws(SystemError) {
                try store.save(desired)
                try followReleases(desired)
                runHooksAfterSave()
            } catch {
                undo()
                send(.prepareFailed(ticket, .save("\(error)")))
                return
            }
        }
        send(.prepared(ticket))
    }

    private func publish(_ notice: Notice) {
        let text = NoticeText(notice.kind)
        let pid = notice.app.flatMap { app in
            text.serial.flatMap { processes.workers[WorkerID(app: app, serial: $0)]?.pid }
        }
        announce(text.type, app: notice.app, text.message, slot: text.slot, serial: text.serial, pid, text.generation)
        record(notice, text)
        if let app = notice.app { observe(notice.kind, of: app) }
        // How a rollout ended is what its result says.
        if case .rolloutEnded = notice.kind { return }
        guard let app = notice.app else { return }
        for answer in answers.values.joined() where answer.concerns(app) { answer.progress(app, text) }
    }

    /// Begins to look at what is of interest from now on.
    private func observe(_ kind: Notice.Kind, of app: AppName) {
        switch kind {
        case .workerReady(let serial, _, _, _, _): processes.settle(WorkerID(app: app, serial: serial))
        case .workerParting(let serial, _, _, _), .workerLeaving(let serial, _, _):
            watchDrain(WorkerID(app: app, serial: serial))
        case .workerStarting, .workerFaltered, .workerEnded, .hookFailed, .workerLingering, .workerIdled, .workerForced,
            .workerGone, .restartScheduled, .incident, .finished, .errored, .unstartable, .retrying, .recovered,
            .recycling, .recycled, .recycleFailed, .rolloutBegan, .rolloutAdvanced, .rollbackBegan, .rolloutEnded,
            .rehearsing, .rehearsed, .canaryBegan, .canaryHeld, .promoted, .rolloutPaused, .rolloutResumed,
            .rolloutWaits, .rolloutGoesOn, .rolloutYields, .cannotListen, .added, .scaled, .reset, .deleted, .stopped,
            .unsaved, .saved:
            break
        }
    }

    /// Tells the log, and everybody who follows.
    func announce(
        _ type: EventType,
        app: AppName? = nil,
        _ message: String,
        slot: Int? = nil,
        serial: UInt64? = nil,
        _ pid: ProcessID? = nil,
        _ generation: UInt64? = nil
    ) {
        let level: DaemonLog.Level = type.isTrouble ? .warning : .info
        let subject = app.map { app in slot.map { "\(app):\($0): " } ?? "\(app): " } ?? ""
        log.write(level, subject + message)
        events.append { sequence in
            EventView(
                seq: sequence,
                at: WallClock.now().nanoseconds / 1_000_000,
                type: type.rawValue,
                app: app?.text,
                slot: slot,
                serial: serial,
                pid: pid,
                generation: generation,
                message: message
            )
        }
    }

    func attempt(_ what: String, _ body: () throws(SystemError) -> Void) {
        do throws(SystemError) {
            try body()
        } catch {
            log.error("cannot \(what): \(error)")
        }
    }
}

extension EventType {
    /// Whether an operator should look.
    fileprivate var isTrouble: Bool {
        switch self {
        case .daemonAnomaly, .configRejected, .workerStartFailed, .workerReadyTimeout, .workerUnhealthy, .workerHung,
            .workerKilled, .workerErrored, .workerHookFailed, .listenerFailed, .stateUnsaved, .stateCorrupt,
            .logTrouble, .appIncident,
            .rolloutWaiting:
            true
        case .daemonStarted, .daemonResumed, .daemonStopping, .daemonLogsReopened, .configLoaded, .appAdded, .appState,
            .appScaled, .appReset, .appDeleted, .appRecovered, .listenerOpened, .listenerClosed, .workerStarted,
            .workerReady, .workerParting, .workerDraining, .workerLingering, .workerIdle, .workerExited, .workerGone,
            .workerFinished, .workerBackoff,
            .workerRecycling,
            .workerRecycled, .rolloutRehearsing, .rolloutRehearsed, .rolloutCanary, .rolloutHeld, .rolloutPromoted,
            .rolloutPaused, .rolloutResumed, .rolloutStarted, .rolloutProgress, .rolloutEnded, .stateSaved,
            .logRecovered:
            false
        }
    }
}
