package import KoomyModel

/// One app: its slots, the workers in them, and what is being changed.
///
/// It compares what is wanted with what is after every event (`reconcile`), so that a fact that got lost heals.
package struct App: Hashable, Sendable, Codable {
    /// What is wanted of it.
    package enum Goal: Hashable, Sendable, Codable {
        case running
        case stopped(Worker.Departure)
    }

    package let name: AppName
    package internal(set) var goal: Goal
    /// The specification of every generation that a worker, slot or rollout still needs.
    package internal(set) var specs: [Generation: AppSpec]
    /// The generation that is meant to serve; a rollout changes it when it has succeeded.
    package internal(set) var current: Generation
    /// The highest generation given out.
    package internal(set) var latest: Generation
    package internal(set) var slots: [Slot] = []
    /// Every worker of which anything is left, by serial.
    package internal(set) var workers: [UInt64: Worker] = [:]
    package internal(set) var nextSerial: UInt64
    package internal(set) var rollout: Rollout?
    package internal(set) var breaker = Breaker.closed
    package internal(set) var tally = RestartTally()
    /// Slots that an operator stopped one by one.
    package internal(set) var stoppedSlots: Set<Int>
    /// Workers to be replaced, new first, one after the other.
    package internal(set) var recycles: [Recycle] = []
    package internal(set) var recycleHold = RecycleHold.none
    /// Whether a worker was seen to own a listening port, so that two cannot run at once.
    package internal(set) var ownsPort = false
    var recentEnd: RecentEnd?
    /// What the host had left when it was last looked at, during a rollout.
    var host: HostLoad?
    var sampling = Sampling.idle
    /// What this event has led to so far; empty between events.
    var actions: [Action] = []

    /// All but what is empty between events.
    private enum CodingKeys: CodingKey {
        case name, goal, specs, current, latest, slots, workers, nextSerial, rollout, breaker, tally, stoppedSlots,
            recycles
        case recycleHold, ownsPort, recentEnd, sampling, host
    }

    package struct Recycle: Hashable, Sendable, Codable {
        package var serial: UInt64
        package var cause: RecycleCause
    }

    /// Whether recycles pause after one has failed.
    package enum RecycleHold: Hashable, Sendable, Codable {
        case none, holding

        static let length = TimeSpan.seconds(30)
    }

    enum Sampling: Hashable, Sendable, Codable {
        case idle
        case armed(Instant)
    }

    /// - Parameters:
    ///   - spec: What is wanted.
    ///   - generation: The first generation's number.
    ///   - firstSerial: No worker of an app of this name has had it, or a higher one.
    ///   - stoppedSlots: Slots that are not to be started.
    package init(
        _ spec: AppSpec,
        generation: Generation = Generation(1),
        firstSerial: UInt64 = 1,
        stoppedSlots: Set<Int> = []
    ) {
        name = spec.name
        goal = .stopped(.stopped)
        specs = [generation: spec]
        current = generation
        latest = generation
        nextSerial = firstSerial
        self.stoppedSlots = stoppedSlots
    }

    /// The specification that is meant to serve.
    package var spec: AppSpec {
        // `collectGenerations` keeps the current one.
        specs[current] ?? AppSpec(name: name, command: Command(script: ""), workingDirectory: "/")
    }

    /// The specification that serves when what is under way succeeds.
    package var heading: AppSpec {
        guard let rollout, rollout.kind == .reload else { return spec }
        return specs[rollout.to] ?? spec
    }

    func isRolling(to spec: AppSpec) -> Bool { rollout?.kind == .reload && heading == spec }

    func spec(of slot: Slot) -> AppSpec { specs[slot.generation] ?? spec }
}

// MARK: - Events

