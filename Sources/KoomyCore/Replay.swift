package import KoomyModel

/// A fleet's events, gone through once more after the koomyd that heard them has died.
///
/// The machines decide by nothing but their events and the times of these, so that the fleet is what it was, and what
/// was being done is known to the last action.
package struct Replay: Hashable, Sendable {
    package private(set) var fleet: Fleet
    /// The timers that were armed.
    package private(set) var timers: [TimerID: Instant]
    /// What was to be done after the last event, and may have been done or not.
    package private(set) var uncertain: [Action] = []
    /// How requests ended, for clients that ask again; the later of the same request counts.
    package private(set) var replies: [RequestID: Reply] = [:]
    /// When the last event was heard.
    package private(set) var last: Instant

    package init(_ fleet: Fleet, timers: [TimerID: Instant], at instant: Instant) {
        self.fleet = fleet
        self.timers = timers
        last = instant
    }

    package mutating func take(_ event: Fleet.Event, at now: Instant) {
        last = max(last, now)
        if case .timerFired(let timer) = event { timers[timer] = nil }
        let actions = fleet.handle(event, at: now)
        // That koomyd has left is not true of one that is back.
        let leaves = actions.contains { if case .exit = $0 { true } else { false } }
        for action in actions {
            switch action {
            case .arm(let timer, let instant): timers[timer] = instant
            case .disarm(let timer): timers[timer] = nil
            case .reply(let id, let reply): replies[id] = leaves ? Reply(apps: [Fleet.cameBack]) : reply
            case .spawn, .signal, .signalDescendants, .killTree, .forget, .ask, .sample, .compare, .weigh, .schedule,
                .openListeners, .closeListeners, .closeSlotListeners, .prepare, .publish, .exit, .anomaly:
                uncertain.append(action)
            }
        }
    }

    /// Everything so far has been done.
    package mutating func notePerformed() { uncertain = [] }

    /// The timers for a koomyd that comes back at this time: those that wait for a sign of life go on where they were.
    package func timers(resumingAt now: Instant) -> [TimerID: Instant] {
        let away = max(.zero, now - last)
        return timers.reduce(into: [:]) { result, entry in
            result[entry.key] = entry.key.waitsForSign ? entry.value + away : entry.value
        }
    }
}

extension TimerID {
    /// Whether it measures for how long a worker says nothing, which nobody could hear meanwhile.
    fileprivate var waitsForSign: Bool {
        switch self {
        case .worker(_, .watchdog): true
        // Workers that are to become ready count for themselves.
        case .worker(_, .readiness), .worker(_, .uptime), .worker(_, .maturity), .worker(_, .kill), .worker(_, .age),
            .worker(_, .readinessProbe), .worker(_, .healthProbe), .worker(_, .preDrain), .worker(_, .idle), .restart,
            .settle, .retry, .sample, .recycleHold,
            .rehearsal, .canary, .stagger, .weigh, .save:
            false
        }
    }
}
