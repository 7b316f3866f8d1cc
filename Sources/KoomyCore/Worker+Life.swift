import KoomyModel

/// What each event means to a worker that is not to leave, or has not been started.
///
/// What comes late or twice changes nothing; what cannot come at all is an anomaly.
extension Worker {
    mutating func whileSpawning(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .spawned:
            startedAt = now
            state = .starting
            return armStart(at: now)
        case .spawnFailed(let failure):
            return vanish(Ending(reason: .failedToStart(failure), departure: nil, stage: .unproven))
        case .leave(let departure):
            state = .unwanted(departure)
            return []
        case .kill(let departure):
            state = .condemned(departure)
            return []
        case .becameReady, .timerFired, .extended, .pinged, .declaredHung, .probed, .connections: return []
        case .exited, .treeGone: return impossible(event)
        }
    }

    mutating func whileUnwanted(_ departure: Departure, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .spawned:
            state = .starting
            return leave(departure, by: policy.stop.signal, at: now)
        case .spawnFailed(let failure):
            return vanish(Ending(reason: .failedToStart(failure), departure: departure, stage: .unproven))
        case .kill:
            state = .condemned(departure)
            return []
        case .becameReady, .timerFired, .leave, .extended, .pinged, .declaredHung, .probed, .connections: return []
        case .exited, .treeGone: return impossible(event)
        }
    }

    mutating func whileCondemned(_ departure: Departure, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .spawned:
            startedAt = now
            return kill(departure)
        case .spawnFailed(let failure):
            return vanish(Ending(reason: .failedToStart(failure), departure: departure, stage: .unproven))
        case .becameReady, .timerFired, .leave, .kill, .extended, .pinged, .declaredHung, .probed, .connections:
            return []
        case .exited, .treeGone: return impossible(event)
        }
    }

    mutating func whileStarting(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .becameReady(let evidence):
            return policy.accepts(evidence) ? becomeReady(by: evidence, at: now) : []
        case .timerFired(.uptime):
            return policy.provesByUptime ? becomeReady(by: .uptime, at: now) : []
        case .timerFired(.readiness):
            return [.report(.faltered(.notReady))] + leave(.notReady, by: policy.stop.signal, at: now)
        case .timerFired(.readinessProbe): return ask(event)
        case .probed(.readiness, let attempt, let result): return probedReadiness(attempt, result, at: now)
        case .declaredHung: return hang(at: now)
        case .extended(let span): return policy.provesByUptime ? [] : extend(.readiness, by: span, at: now)
        case .leave(let departure): return leave(departure, by: policy.stop.signal, at: now)
        case .kill(let departure): return disarmLife() + kill(departure)
        case .exited(let reason): return endUnasked(reason, at: now)
        case .pinged, .probed, .timerFired, .connections: return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    mutating func whileReady(_ maturity: Maturity, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .timerFired(.maturity):
            guard maturity == .fresh else { return [] }
            state = .ready(.stable)
            stage = .stable
            return [.report(.matured)]
        case .timerFired(.age): return [.report(.aged)]
        case .timerFired(.healthProbe): return ask(event)
        case .probed(.health, let attempt, let result): return probedHealth(attempt, result, at: now)
        case .pinged: return policy.watchdog.map { [.arm(.watchdog, now + $0)] } ?? []
        case .timerFired(.watchdog), .declaredHung: return hang(at: now)
        case .leave(let departure): return part(departure, at: now)
        case .kill(let departure): return disarmLife() + kill(departure)
        case .exited(let reason): return endUnasked(reason, at: now)
        case .becameReady, .extended, .probed, .timerFired, .connections: return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    /// ABRT leaves a trace or a core before the kill timer ends it.
    private mutating func hang(at now: Instant) -> [Action] {
        [.report(.faltered(.hung))] + leave(.hung, by: .abort, at: now)
    }

    private mutating func endUnasked(_ reason: ExitReason, at now: Instant) -> [Action] {
        disarmLife() + clear(Ending(reason: reason, departure: nil, stage: stage), at: now, arm: true)
    }
}
