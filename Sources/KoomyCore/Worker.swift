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
        /// It has proved that it serves. Transitions to: parting, leaving, killing, clearing.
        case ready(Maturity)
        /// It is to leave, and serves on for `pre_drain` or until its hook has ended. Transitions to: leaving, killing, clearing.
        case parting(Departure)
        /// It was asked to leave, and the kill timer runs. Transitions to: lingering, killing, clearing.
        case leaving(Departure)
        /// It did not leave in time, and is left while connections are open; the kill timer bounds that. Transitions to:
        /// killing, trailing.
        case lingering(Departure)
        /// Its tree was killed; its own end has not been seen. Transitions to: purging.
        case killing(Departure)
        /// It ended; what it started was asked to leave, and the kill timer runs. Transitions to: trailing, purging, gone.
        case clearing(Ending)
        /// It ended; what it started did not leave in time, and is left while connections are open. Transitions to: purging,
        /// gone.
        case trailing(Ending)
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
    /// Until when it may be left because connections are open; nil where it may not.
    var connectionDeadline: Instant?
    /// Its open connections when they were last counted since it is to leave; nil for unknown, which is never none.
    package internal(set) var connections: Int?
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
        case .unwanted, .condemned, .parting, .leaving, .lingering, .killing, .clearing, .trailing, .purging, .gone:
            false
        }
    }

    /// Whether it is to leave and has not been asked to.
    package var isParting: Bool {
        switch state {
        case .parting: true
        case .spawning, .unwanted, .condemned, .starting, .ready, .leaving, .lingering, .killing, .clearing, .trailing,
            .purging, .gone:
            false
        }
    }

    /// Whether it was asked to leave, and has the time that it is given for that.
    var isAsked: Bool {
        switch state {
        case .leaving: true
        case .spawning, .unwanted, .condemned, .starting, .ready, .parting, .lingering, .killing, .clearing, .trailing,
            .purging, .gone:
            false
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
        case .unwanted(let departure), .condemned(let departure), .parting(let departure), .leaving(let departure),
            .lingering(let departure), .killing(let departure):
            departure
        case .clearing(let ending), .trailing(let ending), .purging(let ending), .gone(let ending): ending.departure
        case .spawning, .starting, .ready: nil
        }
    }

    package var isReady: Bool {
        switch state {
        case .ready: true
        case .spawning, .starting, .unwanted, .condemned, .parting, .leaving, .lingering, .killing, .clearing,
            .trailing, .purging, .gone:
            false
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
        /// This many connections that it has accepted are open; nil where that cannot be known.
        case connections(Int?)
    }

    package enum Timer: Hashable, Sendable, Codable {
        case readiness, uptime, maturity, kill, watchdog, age, readinessProbe, healthProbe
        /// The end of the time in which one that is to leave serves on.
        case preDrain
        /// The end of the time after which one without an open connection has nothing more to finish.
        case idle
    }

    /// What is asked of a worker, or run on its behalf.
    package enum ProbeKind: String, Hashable, Sendable, Codable {
        case readiness, health
        /// The command before it leaves.
        case preDrain
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
        /// It did not leave in time, and is left for at most this long because connections are open.
        case lingering(TimeSpan)
        /// It had no open connection left and was ended.
        case idled
        /// The hook before its leaving failed, which changes nothing.
        case hookFailed(String)
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

    /// Takes an event and says what is to be done.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch state {
        case .spawning: whileSpawning(event, at: now)
        case .unwanted(let departure): whileUnwanted(departure, event, at: now)
        case .condemned(let departure): whileCondemned(departure, event, at: now)
        case .starting: whileStarting(event, at: now)
        case .ready(let maturity): whileReady(maturity, event, at: now)
        case .parting(let departure): whileParting(departure, event, at: now)
        case .leaving(let departure): whileLeaving(departure, event, at: now)
        case .lingering(let departure): whileLingering(departure, event, at: now)
        case .killing(let departure): whileKilling(departure, event)
        case .clearing(let ending): whileClearing(ending, event, at: now)
        case .trailing(let ending): whileTrailing(ending, event, at: now)
        case .purging(let ending): whilePurging(ending, event)
        case .gone: whileGone(event)
        }
    }

    func impossible(_ event: Event) -> [Action] { [.anomaly(Anomaly("Worker", state, event))] }
}

// MARK: - After koomyd was away

extension Worker {
    /// Whether its start was ordered, and is not known to have come about.
    package var isOrdered: Bool {
        switch state {
        case .spawning, .unwanted, .condemned: true
        case .starting, .ready, .parting, .leaving, .lingering, .killing, .clearing, .trailing, .purging, .gone: false
        }
    }

    /// Whether its process runs and has proved nothing yet.
    package var isStarting: Bool { state == .starting }

    /// Whether it was killed, and its end has not been seen.
    package var isCondemned: Bool {
        switch state {
        case .killing: true
        case .spawning, .unwanted, .condemned, .starting, .ready, .parting, .leaving, .lingering, .clearing, .trailing,
            .purging, .gone:
            false
        }
    }

    /// How what an ended worker left behind is dealt with.
    package enum Remains: Hashable, Sendable { case asked, killed }

    /// nil while its own process may live.
    package var remains: Remains? {
        switch state {
        case .clearing, .trailing: .asked
        case .purging: .killed
        case .spawning, .unwanted, .condemned, .starting, .ready, .parting, .leaving, .lingering, .killing, .gone: nil
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
        try values.read(.connectionDeadline, into: &connectionDeadline)
        try values.read(.connections, into: &connections)
        try values.read(.evidence, into: &evidence)
        try values.read(.readinessProbe, into: &readinessProbe)
        try values.read(.healthProbe, into: &healthProbe)
        try values.read(.complaint, into: &complaint)
        try values.read(.memory, into: &memory)
    }
}