extension App {
    package enum Event: Hashable, Sendable {
        case start
        case startSlot(Int)
        case stop(Worker.Departure)
        case stopSlot(Int)
        /// Old worker first, all at once: with downtime.
        case restart
        case restartSlot(Int)
        /// Replace every worker by one of this specification; its listeners are open.
        case roll(AppSpec, Generation, Rollout.Plan = Rollout.Plan())
        /// Take this specification without starting anything; for an app that is stopped.
        case configure(AppSpec, Generation)
        /// Start as soon as the listeners are open, and try again where they cannot be opened yet.
        case startWhenListening
        case listening(Generation)
        case cannotListen(Generation, String)
        case lostListeners(String)
        case abortRollout
        case pauseRollout
        case resumeRollout
        case promote
        case compared(Comparison)
        case weighed(HostLoad)
        case scale(Int)
        case recycleSlot(Int)
        case reset
        case kill

        case worker(UInt64, Worker.Event)
        case timerFired(TimerID)
        case sampled(UInt64, ByteCount)
        case scheduleFired
        /// The worker owns a listening port.
        case ownsPort(UInt64)
        /// These workers of an app that is to run are alive, and nothing else is known of them.
        case found([Survivor])
        /// koomyd was away for this long.
        case resumed(away: TimeSpan, interrupted: Set<UInt64> = [])
    }

    /// Takes an event and says what is to be done.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .start: start(at: now)
        case .startSlot(let index): startSlot(index)
        case .stop(let departure): stop(departure, at: now)
        case .stopSlot(let index): stopSlot(index, at: now)
        case .restart: restart(at: now)
        case .restartSlot(let index): restartSlot(index, at: now)
        case .roll(let spec, let generation, let plan): beginRollout(spec, generation, plan, at: now)
        case .configure(let spec, let generation): configure(spec, generation)
        case .startWhenListening: openListeners()
        case .listening(let generation): listening(generation, at: now)
        case .cannotListen(let generation, let words): cannotListen(generation, words, at: now)
        case .lostListeners(let words): loseListeners(words, at: now)
        case .abortRollout: abortRollout(at: now)
        case .pauseRollout: pauseRollout()
        case .resumeRollout: resumeRollout()
        case .promote: promote()
        case .compared(let comparison): compared(comparison, at: now)
        case .weighed(let load): host = load
        case .worker(let serial, .probed(.rehearsal, let attempt, let result)):
            candidateAnswered(serial, attempt: attempt, result, at: now)
        case .scale(let count): scale(to: count)
        case .recycleSlot(let index): recycleSlot(index)
        case .reset: reset()
        case .kill: killAll(at: now)
        case .worker(let serial, let event): tell(serial, event, at: now)
        case .timerFired(let timer): timerFired(timer, at: now)
        case .sampled(let serial, let memory): sampled(serial, memory, at: now)
        case .scheduleFired: requestRecycle(of: slots.compactMap(\.occupant), .schedule)
        case .ownsPort(let serial): if workers[serial] != nil { ownsPort = true }
        case .found(let survivors): adopt(survivors, at: now)
        case .resumed(let away, let interrupted): resume(away: away, interrupted: interrupted, at: now)
        }
        reconcile(at: now)
        defer { actions = [] }
        return actions
    }

    private mutating func timerFired(_ timer: TimerID, at now: Instant) {
        switch timer {
        case .worker(let id, let timer): tell(id.serial, .timerFired(timer), at: now)
        case .restart(_, let index):
            guard slots.indices.contains(index), case .waiting = slots[index].seat else { return }
            slots[index].seat = .vacant
        case .settle(_, let index): settled(index, at: now)
        case .retry: retry()
        case .sample: sample()
        case .recycleHold: recycleHold = .none
        case .rehearsal: candidateSettled(at: now)
        case .canary: canaryDue()
        case .weigh: weighDue(at: now)
        case .save, .stagger: break
        }
    }
}

// MARK: - What an earlier release wrote

extension App {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.read(.name)
        goal = try values.read(.goal)
        specs = try values.read(.specs)
        current = try values.read(.current)
        latest = try values.read(.latest)
        slots = try values.read(.slots)
        workers = try values.read(.workers)
        nextSerial = try values.read(.nextSerial)
        stoppedSlots = try values.read(.stoppedSlots)
        try values.read(.rollout, into: &rollout)
        try values.read(.breaker, into: &breaker)
        try values.read(.tally, into: &tally)
        try values.read(.recycles, into: &recycles)
        try values.read(.recycleHold, into: &recycleHold)
        try values.read(.ownsPort, into: &ownsPort)
        try values.read(.recentEnd, into: &recentEnd)
        try values.read(.sampling, into: &sampling)
        try values.read(.host, into: &host)
    }
}
