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
    mutating func resume(away: TimeSpan, onDisk: DesiredState, _ interrupted: Set<WorkerID>, at now: Instant) {
        durable = onDisk
        stay(at: now)
        for name in apps.keys.sorted() {
            let serials = interrupted.filter { $0.app == name }.map(\.serial)
            tell(name, .resumed(away: away, interrupted: Set(serials)), at: now)
        }
        if let change {
            actions.append(.prepare(change.ticket, change.preparation))
        } else if saving == .clean, desired != durable {
            record()
        }
    }

    /// What becomes of a shutdown when koomyd dies before it has answered.
    static var cameBack: AppReply {
        let words = "koomyd ended before it could leave, and was started again"
        return AppReply(app: nil, outcome: .rollout(.aborted), message: words)
    }

    /// A koomyd that is started is to serve, whatever the one before it was told.
    private mutating func stay(at now: Instant) {
        guard phase != .serving else { return }
        phase = .serving
        for waiter in waiters where waiter.shutdown { answer(waiter.request, waiter.replies + [Self.cameBack]) }
        waiters.removeAll { $0.shutdown }
        for wanted in desired.apps where wanted.goal == .running {
            tell(wanted.spec.name, .startWhenListening, at: now)
        }
    }
}

extension Fleet {
    /// Whether this request is going to be answered.
    package func owesAnswer(to id: RequestID) -> Bool {
        if waiters.contains(where: { $0.request == id }) || backlog.contains(where: { $0.id == id }) { return true }
        if unrecorded.contains(where: { $0.request == id }) { return true }
        if queuedReloads.values.contains(where: { $0.request == id }) { return true }
        return switch change?.purpose {
        case nil, .queuedReload: false
        case .request(let request, _): request == id
        case .record(let replies): replies.contains { $0.request == id }
        }
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
