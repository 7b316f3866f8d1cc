package import KoomyModel

/// The unstable ends of an app's workers within a sliding window.
///
/// After s6's death tally and Erlang/OTP's restart intensity: a loop is noticed whenever it begins.
package struct RestartTally: Hashable, Sendable, Codable {
    private var ends: [Instant] = []

    package init() {}

    /// Counts one end; true when the window now holds as many as the policy allows.
    package mutating func record(at now: Instant, _ policy: RestartPolicy) -> Bool {
        forget(before: now, policy)
        ends.append(now)
        return ends.count >= max(1, policy.maxRestarts)
    }

    /// The ends that still count.
    package mutating func count(at now: Instant, _ policy: RestartPolicy) -> Int {
        forget(before: now, policy)
        return ends.count
    }

    package mutating func clear() { ends = [] }

    private mutating func forget(before now: Instant, _ policy: RestartPolicy) {
        ends.removeAll { now - $0 >= policy.window }
        // Bounded whatever the policy says.
        let most = max(1, min(policy.maxRestarts, 1_000))
        if ends.count > most { ends.removeFirst(ends.count - most) }
    }
}

extension RestartTally {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.ends, into: &ends)
    }
}
