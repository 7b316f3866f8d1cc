package import KoomyModel

/// The life of one worker: from the order to start it until its last descendant is gone.
package struct Worker: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        /// A start was ordered. Transitions to: starting, unwanted, condemned, gone.
        case spawning
        /// A start was ordered, and then it was no longer wanted. Transitions to: leaving, condemned, gone.
        case unwanted(Departure)
        /// A start was ordered, and then it was to be gone at once. Transitions to: killing, gone.
        case condemned(Departure)
        /// Its process runs and has proved nothing yet. Transitions to: ready, leaving, killing, clearing.
        case starting
        /// It has proved that it serves. Transitions to: leaving, killing, clearing.
        case ready(Maturity)
        /// It was asked to leave, and the kill timer runs. Transitions to: killing, clearing.
        case leaving(Departure)
        /// Its tree was killed; its own end has not been seen. Transitions to: purging.
        case killing(Departure)
        /// It ended; what it started was asked to leave, and the kill timer runs. Transitions to: purging, gone.
        case clearing(Ending)
        /// It ended; what it started was killed. Transitions to: gone.
        case purging(Ending)
        /// Nothing of it is left.
        case gone(Ending)
    }

    /// Whether a ready worker has lived long enough for its run to count as stable.
    package enum Maturity: Hashable, Sendable, Codable { case fresh, stable }

    /// Why it was asked to leave.
    package enum Departure: String, Hashable, Sendable, Codable {
        case stopped, restarted, replaced, scaledDown, rejected, rehearsed, notReady, hung, unhealthy, outgrown,
            shutdown
    }

    /// How far it came before it ended or was asked to leave.
    package enum Stage: Hashable, Sendable, Codable, Comparable { case unproven, fresh, stable }

    package struct Ending: Hashable, Sendable, Codable {
        package var reason: ExitReason
        package var departure: Departure?
        package var stage: Stage
    }

    /// What the app's specification says about one worker.
    package struct Policy: Hashable, Sendable, Codable {
        package var readiness: ReadinessRule
        /// Whether there is a listener to be seen waiting on: koomyd's, or one that workers of the app open themselves.
        package var hasListener: Bool
        package var readyTimeout: TimeSpan
        package var minUptime: TimeSpan
        package var stop: StopPolicy
        package var watchdog: TimeSpan?
        package var maxAge: TimeSpan?

        package init(_ spec: AppSpec, ownsPort: Bool = false) {
            readiness = spec.readiness
            hasListener = !spec.listeners.isEmpty || ownsPort
            readyTimeout = spec.rollout.readyTimeout
            minUptime = spec.restart.minUptime
            stop = spec.stop
            watchdog = spec.watchdog
            maxAge = spec.recycle.maxAge
        }
    }

    package let id: WorkerID
    package let slot: Int
    package let generation: Generation
    package let policy: Policy
    package internal(set) var state = State.spawning
    package internal(set) var stage = Stage.unproven
    package internal(set) var evidence: ReadinessEvidence?
    /// Where the start of its process lies on the clock; meaningful once it has been started.
    package internal(set) var startedAt: Instant
    /// When the readiness timer fires, or the kill timer, whichever of them runs.
    var deadline: Instant
    package internal(set) var readinessProbe: ProbeLoop?
    package internal(set) var healthProbe: ProbeLoop?
    /// Why it counts as unhealthy; nil while its health probe succeeds, or it has none.
    package internal(set) var complaint: String?
    package var memory = MemoryGuard()

    package init(
        id: WorkerID,
        slot: Int,
        generation: Generation,
        spec: AppSpec,
        ownsPort: Bool = false,
        at now: Instant
    ) {
        self.id = id
        self.slot = slot
        self.generation = generation
        policy = Policy(spec, ownsPort: ownsPort)
        startedAt = now
        deadline = now
        if case .probe(let probe) = spec.readiness { readinessProbe = ProbeLoop(probe) }
        healthProbe = spec.health.map(ProbeLoop.init)
    }

    /// Whether it has a claim to serve: not asked to leave, and its process not ended.
    package var isWanted: Bool {
        switch state {
        case .spawning, .starting, .ready: true
        case .unwanted, .condemned, .leaving, .killing, .clearing, .purging, .gone: false
        }
    }

    /// Whether nothing speaks against its health: its probe's latest answer was a success, or it has no probe.
    package var isHealthy: Bool { healthProbe?.isPassing ?? true }

    /// Whether it has served for longer than it should.
    func isOverdue(at now: Instant) -> Bool {
        guard isReady, let age = policy.maxAge else { return false }
        return now - startedAt >= age
    }

    /// Why it was asked to leave; nil as long as it was not.
    package var departure: Departure? {
        switch state {
        case .unwanted(let departure), .condemned(let departure), .leaving(let departure), .killing(let departure):
            departure
        case .clearing(let ending), .purging(let ending), .gone(let ending): ending.departure
        case .spawning, .starting, .ready: nil
        }
    }

    package var isReady: Bool {
        switch state {
        case .ready: true
        case .spawning, .starting, .unwanted, .condemned, .leaving, .killing, .clearing, .purging, .gone: false
        }
    }
}

