import KoomyModel

/// What each event means to a worker that is to leave, up to its end.
///
/// What comes late or twice changes nothing; what cannot come at all is an anomaly.
extension Worker {
    mutating func whileParting(_ departure: Departure, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .timerFired(.preDrain): return leave(departure, by: stopSignal(departure), at: now)
        case .probed(.preDrain, _, let result):
            return hookEnded(result) + (policy.stop.preDrain > .zero ? [] : endParting(departure, at: now))
        case .connections(let count):
            connections = count
            return []
        case .kill: return [.disarm(.preDrain)] + kill(departure)
        case .exited(let reason):
            let ending = Ending(reason: reason, departure: departure, stage: stage)
            return [.disarm(.preDrain)] + clear(ending, at: now, arm: true)
        case .becameReady, .timerFired, .leave, .extended, .pinged, .declaredHung, .probed: return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    mutating func whileLeaving(_ departure: Departure, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .timerFired(.kill):
            if let rest = restForConnections(at: now) { return linger(.lingering(departure), for: rest, at: now) }
            return kill(departure) + [.report(.forced)]
        case .timerFired(.idle): return isIdle ? [.disarm(.kill)] + kill(departure) + [.report(idleEnd)] : []
        case .connections(let count): return note(count, endsWhenIdle: policy.stop.drain == .idle, at: now)
        case .probed(.preDrain, _, let result): return hookEnded(result)
        case .extended(let span): return extend(.kill, by: span, at: now)
        case .kill: return [.disarm(.kill)] + kill(departure)
        case .exited(let reason):
            return clear(Ending(reason: reason, departure: departure, stage: stage), at: now, arm: false)
        case .becameReady, .timerFired, .leave, .pinged, .declaredHung, .probed: return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    mutating func whileLingering(_ departure: Departure, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .timerFired(.kill): return kill(departure) + [.report(.forced)]
        case .timerFired(.idle): return isIdle ? [.disarm(.kill)] + kill(departure) + [.report(idleEnd)] : []
        case .connections(let count): return note(count, endsWhenIdle: true, at: now)
        case .extended(let span): return extend(.kill, by: span, at: now)
        case .kill: return [.disarm(.kill)] + kill(departure)
        case .exited(let reason):
            let ending = Ending(reason: reason, departure: departure, stage: stage)
            let actions = clear(ending, at: now, arm: false)
            state = .trailing(ending)
            return actions
        case .becameReady, .timerFired, .leave, .pinged, .declaredHung, .probed: return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    mutating func whileKilling(_ departure: Departure, _ event: Event) -> [Action] {
        switch event {
        case .exited(let reason):
            let ending = Ending(reason: reason, departure: departure, stage: stage)
            state = .purging(ending)
            return [.report(.ended(ending))]
        case .becameReady, .timerFired, .leave, .kill, .extended, .pinged, .declaredHung, .probed, .connections:
            return []
        case .spawned, .spawnFailed, .treeGone: return impossible(event)
        }
    }

    mutating func whileClearing(_ ending: Ending, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .treeGone: return go(ending)
        case .timerFired(.kill):
            if let rest = restForConnections(at: now) { return linger(.trailing(ending), for: rest, at: now) }
            return purge(ending) + [.report(.forced)]
        case .timerFired(.idle): return isIdle ? [.disarm(.kill)] + purge(ending) + [.report(idleEnd)] : []
        case .connections(let count): return note(count, endsWhenIdle: policy.stop.drain == .idle, at: now)
        case .probed(.preDrain, _, let result): return hookEnded(result)
        case .extended(let span): return extend(.kill, by: span, at: now)
        case .kill: return [.disarm(.kill)] + purge(ending)
        case .becameReady, .timerFired, .leave, .pinged, .declaredHung, .probed: return []
        case .spawned, .spawnFailed, .exited:
            return impossible(event)
        }
    }

    mutating func whileTrailing(_ ending: Ending, _ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .treeGone: return go(ending)
        case .timerFired(.kill): return purge(ending) + [.report(.forced)]
        case .timerFired(.idle): return isIdle ? [.disarm(.kill)] + purge(ending) + [.report(idleEnd)] : []
        case .connections(let count): return note(count, endsWhenIdle: true, at: now)
        case .extended(let span): return extend(.kill, by: span, at: now)
        case .kill: return [.disarm(.kill)] + purge(ending)
        case .becameReady, .timerFired, .leave, .pinged, .declaredHung, .probed: return []
        case .spawned, .spawnFailed, .exited: return impossible(event)
        }
    }

    mutating func whilePurging(_ ending: Ending, _ event: Event) -> [Action] {
        switch event {
        case .treeGone: return go(ending)
        case .becameReady, .timerFired, .leave, .kill, .extended, .pinged, .declaredHung, .probed, .connections:
            return []
        case .spawned, .spawnFailed, .exited: return impossible(event)
        }
    }

    func whileGone(_ event: Event) -> [Action] {
        switch event {
        case .becameReady, .timerFired, .leave, .kill, .extended, .pinged, .declaredHung, .probed, .treeGone,
            .connections:
            []
        case .spawned, .spawnFailed, .exited: impossible(event)
        }
    }

    private mutating func go(_ ending: Ending) -> [Action] {
        state = .gone(ending)
        return [.disarm(.kill)] + (isIdle ? [.disarm(.idle)] : []) + [.report(.gone)]
    }
}
