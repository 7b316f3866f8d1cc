import KoomyModel

@testable import KoomyCore

/// An app and a kernel that does whatever a kernel may do, as one value, so that every reachable state can be visited.
///
/// Time stands still: what depends on time passing is a timer, and any armed timer may fire at any moment.
struct AppWorld: Hashable {
    /// What exists of a worker outside the machine.
    enum Process: Hashable {
        case ordered
        case running
        /// Its own process has ended; descendants are left until `treeGone`.
        case ended
    }

    var app: App
    var processes: [UInt64: Process] = [:]
    /// Workers that the kernel has been told to end.
    var killed: Set<UInt64> = []
    var asked: Set<UInt64> = []
    var timers: Set<TimerID> = []
    var listening: Set<Generation>
    /// Requests that operators still make; it bounds the exploration.
    var requests: Int
    /// Whether koomyd may die, and come back without its listeners.
    var mortal = false
    /// Whether rollouts begin with a rehearsal of one question.
    var rehearses = false
    /// A failure of an invariant on the way here.
    var violation: String?

    static let origin = Instant(nanoseconds: 1_000_000_000)

    init(_ spec: AppSpec, requests: Int) {
        app = App(spec)
        self.requests = requests
        listening = [app.current]
    }

    /// Begins as a koomyd that finds these workers alive.
    mutating func take(_ found: [(slot: Int, generation: Generation)]) {
        listening = []
        apply(.startWhenListening)
        var survivors: [Survivor] = []
        for (index, place) in found.enumerated() {
            let id = WorkerID(app: app.name, serial: UInt64(index + 1))
            processes[id.serial] = .running
            survivors.append(
                Survivor(id: id, slot: place.slot, generation: place.generation, startedAt: Self.origin)
            )
        }
        apply(.found(survivors))
    }

    /// Lets every worker start and prove itself.
    mutating func serve() {
        for serial in app.workers.keys.sorted() {
            apply(.worker(serial, .spawned))
            apply(.worker(serial, .becameReady(.notify)))
        }
    }

    /// What may be seen of a worker that is to leave, where that decides about anything.
    private func drainEvents(_ serial: UInt64, _ process: Process) -> [App.Event] {
        guard app.spec.stop.connectionTimeout != nil, process != .ordered, let worker = app.workers[serial] else {
            return []
        }
        var events: [App.Event] = []
        if let policy = app.workers[serial]?.policy.stop, !policy.preDrainHook.isEmpty, worker.isParting {
            events += [.succeeded, .failed("x")].map { .worker(serial, .probed(.preDrain, attempt: 1, $0)) }
        }
        if worker.departure != nil, !killed.contains(serial) {
            events += [0, 1, nil].map { .worker(serial, .connections($0)) }
        }
        return events
    }

    /// Whether its listeners are being opened.
    private var isDeaf: Bool {
        if case .deaf = app.breaker { return app.isActive && !timers.contains(.retry(app.name)) }
        return false
    }

    /// Every event that may happen now.
    var possibleEvents: [App.Event] {
        var events: [App.Event] = []
        for (serial, process) in processes.sorted(by: { $0.key < $1.key }) {
            events += drainEvents(serial, process)
            switch process {
            case .ordered:
                events.append(.worker(serial, .spawned))
                let failure = StartFailure(step: .execute, errno: 2, subject: "x")
                events.append(.worker(serial, .spawnFailed(failure)))
            case .running where killed.contains(serial):
                events.append(.worker(serial, .exited(.signaled(.kill, dumpedCore: false))))
            case .running:
                events.append(.worker(serial, .exited(asked.contains(serial) ? .exited(code: 0) : .exited(code: 1))))
                if app.workers[serial]?.state == .starting { events.append(.worker(serial, .becameReady(.notify))) }
                if case .asking(let attempt, _)? = app.workers[serial]?.healthProbe?.state {
                    events.append(.worker(serial, .probed(.health, attempt: attempt, .succeeded)))
                    events.append(.worker(serial, .probed(.health, attempt: attempt, .failed("x"))))
                }
                guard app.workers[serial]?.isReady == true, requests > 0 else { continue }
                events.append(.worker(serial, .declaredHung))
                if let soft = app.spec.recycle.maxMemory, let hard = app.spec.recycle.effectiveHardMemory {
                    events += [.sampled(serial, soft), .sampled(serial, hard)]
                }
            case .ended: events.append(.worker(serial, .treeGone))
            }
        }
        if let candidate = app.candidate, case .asked(let number) = candidate.phase {
            for result in [ProbeResult.succeeded, .failed("x")] {
                events.append(.worker(candidate.serial, .probed(.rehearsal, attempt: UInt64(number), result)))
            }
        }
        if app.rollout?.stage == .comparing {
            let heavy = Comparison.Group(memory: ByteCount(bytes: 1 << 30))
            let light = Comparison.Group(memory: ByteCount(bytes: 1 << 20))
            events += [.compared(Comparison(new: light, old: light)), .compared(Comparison(new: heavy, old: light))]
        }
        for timer in timers.sorted(by: { "\($0)" < "\($1)" }) { events.append(.timerFired(timer)) }
        if isDeaf { events += [.listening(app.current), .cannotListen(app.current, "x")] }
        guard requests > 0 else { return events }
        if mortal { events += [.resumed(away: .seconds(60)), .lostListeners("x")] }
        events += [.start, .stop(.stopped), .restart, .abortRollout, .scale(app.spec.instances == 1 ? 2 : 1), .reset]
        events += [.stopSlot(0), .startSlot(0), .restartSlot(0), .recycleSlot(0), .scheduleFired]
        events += app.workers.keys.sorted().prefix(1).map(App.Event.ownsPort)
        if let rollout = app.rollout {
            events.append(rollout.isPaused ? .resumeRollout : .pauseRollout)
            if rollout.isWatched { events.append(.promote) }
            let room = ByteCount(bytes: 1 << 30)
            for pressure in [0.0, 90.0] { events.append(.weighed(HostLoad(available: room, pressure: pressure))) }
        }
        if app.isActive {
            var next = app.spec
            next.environment["VERSION"] = "\(app.nextGeneration.number)"
            let plan = Rollout.Plan(rehearsal: rehearses ? Rehearsal(spec: next, questions: 1) : nil)
            events.append(.roll(next, app.nextGeneration, plan))
            next.instances = next.instances == 1 ? 2 : 1
            events.append(.roll(next, app.nextGeneration))
        }
        return events
    }