// MARK: - Events

extension Worker {
    package enum Event: Hashable, Sendable, Codable {
        case spawned
        case spawnFailed(StartFailure)
        case becameReady(ReadinessEvidence)
        /// Its process was reaped.
        case exited(ExitReason)
        /// None of its descendants is left.
        case treeGone
        case timerFired(Timer)
        /// It is to leave within its kill timeout.
        case leave(Departure)
        /// It is to be gone now.
        case kill(Departure)
        /// `EXTEND_TIMEOUT_USEC`: it needs this much longer from now.
        case extended(TimeSpan)
        case pinged
        /// `WATCHDOG=trigger`: it asks to be treated as hung.
        case declaredHung
        case probed(ProbeKind, attempt: UInt64, ProbeResult)
    }

    package enum Timer: Hashable, Sendable, Codable {
        case readiness, uptime, maturity, kill, watchdog, age, readinessProbe, healthProbe
    }

    package enum ProbeKind: String, Hashable, Sendable, Codable {
        case readiness, health
        /// A question of the rehearsal; the app asks it.
        case rehearsal
    }

    package enum Action: Hashable, Sendable {
        case spawn
        case signal(Signal)
        /// Signals what the worker started and left behind; its own process has ended.
        case signalDescendants(Signal)
        /// Kills everything that the worker started, again and again until nothing is left.
        case killTree
        case arm(Timer, Instant)
        case disarm(Timer)
        case ask(ProbeKind, attempt: UInt64)
        /// A fact for the app.
        case report(Report)
        case anomaly(Anomaly)
    }

    package enum Report: Hashable, Sendable {
        case ready(ReadinessEvidence)
        case matured
        case aged
        /// It was not ready in time or went silent, and has been told to leave; or its probe fails, and the app decides.
        case faltered(Fault)
        /// Its process ended.
        case ended(Ending)
        /// It did not leave in time and was killed.
        case forced
        /// Nothing of it is left.
        case gone
    }

    /// What is wrong with a worker whose process still runs.
    package enum Fault: Hashable, Sendable {
        case notReady
        case hung
        case unhealthy(String)
    }

