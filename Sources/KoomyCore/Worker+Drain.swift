import KoomyModel

/// The steps of a worker that is to leave: what comes before the stop signal, and what its open connections decide.
extension Worker {
    /// It is to leave: at once, or when those outside have had time to notice.
    mutating func part(_ departure: Departure, at now: Instant) -> [Action] {
        // A candidate of a rehearsal serves nobody who could notice.
        guard policy.stop.announces, departure != .rehearsed else {
            return leave(departure, by: stopSignal(departure), at: now)
        }
        state = .parting(departure)
        deadline = now + policy.stop.announcement
        return disarmLife() + [.arm(.preDrain, deadline)] + runHook(attempt: 1)
    }

    func runHook(attempt: UInt64) -> [Action] {
        policy.stop.preDrainHook.isEmpty ? [] : [.ask(.preDrain, attempt: attempt)]
    }

    func hookEnded(_ result: ProbeResult) -> [Action] {
        switch result {
        case .succeeded: []
        case .failed(let words): [.report(.hookFailed(words))]
        }
    }

    mutating func endParting(_ departure: Departure, at now: Instant) -> [Action] {
        [.disarm(.preDrain)] + leave(departure, by: stopSignal(departure), at: now)
    }

    /// ABRT for one whose health probe is to leave a trace.
    func stopSignal(_ departure: Departure) -> Signal {
        departure == .unhealthy && healthProbe?.probe.traces == true ? .abort : policy.stop.signal
    }

    /// Whether it is known to have no open connection.
    var isIdle: Bool { connections == 0 }

    /// What ended one that was idle: a wish of its app, or that it did not leave by itself in time.
    var idleEnd: Report { policy.stop.drain == .idle ? .idled : .forced }

    /// Takes a count; the idle timer runs for as long as there is none open.
    mutating func note(_ count: Int?, endsWhenIdle: Bool, at now: Instant) -> [Action] {
        let wasIdle = isIdle
        connections = count
        guard endsWhenIdle, wasIdle != isIdle else { return [] }
        return isIdle ? [.arm(.idle, now + StopPolicy.idleTime)] : [.disarm(.idle)]
    }

    /// What was counted before koomyd was away says nothing about now.
    mutating func forgetConnections() -> [Action] {
        guard isIdle else {
            connections = nil
            return []
        }
        connections = nil
        return [.disarm(.idle)]
    }

    /// For how much longer it is left though its kill timeout is over; nil for one that is not.
    ///
    /// Connections that cannot be counted may be open.
    func restForConnections(at now: Instant) -> TimeSpan? {
        guard let connectionDeadline, connectionDeadline > now, !isIdle else { return nil }
        return connectionDeadline - now
    }

    mutating func linger(_ next: State, for rest: TimeSpan, at now: Instant) -> [Action] {
        state = next
        deadline = now + rest
        return [.arm(.kill, deadline), .report(.lingering(rest))]
    }

    /// Kills what an ended worker left behind.
    mutating func purge(_ ending: Ending) -> [Action] {
        state = .purging(ending)
        return [.killTree]
    }
}
