package import KoomyModel

/// The trial of a release before anything that serves is touched: one worker of it, on sockets that nobody else knows.
package struct Rehearsal: Hashable, Sendable, Codable {
    /// As the app's, with sockets, logs and probes of its own.
    package var spec: AppSpec
    /// How many questions it is asked when it is ready and healthy.
    package var questions: Int

    package init(spec: AppSpec, questions: Int) {
        self.spec = spec
        self.questions = questions
    }
}

/// The worker of a rehearsal.
package struct Candidate: Hashable, Sendable, Codable {
    package enum Phase: Hashable, Sendable, Codable {
        /// It runs and is not ready. Transitions to: settling.
        case proving
        /// It is ready and has to stay so, and pass its health probe, for `healthy_time`. Transitions to: asked, leaving.
        case settling
        /// It was asked this question. Transitions to: asked, leaving.
        case asked(Int)
        /// It has passed, and was asked to leave.
        case leaving
    }

    package let serial: UInt64
    package let questions: Int
    package internal(set) var phase = Phase.proving

    init(serial: UInt64, questions: Int) {
        self.serial = serial
        self.questions = questions
    }
}