    /// Orders the first start.
    package func start() -> [Action] { [.spawn] }

    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch (state, event) {
        case (.spawning, .spawned):
            startedAt = now
            state = .starting
            return armStart(at: now)
        case (.unwanted(let departure), .spawned):
            state = .starting
            return leave(departure, by: policy.stop.signal, at: now)
        case (.condemned(let departure), .spawned):
            startedAt = now
            return kill(departure)
        case (.spawning, .spawnFailed(let failure)):
            return vanish(Ending(reason: .failedToStart(failure), departure: nil, stage: .unproven))
        case (.unwanted(let departure), .spawnFailed(let failure)),
            (.condemned(let departure), .spawnFailed(let failure)):
            return vanish(Ending(reason: .failedToStart(failure), departure: departure, stage: .unproven))

        case (.starting, .becameReady(let evidence)):
            return policy.accepts(evidence) ? becomeReady(by: evidence, at: now) : []
        case (.starting, .timerFired(.uptime)):
            return policy.provesByUptime ? becomeReady(by: .uptime, at: now) : []
        case (.starting, .timerFired(.readiness)):
            return [.report(.faltered(.notReady))] + leave(.notReady, by: policy.stop.signal, at: now)
        case (.ready(.fresh), .timerFired(.maturity)):
            state = .ready(.stable)
            stage = .stable
            return [.report(.matured)]
        case (.ready, .timerFired(.age)):
            return [.report(.aged)]

        case (.ready, .pinged):
            return policy.watchdog.map { [.arm(.watchdog, now + $0)] } ?? []
        case (.ready, .timerFired(.watchdog)), (.ready, .declaredHung), (.starting, .declaredHung):
            // ABRT leaves a trace or a core before the kill timer ends it.
            return [.report(.faltered(.hung))] + leave(.hung, by: .abort, at: now)
        case (.starting, .extended(let span)):
            return policy.provesByUptime ? [] : extend(.readiness, by: span, at: now)
        case (.leaving, .extended(let span)), (.clearing, .extended(let span)):
            return extend(.kill, by: span, at: now)

        case (.starting, .timerFired(.readinessProbe)), (.ready, .timerFired(.healthProbe)):
            return ask(event)
        case (.starting, .probed(.readiness, let attempt, let result)):
            return probedReadiness(attempt, result, at: now)
        case (.ready, .probed(.health, let attempt, let result)):
            return probedHealth(attempt, result, at: now)

        case (.spawning, .leave(let departure)):
            state = .unwanted(departure)
            return []
        case (.spawning, .kill(let departure)), (.unwanted(let departure), .kill):
            state = .condemned(departure)
            return []
        case (.starting, .leave(let departure)), (.ready, .leave(let departure)):
            return leave(departure, by: policy.stop.signal, at: now)
        case (.starting, .kill(let departure)), (.ready, .kill(let departure)):
            return disarmLife() + kill(departure)
        case (.leaving(let departure), .kill):
            return [.disarm(.kill)] + kill(departure)
        case (.leaving(let departure), .timerFired(.kill)):
            return kill(departure) + [.report(.forced)]
        case (.clearing(let ending), .kill):
            state = .purging(ending)
            return [.disarm(.kill), .killTree]
        case (.clearing(let ending), .timerFired(.kill)):
            state = .purging(ending)
            return [.killTree, .report(.forced)]

        case (.starting, .exited(let reason)), (.ready, .exited(let reason)):
            return disarmLife() + clear(Ending(reason: reason, departure: nil, stage: stage), at: now, arm: true)
        case (.leaving(let departure), .exited(let reason)):
            return clear(Ending(reason: reason, departure: departure, stage: stage), at: now, arm: false)
        case (.killing(let departure), .exited(let reason)):
            let ending = Ending(reason: reason, departure: departure, stage: stage)
            state = .purging(ending)
            return [.report(.ended(ending))]
        case (.clearing(let ending), .treeGone), (.purging(let ending), .treeGone):
            state = .gone(ending)
            return [.disarm(.kill), .report(.gone)]

        // Late or repeated facts that change nothing.
        case (.spawning, .extended), (.spawning, .pinged), (.spawning, .declaredHung), (.spawning, .probed),
            (.spawning, .becameReady), (.spawning, .timerFired), (.unwanted, .extended), (.unwanted, .pinged),
            (.unwanted, .declaredHung), (.unwanted, .probed), (.unwanted, .becameReady), (.unwanted, .timerFired),
            (.unwanted, .leave), (.condemned, .extended), (.condemned, .pinged), (.condemned, .declaredHung),
            (.condemned, .probed), (.condemned, .becameReady), (.condemned, .timerFired), (.condemned, .leave),
            (.condemned, .kill), (.starting, .pinged), (.starting, .probed),
            (.starting, .timerFired),
            (.ready, .becameReady), (.ready, .extended), (.ready, .probed), (.ready, .timerFired),
            (.leaving, .becameReady), (.leaving, .timerFired), (.leaving, .leave), (.leaving, .pinged),
            (.leaving, .declaredHung), (.leaving, .probed), (.killing, .becameReady), (.killing, .timerFired),
            (.killing, .leave), (.killing, .kill), (.killing, .extended), (.killing, .pinged),
            (.killing, .declaredHung),
            (.killing, .probed), (.clearing, .becameReady), (.clearing, .timerFired), (.clearing, .leave),
            (.clearing, .pinged), (.clearing, .declaredHung), (.clearing, .probed), (.purging, .becameReady),
            (.purging, .timerFired), (.purging, .leave), (.purging, .kill), (.purging, .extended), (.purging, .pinged),
            (.purging, .declaredHung), (.purging, .probed), (.gone, .becameReady), (.gone, .timerFired),
            (.gone, .leave),
            (.gone, .kill), (.gone, .extended), (.gone, .pinged), (.gone, .declaredHung), (.gone, .probed),
            (.gone, .treeGone):
            return []

        case (.spawning, .exited), (.spawning, .treeGone), (.unwanted, .exited), (.unwanted, .treeGone),
            (.condemned, .exited), (.condemned, .treeGone),
            (.starting, .spawned), (.starting, .spawnFailed), (.starting, .treeGone), (.ready, .spawned),
            (.ready, .spawnFailed), (.ready, .treeGone), (.leaving, .spawned), (.leaving, .spawnFailed),
            (.leaving, .treeGone), (.killing, .spawned), (.killing, .spawnFailed), (.killing, .treeGone),
            (.clearing, .spawned), (.clearing, .spawnFailed), (.clearing, .exited), (.purging, .spawned),
            (.purging, .spawnFailed), (.purging, .exited), (.gone, .spawned), (.gone, .spawnFailed), (.gone, .exited):
            return [.anomaly(Anomaly("Worker", state, event))]
        }
    }
}

