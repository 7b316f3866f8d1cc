package import KoomyModel

/// How long to wait before a start, by the number of unstable runs in a row before it.
///
/// The first restart of a clean record is at once; from the second on the delay doubles up to a cap and is spread by jitter.
package struct Backoff: Hashable, Sendable, Codable {
    /// Unstable runs in a row; a stable run makes it zero.
    package private(set) var failures = 0

    package init() {}

    package mutating func recordUnstableRun() { failures += failures < 62 ? 1 : 0 }

    package mutating func recordStableRun() { failures = 0 }

    /// The delay before the next start.
    ///
    /// - Parameters:
    ///   - policy: The app's limits.
    ///   - seed: Anything that differs from start to start; equal seeds give equal jitter, so that a run can be replayed.
    /// - Returns: Zero for a start at once.
    package func delay(_ policy: RestartPolicy, seed: UInt64) -> TimeSpan {
        guard failures > 1 else { return policy.fixedDelay }
        let exponential = policy.delay.scaled(by: Double(UInt64(1) << UInt64(failures - 2)))
        let capped = min(exponential, policy.maxDelay)
        // 53 random bits as a share of -1 ... 1.
        let spread = Double(Self.mixed(seed) >> 11) / Double(UInt64(1) << 53) * 2 - 1
        return max(policy.fixedDelay, capped.scaled(by: 1 + spread * policy.jitter))
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a well spread number out of a counter.
    private static func mixed(_ seed: UInt64) -> UInt64 {
        var z = seed &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Backoff {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.failures, into: &failures)
    }
}
