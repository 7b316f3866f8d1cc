package import KoomyModel

/// The first event of a koomyd: what there is to begin with.
extension Fleet {
    mutating func boot(_ state: DesiredState, _ survivors: [Survivor], at now: Instant) {
        (desired, durable) = (state, state)
        for app in state.apps {
            let name = app.spec.name
            apps[name] = App(
                app.spec,
                generation: app.generation,
                firstSerial: firstSerial,
                stoppedSlots: Set(app.stoppedSlots)
            )
            if app.goal == .running { tell(name, .startWhenListening, at: now) }
            let own = survivors.filter { $0.id.app == name }
            if !own.isEmpty { tell(name, .found(own), at: now) }
        }
    }

    /// Goes on where the koomyd before it was interrupted.
    ///
    /// What is on disk was acknowledged; a change that was being prepared is prepared again, and then acknowledged.
    mutating func resume(away: TimeSpan, onDisk: DesiredState, at now: Instant) {
        durable = onDisk
        stay(at: now)
        for name in apps.keys.sorted() { tell(name, .resumed(away: away), at: now) }
        if let change {
            actions.append(.prepare(change.ticket, change.preparation))
        } else if saving == .clean, desired != durable {
            record()
        }
    }

    /// A koomyd that is started is to serve, whatever the one before it was told.
    private mutating func stay(at now: Instant) {
        guard phase != .serving else { return }
        phase = .serving
        let words = "koomyd ended before every worker had left, and was started again"
        for waiter in waiters where waiter.shutdown {
            answer(waiter.request, waiter.replies + [AppReply(app: nil, outcome: .rollout(.aborted), message: words)])
        }
        waiters.removeAll { $0.shutdown }
        for wanted in desired.apps where wanted.goal == .running {
            tell(wanted.spec.name, .startWhenListening, at: now)
        }
    }
}

extension Fleet {
    /// Whether it has heard of this request and has not answered it.
    package func isOpen(_ request: RequestID) -> Bool {
        waiters.contains { $0.request == request } || backlog.contains { $0.id == request }
            || unrecorded.contains { $0.request == request } || change?.concerns(request) == true
    }

    /// The highest revision of the desired state that this fleet has written, or was writing.
    package var latestRevision: UInt64 {
        max(durable.revision, desired.revision, change?.preparation.desired?.revision ?? 0)
    }

    /// The generations whose listeners are open, or were.
    package func openGenerations(of app: App) -> [Generation] {
        guard app.isActive || !app.workers.isEmpty else { return [] }
        // A rollout that goes on brings listeners of its own, whatever became of those in service.
        return app.specs.keys.sorted().filter { !(app.isActive && app.needsListeners && $0 == app.current) }
    }
}

extension Fleet.Change {
    fileprivate func concerns(_ id: RequestID) -> Bool {
        switch purpose {
        case .request(let own, _): own == id
        // Who asked for it waits among the others.
        case .queuedReload: false
        case .record(let replies): replies.contains { $0.request == id }
        }
    }
}