// MARK: - After koomyd was away

extension Worker {
    /// Whether its start was ordered, and is not known to have come about.
    package var isOrdered: Bool {
        switch state {
        case .spawning, .unwanted, .condemned: true
        case .starting, .ready, .leaving, .killing, .clearing, .purging, .gone: false
        }
    }

    /// Whether its process runs and has proved nothing yet.
    package var isStarting: Bool { state == .starting }

    /// Whether it was killed, and its end has not been seen.
    package var isCondemned: Bool {
        switch state {
        case .killing: true
        case .spawning, .unwanted, .condemned, .starting, .ready, .leaving, .clearing, .purging, .gone: false
        }
    }

    /// How what an ended worker left behind is dealt with.
    package enum Remains: Hashable, Sendable { case asked, killed }

    /// nil while its own process may live.
    package var remains: Remains? {
        switch state {
        case .clearing: .asked
        case .purging: .killed
        case .spawning, .unwanted, .condemned, .starting, .ready, .leaving, .killing, .gone: nil
        }
    }
}

// MARK: - What an earlier release wrote

extension Worker {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.read(.id)
        slot = try values.read(.slot)
        generation = try values.read(.generation)
        policy = try values.read(.policy)
        state = try values.read(.state)
        stage = try values.read(.stage)
        startedAt = try values.read(.startedAt)
        deadline = try values.read(.deadline)
        try values.read(.evidence, into: &evidence)
        try values.read(.readinessProbe, into: &readinessProbe)
        try values.read(.healthProbe, into: &healthProbe)
        try values.read(.complaint, into: &complaint)
        try values.read(.memory, into: &memory)
    }
}