    /// Lets an event happen.
    mutating func apply(_ event: App.Event) {
        let before = self
        switch event {
        case .timerFired(let timer): timers.remove(timer)
        case .worker(let serial, let fact): note(fact, of: serial)
        case .roll(_, let generation, let plan):
            listening.insert(generation)
            if plan.rehearsal != nil { listening.insert(Generation(generation.number + 1)) }
        case .start: if app.needsListeners { listening.insert(app.current) }
        case .listening(let generation): listening.insert(generation)
        // As koomyd finds its listeners to be gone, and nobody but the workers has them.
        case .lostListeners: listening.remove(app.current)
        case .startSlot, .stop, .stopSlot, .restart, .restartSlot, .configure, .startWhenListening, .cannotListen,
            .abortRollout, .pauseRollout, .resumeRollout, .promote, .compared, .weighed, .scale, .recycleSlot, .reset,
            .kill, .sampled, .scheduleFired, .ownsPort, .found, .resumed:
            break
        }
        if event.isRequest { requests -= 1 }
        for action in app.handle(event, at: Self.origin) { perform(action) }
        violation = violation ?? AppInvariants.violation(from: before, by: event, to: self)
        normalise()
    }

    private mutating func note(_ fact: Worker.Event, of serial: UInt64) {
        switch fact {
        case .spawned: processes[serial] = .running
        case .spawnFailed, .treeGone: processes[serial] = nil
        case .exited: processes[serial] = .ended
        case .becameReady, .timerFired, .leave, .kill, .extended, .pinged, .declaredHung, .probed, .connections: break
        }
    }

    private mutating func perform(_ action: Action) {
        switch action {
        case .spawn(let id):
            processes[id.serial] = .ordered
            if let worker = app.workers[id.serial], !listening.contains(worker.generation) {
                violation = "worker \(id.serial) is started without its generation's listeners"
            }
        case .signal(let id, _):
            asked.insert(id.serial)
            if processes[id.serial] != .running { violation = "a signal to worker \(id.serial), which does not run" }
        case .killTree(let id): killed.insert(id.serial)
        case .signalDescendants: break
        case .forget(let id):
            if processes[id.serial] != nil { violation = "worker \(id.serial) is forgotten with processes left" }
            killed.remove(id.serial)
            asked.remove(id.serial)
            timers = timers.filter { timer in
                guard case .worker(id, _) = timer else { return true }
                return false
            }
        case .arm(let timer, _): timers.insert(timer)
        case .disarm(let timer): timers.remove(timer)
        case .closeListeners(_, let generation):
            listening.remove(generation)
            let users = app.workers.values.filter { $0.generation == generation && processes[$0.id.serial] == .running }
            if !users.isEmpty { violation = "generation \(generation.number) lost its listeners with workers left" }
        case .anomaly(let anomaly): violation = "\(anomaly)"
        case .ask, .sample, .compare, .weigh, .schedule, .openListeners, .closeSlotListeners, .prepare, .publish,
            .reply, .exit:
            break
        }
    }

    /// Makes states equal that differ only in what no later decision depends on.
    private mutating func normalise() {
        var next: UInt64 = 1
        while (next..<next + 6).contains(where: { app.workers[$0] != nil }) { next += 1 }
        app.nextSerial = next
        for index in app.slots.indices {
            app.slots[index].lastEnd = nil
            app.slots[index].restarts = 0
        }
        for serial in app.workers.keys {
            app.workers[serial]?.memory = MemoryGuard()
            app.workers[serial]?.healthProbe?.forgetNumbers()
        }
    }
}

extension App.Event {
    var isRequest: Bool {
        switch self {
        case .worker(_, .declaredHung), .sampled, .scheduleFired, .ownsPort, .lostListeners, .found, .resumed, .weighed:
            true
        case .worker, .timerFired, .listening, .cannotListen, .compared: false
        case .start, .startSlot, .stop, .stopSlot, .restart, .restartSlot, .roll, .configure, .startWhenListening,
            .abortRollout, .pauseRollout, .resumeRollout, .promote, .scale, .recycleSlot, .reset, .kill:
            true
        }
    }
}

extension ProbeLoop {
    /// Makes loops equal that differ only in how often they have asked.
    fileprivate mutating func forgetNumbers() {
        switch state {
        case .idle, .waiting: attempts = 0
        case .asking(_, let failures):
            attempts = 1
            state = .asking(attempt: 1, failures: failures)
        }
    }
}
