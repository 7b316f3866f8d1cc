/// When and how fast a worker that ended is started again.
package struct RestartPolicy: Hashable, Sendable, Codable {
    /// False: a worker that ends by itself stays down.
    package var isAutomatic = true
    /// A run that is ready for less than this is unstable.
    package var minUptime = TimeSpan.seconds(10)
    /// This many unstable ends within `window` make the app errored.
    package var maxRestarts = 10
    package var window = TimeSpan.seconds(300)
    /// Delay before the second start in a row; it doubles up to `maxDelay`.
    ///
    /// The first restart of a clean record is at once.
    package var delay = TimeSpan.milliseconds(100)
    package var maxDelay = TimeSpan.seconds(15)
    /// Each delay is spread by up to this share to both sides, so that workers do not come back in step.
    package var jitter = 0.2
    /// Every restart waits this long at least, a clean record or not.
    package var fixedDelay = TimeSpan.zero
    /// Exit codes after which the worker stays down, as one that did its work.
    package var stopExitCodes: Set<Int32> = []
    /// How long after it became errored one worker is tried again; zero for never.
    package var erroredRetry = TimeSpan.seconds(300)

    package init() {}
}

/// How a worker is asked to leave, and when it is no longer asked.
package struct StopPolicy: Hashable, Sendable, Codable {
    package var signal = Signal.terminate
    /// After this long the whole process tree is killed.
    package var killTimeout = TimeSpan.seconds(10)
    /// Time between the decision and the signal, in which the worker serves on.
    package var preDrain = TimeSpan.zero
    /// A command that is run as soon as it is decided that a worker is to leave; empty for none.
    package var preDrainHook: [String] = []
    /// A worker that has open connections at the end of `killTimeout` is left until they are closed, at most this long
    /// after the signal; nil: it is not left.
    package var connectionTimeout: TimeSpan?
    package var drain = Drain.exit

    /// What ends a drain.
    package enum Drain: String, Hashable, Sendable, Codable, CaseIterable {
        /// The worker exits.
        case exit
        /// It exits, or has had no open connection for `idleTime`.
        case idle
    }

    /// A worker without an open connection for this long has nothing more to finish.
    package static let idleTime = TimeSpan.seconds(1)
    /// How long a hook may take where there is no `preDrain` that bounds it.
    package static let hookTimeout = TimeSpan.seconds(30)

    package init() {}

    /// Whether anything comes between the decision and the signal.
    package var announces: Bool { preDrain > .zero || !preDrainHook.isEmpty }

    /// The longest time between the decision and the signal.
    package var announcement: TimeSpan { preDrain > .zero ? preDrain : Self.hookTimeout }
}

/// How one generation replaces another.
package struct RolloutPolicy: Hashable, Sendable, Codable {
    /// The order in which a slot's workers change.
    package enum Order: String, Hashable, Sendable, Codable, CaseIterable {
        /// Stop first where a worker owns its port, else new first.
        case automatic = "auto"
        case newFirst = "new-first"
        case stopFirst = "stop-first"
    }

    /// What is done where a new worker beside the old ones would not fit the host's memory.
    package enum MemoryShortage: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing is changed.
        case refuse
        /// The old worker goes first.
        case stopFirst = "stop-first"
        /// It is tried.
        case ignore
    }

    package var order = Order.automatic
    /// Workers beyond `instances` that may run at once.
    package var surge = 1
    /// Workers below `instances` that may be missing at once.
    package var unavailable = 0
    /// So many are replaced first, and the others when these have proved themselves for `canaryTime`.
    package var canary = 0
    package var canaryTime = TimeSpan.seconds(60)
    /// False: an operator decides when the canary's time is over.
    package var promotesAutomatically = true
    /// How long it waits after as many as `surge` have changed.
    package var stagger = TimeSpan.zero
    package var memoryShortage = MemoryShortage.refuse
    /// No worker is replaced while tasks of the host wait for memory for a larger part of the last 10 seconds, in per
    /// cent (`some avg10` of /proc/pressure/memory); 100 for no such limit.
    package var pressureLimit = 40.0
    /// A new worker has to stay ready, and healthy, this long before the old one is asked to leave.
    package var healthyTime = TimeSpan.seconds(2)
    /// A new worker that is not ready after this long has failed.
    package var readyTimeout = TimeSpan.seconds(30)

    package init() {}
}

/// When a worker is replaced, new first, though nothing is wrong with its program.
package struct RecyclePolicy: Hashable, Sendable, Codable {
    /// Memory of the worker's whole process tree.
    package var maxMemory: ByteCount?
    /// Memory at which the tree is killed; nil for twice `maxMemory`.
    package var hardMemory: ByteCount?
    package var maxAge: TimeSpan?
    package var schedule: CronSchedule?

    package init() {}

    /// The limit behind `maxMemory`.
    package var effectiveHardMemory: ByteCount? { hardMemory ?? maxMemory?.multiplied(by: 2) }
}

extension RestartPolicy {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.isAutomatic, into: &isAutomatic)
        try values.read(.minUptime, into: &minUptime)
        try values.read(.maxRestarts, into: &maxRestarts)
        try values.read(.window, into: &window)
        try values.read(.delay, into: &delay)
        try values.read(.maxDelay, into: &maxDelay)
        try values.read(.jitter, into: &jitter)
        try values.read(.fixedDelay, into: &fixedDelay)
        try values.read(.stopExitCodes, into: &stopExitCodes)
        try values.read(.erroredRetry, into: &erroredRetry)
    }
}

extension StopPolicy {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.signal, into: &signal)
        try values.read(.killTimeout, into: &killTimeout)
        try values.read(.preDrain, into: &preDrain)
        try values.read(.preDrainHook, into: &preDrainHook)
        try values.read(.connectionTimeout, into: &connectionTimeout)
        try values.read(.drain, into: &drain)
    }
}

extension RolloutPolicy {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.order, into: &order)
        try values.read(.surge, into: &surge)
        try values.read(.unavailable, into: &unavailable)
        try values.read(.canary, into: &canary)
        try values.read(.canaryTime, into: &canaryTime)
        try values.read(.promotesAutomatically, into: &promotesAutomatically)
        try values.read(.stagger, into: &stagger)
        try values.read(.memoryShortage, into: &memoryShortage)
        try values.read(.pressureLimit, into: &pressureLimit)
        try values.read(.healthyTime, into: &healthyTime)
        try values.read(.readyTimeout, into: &readyTimeout)
    }
}

extension RecyclePolicy {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.maxMemory, into: &maxMemory)
        try values.read(.hardMemory, into: &hardMemory)
        try values.read(.maxAge, into: &maxAge)
        try values.read(.schedule, into: &schedule)
    }
}
