package import KoomyModel

/// The replacement of one generation by the next, slot by slot.
package struct Rollout: Hashable, Sendable, Codable {
    package enum Kind: Hashable, Sendable, Codable {
        case reload
        /// Back to the generation before, because of this.
        case rollback(because: Failure)
    }

    /// How far it has come; a failure or an operator's wish ends it from each of these.
    package enum Stage: Hashable, Sendable, Codable {
        /// A candidate runs that nobody else can reach, and no slot has begun. Transitions to: rolling.
        case rehearsing(Candidate)
        /// Slots change, as many at once as the policy allows, until all have. Transitions to: watching.
        case rolling
        /// The canary's slots have changed; the others wait until its time is over. Transitions to: comparing, rolling.
        case watching
        /// Its time is over, and it is being measured beside the others. Transitions to: held, rolling.
        case comparing
        /// It has proved itself, and an operator decides. Transitions to: rolling.
        case held
    }

    /// Why a rollout did not succeed.
    package struct Failure: Hashable, Sendable, Codable {
        package var outcome: RolloutOutcome
        package var slot: Int?
        /// What was seen, for people.
        package var detail: String
    }

    /// What is asked of a rollout beside its specification.
    package struct Plan: Hashable, Sendable, Codable {
        /// What a candidate is started from, under a generation of its own; nil for no rehearsal.
        package var rehearsal: Rehearsal?
        /// False: all slots are treated alike, whatever the policy says.
        package var hasCanary = true
        /// Who wants it; nil where nobody is known.
        package var cause: Cause?

        package init(rehearsal: Rehearsal? = nil, hasCanary: Bool = true, cause: Cause? = nil) {
            self.rehearsal = rehearsal
            self.hasCanary = hasCanary
            self.cause = cause
        }
    }

    /// What was asked for, and by whom.
    package struct Cause: Hashable, Sendable, Codable {
        /// `deploy`, `rollback`, `reload`, `start` or `signal`.
        package var command: String
        /// A number of passwd(5); nil for a signal.
        package var user: UInt32?

        package init(command: String, user: UInt32? = nil) {
            self.command = command
            self.user = user
        }
    }

    package let kind: Kind
    package let from: Generation
    package let to: Generation
    package internal(set) var stage = Stage.rolling
    /// Slots that have not begun, in the order in which they will.
    package internal(set) var pending: [Int]
    package internal(set) var total: Int
    package internal(set) var done = 0
    /// Old workers that did not leave in time and were killed.
    package internal(set) var forcedDrains = 0
    /// An operator wants no further slot to begin.
    package internal(set) var isPaused = false
    /// So many slots change before the others; nil where none does, or when they have proved themselves.
    package internal(set) var canary: Int?
    /// Why no further slot begins at present, for people.
    package internal(set) var obstacle: String?
    /// The memory of the host has room for no worker beside the others.
    package internal(set) var stopsFirst = false
    /// How many slots had changed when it last paused between batches, and until when.
    var rest: Rest?

    struct Rest: Hashable, Sendable, Codable {
        var done: Int
        var until: Instant
    }

    init(kind: Kind, from: Generation, to: Generation, slots: [Int]) {
        self.kind = kind
        self.from = from
        self.to = to
        pending = slots
        total = slots.count
    }

    /// How many slots may change at once, new worker first and old worker first.
    static func allowance(_ policy: RolloutPolicy, ownsPort: Bool) -> (newFirst: Int, stopFirst: Int) {
        let stopsFirst =
            switch policy.order {
            case .automatic: ownsPort
            case .newFirst: false
            case .stopFirst: true
            }
        guard !stopsFirst else { return (0, max(1, policy.unavailable)) }
        guard policy.surge > 0 else { return (0, max(1, policy.unavailable)) }
        return (policy.surge, policy.unavailable)
    }

    /// The same for this rollout.
    func allowance(_ policy: RolloutPolicy, ownsPort: Bool) -> (newFirst: Int, stopFirst: Int) {
        stopsFirst ? (0, max(1, policy.unavailable)) : Self.allowance(policy, ownsPort: ownsPort)
    }
}

extension Rollout {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try values.read(.kind)
        from = try values.read(.from)
        to = try values.read(.to)
        pending = try values.read(.pending)
        total = try values.read(.total)
        try values.read(.stage, into: &stage)
        try values.read(.done, into: &done)
        try values.read(.forcedDrains, into: &forcedDrains)
        try values.read(.isPaused, into: &isPaused)
        try values.read(.canary, into: &canary)
        try values.read(.obstacle, into: &obstacle)
        try values.read(.stopsFirst, into: &stopsFirst)
        try values.read(.rest, into: &rest)
    }
}

extension Rollout.Plan {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.rehearsal, into: &rehearsal)
        try values.read(.hasCanary, into: &hasCanary)
        try values.read(.cause, into: &cause)
    }
}
