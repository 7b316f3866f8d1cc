package import KoomyModel

/// Judges one worker's memory against its limits, and says when to look again: the nearer the limit, the sooner.
package struct MemoryGuard: Hashable, Sendable, Codable {
    package enum Verdict: Hashable, Sendable {
        case within
        /// Over `max_memory`: replace it, new first.
        case overSoft
        /// Over the hard limit: kill it now.
        case overHard
    }

    /// Far from the limit; keeps an idle daemon asleep.
    static let slowest = TimeSpan.seconds(5)
    static let fastest = TimeSpan.milliseconds(250)
    /// From this share of the limit on the worker is looked at every second at least.
    static let nearShare = 0.7

    private struct Sample: Hashable, Sendable, Codable {
        var bytes: UInt64
        var at: Instant
    }

    private var last: Sample?

    package init() {}

    /// Takes a sample of the whole process tree.
    ///
    /// - Returns: What to do, and how long to wait before the next sample.
    package mutating func judge(
        _ memory: ByteCount,
        soft: ByteCount,
        hard: ByteCount,
        at now: Instant
    ) -> (verdict: Verdict, next: TimeSpan) {
        let previous = last
        last = Sample(bytes: memory.bytes, at: now)
        if memory >= hard { return (.overHard, Self.fastest) }
        if memory >= soft { return (.overSoft, Self.fastest) }
        let near = Double(memory.bytes) >= Double(soft.bytes) * Self.nearShare
        var next = near ? TimeSpan.seconds(1) : Self.slowest
        if let previous, now > previous.at, memory.bytes > previous.bytes {
            let perSecond = Double(memory.bytes - previous.bytes) / (now - previous.at).seconds
            let untilLimit = Double(soft.bytes - memory.bytes) / perSecond
            // Four looks before the limit at the present rate.
            next = min(next, TimeSpan.seconds(1).scaled(by: min(untilLimit / 4, 60)))
        }
        return (.within, max(next, Self.fastest))
    }
}

extension MemoryGuard {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.last, into: &last)
    }
}
