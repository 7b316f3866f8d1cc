package import KoomyModel

/// One of an app's places for a worker: who serves there, and who may be about to take over.
package struct Slot: Hashable, Sendable, Codable {
    package let index: Int
    /// Whose specification a start in this slot uses.
    package internal(set) var generation: Generation
    package internal(set) var seat = Seat.vacant
    package internal(set) var replacement: Replacement?
    package internal(set) var backoff = Backoff()
    /// Starts after an end that nobody asked for.
    package internal(set) var restarts = 0
    package internal(set) var lastEnd: LastEnd?

    init(index: Int, generation: Generation, seat: Seat = .vacant) {
        self.index = index
        self.generation = generation
        self.seat = seat
    }

    /// The claim of one worker on the slot, or why there is none.
    package enum Seat: Hashable, Sendable, Codable {
        /// A worker is started as soon as the app's goal allows. Transitions to: taken, stopped.
        case vacant
        /// This worker, starting or ready, has the slot. Transitions to: any but reserved.
        case taken(serial: UInt64)
        /// Its worker was asked to leave, and nothing is started before that is gone. Transitions to: vacant, waiting, reserved.
        case yielding(serial: UInt64)
        /// A replacement that has not proved itself is to have it. Transitions to: taken, vacant.
        case reserved
        /// The restart timer runs. Transitions to: vacant, taken, stopped, errored.
        case waiting(until: Instant)
        /// Its worker ended together with others; the scout goes first. Transitions to: vacant, taken, stopped, errored.
        case held
        /// Its worker ended and is not to be started again by itself. Transitions to: vacant, taken, stopped.
        case finished(ExitReason)
        /// Nobody wants it to run. Transitions to: vacant, taken.
        case stopped
        /// The app's workers ended too often. Transitions to: vacant, taken, stopped.
        case errored
    }

    /// How the last worker of the slot that had served or tried to ended.
    package struct LastEnd: Hashable, Sendable, Codable {
        package var serial: UInt64
        package var reason: ExitReason
        package var at: Instant
    }

    package var occupant: UInt64? {
        switch seat {
        case .taken(let serial): serial
        case .vacant, .yielding, .reserved, .waiting, .held, .finished, .stopped, .errored: nil
        }
    }
}

/// The change of one slot from one worker to the next.
package struct Replacement: Hashable, Sendable, Codable {
    package enum Cause: Hashable, Sendable, Codable {
        case rollout
        case recycle(RecycleCause)
    }

    package enum Phase: Hashable, Sendable, Codable {
        /// Stop first: the old worker leaves, the new one is not started. Transitions to: proving.
        case vacating
        /// The new worker runs and is not ready. Transitions to: settling.
        case proving(serial: UInt64)
        /// The new worker is ready and has to stay so, and pass its health probe, for `healthy_time`. Transitions to: draining.
        case settling(serial: UInt64)
        /// The new worker has the slot; the old one is leaving.
        case draining(old: UInt64)
    }

    /// How soon it is looked again whether a new worker's health has been proved.
    static let healthWait = TimeSpan.milliseconds(250)

    package var cause: Cause
    package var phase: Phase

    /// The new worker, as long as it has not taken the slot.
    package var challenger: UInt64? {
        switch phase {
        case .proving(let serial), .settling(let serial): serial
        case .vacating, .draining: nil
        }
    }
}

extension Replacement.Cause {
    /// As what the old worker leaves.
    var departure: Worker.Departure {
        switch self {
        case .recycle(.unhealthy): .unhealthy
        case .rollout, .recycle(.memory), .recycle(.age), .recycle(.schedule), .recycle(.requested): .replaced
        }
    }
}

/// Why a healthy program's worker is replaced.
package enum RecycleCause: Hashable, Sendable, Codable {
    case memory(ByteCount)
    case age
    case schedule
    case unhealthy(String)
    case requested
}

extension Slot {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(index: try values.read(.index), generation: try values.read(.generation))
        seat = try values.read(.seat)
        try values.read(.replacement, into: &replacement)
        try values.read(.backoff, into: &backoff)
        try values.read(.restarts, into: &restarts)
        try values.read(.lastEnd, into: &lastEnd)
    }
}
