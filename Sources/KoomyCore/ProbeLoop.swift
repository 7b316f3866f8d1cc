package import KoomyModel

/// What one probe found.
package enum ProbeResult: Hashable, Sendable, Codable {
    case succeeded
    /// Why not, in a few words for people.
    case failed(String)
}

/// Asks one worker the same question again and again: for readiness until it succeeds once, for health as long as it lives.
package struct ProbeLoop: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        /// Not begun, or over. Transitions to: waiting.
        case idle
        /// The next question is due when the timer fires. Transitions to: asking, idle.
        case waiting(failures: Int)
        /// A question is out; answers to earlier ones are stale. Transitions to: waiting, idle.
        case asking(attempt: UInt64, failures: Int)
    }

    package enum Action: Hashable, Sendable {
        case arm(Instant)
        case disarm
        case ask(attempt: UInt64)
        case succeeded
        /// As many failures in a row as the probe allows; the last one's words.
        case exhausted(String)
    }

    package let probe: Probe
    package internal(set) var state = State.idle
    /// Whether the latest answer was a success; false before the first.
    package private(set) var isPassing = false
    var attempts: UInt64 = 0

    package init(_ probe: Probe) { self.probe = probe }

    /// Asks for the first time at `first`.
    package mutating func begin(at first: Instant) -> [Action] {
        state = .waiting(failures: 0)
        isPassing = false
        return [.arm(first)]
    }

    /// Asks anew after a time in which nobody asked: the answer to the last question can no longer come.
    package mutating func resume(at now: Instant) -> [Action] {
        switch state {
        case .idle: return []
        case .waiting: break
        case .asking(_, let failures): state = .waiting(failures: failures)
        }
        // What it was before says nothing about now.
        isPassing = false
        return [.arm(now)]
    }

    package mutating func end() -> [Action] {
        guard state != .idle else { return [] }
        state = .idle
        return [.disarm]
    }

    package mutating func timerFired() -> [Action] {
        guard case .waiting(let failures) = state else { return [] }
        attempts += 1
        state = .asking(attempt: attempts, failures: failures)
        return [.ask(attempt: attempts)]
    }

    /// Takes an answer; one to an earlier question is ignored.
    ///
    /// - Parameters:
    ///   - attempt: The number of the question.
    ///   - result: What was found.
    ///   - tolerant: Whether failures do not count yet (the start period, or a worker that need not be ready yet).
    ///   - now: The present.
    /// - Returns: What to do next.
    package mutating func answered(attempt: UInt64, _ result: ProbeResult, tolerant: Bool, at now: Instant) -> [Action]
    {
        guard case .asking(attempt, let failures) = state else { return [] }
        let again = Action.arm(now + probe.interval)
        isPassing = result == .succeeded
        switch result {
        case .succeeded:
            state = .waiting(failures: 0)
            return [again, .succeeded]
        case .failed where tolerant:
            state = .waiting(failures: failures)
            return [again]
        case .failed(let words):
            state = .waiting(failures: failures + 1)
            guard failures + 1 >= max(1, probe.retries) else { return [again] }
            // It is asked on: what is to follow, and whether that works, is not decided here.
            state = .waiting(failures: 0)
            return [again, .exhausted(words)]
        }
    }
}

extension ProbeLoop {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(try values.read(.probe))
        try values.read(.state, into: &state)
        try values.read(.isPassing, into: &isPassing)
        try values.read(.attempts, into: &attempts)
    }
}
