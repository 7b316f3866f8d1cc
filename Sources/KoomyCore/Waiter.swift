import KoomyModel

/// A request that is answered when what it asked for has come to be, or cannot.
struct Waiter: Hashable, Sendable, Codable {
    enum Expectation: Hashable, Sendable, Codable {
        /// Every wanted slot is ready.
        case ready
        /// As many slots as this are ready, and no worker is beyond them.
        case scaled(Int)
        case slotReady(Int)
        /// Every slot is ready with a worker of this serial or a higher one.
        case restarted(after: UInt64)
        /// No worker is left.
        case gone
        case slotGone(Int)
        /// No worker is left of an app that is being deleted.
        case removed
        case rollout(Generation)
        /// The rollout before it is over.
        case queued
        case noRollout
        /// The worker of this serial, in this slot, has been replaced.
        case recycled(UInt64, slot: Int)
    }

    struct Wait: Hashable, Sendable, Codable {
        var app: AppName
        var expectation: Expectation
        /// Whether an old worker had to be killed meanwhile.
        var forced = 0
    }

    let request: RequestID
    var apps: [Wait]
    var replies: [AppReply] = []
    /// It is answered by koomyd's leaving.
    var shutdown = false
}

extension Waiter.Wait {
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        app = try values.read(.app)
        expectation = try values.read(.expectation)
        try values.read(.forced, into: &forced)
    }
}

extension Waiter {
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        request = try values.read(.request)
        apps = try values.read(.apps)
        try values.read(.replies, into: &replies)
        try values.read(.shutdown, into: &shutdown)
    }
}
