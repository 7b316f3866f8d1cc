package import KoomyModel

/// The replacement of one generation by the next, slot by slot.
package struct Rollout: Hashable, Sendable, Codable {
    package enum Kind: Hashable, Sendable, Codable {
        case reload
        /// Back to the generation before, because of this.
        case rollback(because: Failure)
    }

    /// Why a rollout did not succeed.
    package struct Failure: Hashable, Sendable, Codable {
        package var outcome: RolloutOutcome
        package var slot: Int?
        /// What was seen, for people.
        package var detail: String
    }

    package let kind: Kind
    package let from: Generation
    package let to: Generation
    /// Slots that have not begun, in the order in which they will.
    package internal(set) var pending: [Int]
    package internal(set) var total: Int
    package internal(set) var done = 0
    /// Old workers that did not leave in time and were killed.
    package internal(set) var forcedDrains = 0

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
}

extension Rollout {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try values.read(.kind)
        from = try values.read(.from)
        to = try values.read(.to)
        pending = try values.read(.pending)
        total = try values.read(.total)
        try values.read(.done, into: &done)
        try values.read(.forcedDrains, into: &forcedDrains)
    }
}
