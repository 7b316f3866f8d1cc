import KoomyModel

/// From a request to its effect: plan, prepare what must not fail half way, then act.
extension Fleet {
    mutating func take(_ id: RequestID, _ request: Request, at now: Instant) {
        guard change == nil else {
            backlog.append(Backlogged(id: id, request: request))
            return
        }
        if case .shutdown(let urgency) = request {
            if case .left = phase { return }
            waiters.append(Waiter(request: id, apps: [], shutdown: true))
            leave(status: 0, urgency, at: now)
            return
        }
        guard phase == .serving else {
            answer(id, [AppReply(app: nil, outcome: .shuttingDown, message: "koomyd is shutting down")])
            return
        }
        let kept = keepingScale(request)
        switch plan(kept) {
        case .refuse(let replies): answer(id, replies)
        case .act: perform(id, kept, at: now)
        case .prepare(var preparation):
            forgetScale(request, &preparation)
            lastTicket += 1
            let ticket = Ticket(number: lastTicket)
            preparation.desired?.revision = durable.revision + 1
            change = Change(ticket: ticket, purpose: .request(id, kept), preparation: preparation)
            actions.append(.prepare(ticket, preparation))
        }
    }

    mutating func prepared(_ ticket: Ticket, at now: Instant) {
        guard let change, change.ticket == ticket else { return }
        self.change = nil
        if let written = change.preparation.desired { noteSaved(written) }
        switch change.purpose {
        case .request(let id, let request):
            // Nothing has happened since it was planned.
            if let wanted = change.preparation.desired { desired = wanted }
            perform(id, request, at: now)
        case .queuedReload(let name, let generation): performQueuedReload(name, generation, at: now)
        case .record(let replies):
            for pending in replies { actions.append(.reply(pending.request, pending.reply)) }
        }
        takeBacklog(at: now)
    }

    private mutating func noteSaved(_ written: DesiredState) {
        durable = written
        guard saving != .clean else { return }
        saving = .clean
        actions.append(.disarm(.save))
        actions.append(.publish(Notice(app: nil, .saved)))
    }

    mutating func prepareFailed(_ ticket: Ticket, _ failure: PreparationFailure, at now: Instant) {
        guard let change, change.ticket == ticket else { return }
        self.change = nil
        switch change.purpose {
        case .request(let id, _): answer(id, [failure.reply])
        case .queuedReload(let name, _):
            guard let queued = queuedReloads.removeValue(forKey: name) else { break }
            resolveWaiter(queued.request, name, failure.reply)
        case .record(let replies):
            // The change came by itself and holds; the disk is behind, and says so.
            let words = failure.reply.message
            saving = .behind(words)
            actions.append(.arm(.save, now + .seconds(5)))
            actions.append(.publish(Notice(app: nil, .unsaved(words))))
            for pending in replies {
                actions.append(.reply(pending.request, Reply(apps: unsaved(pending.reply.apps))))
            }
        }
        takeBacklog(at: now)
    }

    /// The replies of rollouts, where what they changed could not be written.
    func unsaved(_ replies: [AppReply]) -> [AppReply] {
        guard case .behind(let words) = saving else { return replies }
        return replies.map { reply in
            guard reply.outcome.isSuccess, let name = reply.app, desired[name] != durable[name] else { return reply }
            return AppReply(app: name, outcome: .notSaved, message: "in service, but not saved: \(words)")
        }
    }

    private mutating func takeBacklog(at now: Instant) {
        if !unrecorded.isEmpty || (saving == .clean && desired != durable) { record() }
        while change == nil, !backlog.isEmpty {
            let next = backlog.removeFirst()
            take(next.id, next.request, at: now)
        }
    }

    /// Writes what is wanted now, for changes that came from a rollout and not from a request.
    mutating func record() {
        // A write that is under way is followed by this one.
        guard change == nil else { return }
        lastTicket += 1
        let ticket = Ticket(number: lastTicket)
        desired.revision = durable.revision + 1
        let preparation = Preparation(listeners: [], desired: desired)
        change = Change(ticket: ticket, purpose: .record(replies: unrecorded), preparation: preparation)
        unrecorded = []
        actions.append(.prepare(ticket, preparation))
    }

    mutating func answer(_ id: RequestID, _ replies: [AppReply]) {
        actions.append(.reply(id, Reply(apps: replies)))
    }

    /// The apps, or slots, that targets mean; a reply for each that means nothing.
    func resolve(_ targets: [Target]) -> (found: [Target], unknown: [AppReply]) {
        var found: [Target] = []
        var unknown: [AppReply] = []
        for target in targets {
            guard let name = target.app else {
                found += apps.keys.sorted().filter { known($0) != nil }.map { Target(app: $0) }
                continue
            }
            guard let app = known(name) else {
                unknown.append(AppReply(app: name, outcome: .noSuchApp, message: "no app is called \(name)"))
                continue
            }
            if let slot = target.slot, !(0..<app.spec.instances).contains(slot) {
                let message = "\(name) has the slots 0 to \(app.spec.instances - 1), not \(slot)"
                unknown.append(AppReply(app: name, outcome: .noSuchApp, message: message))
                continue
            }
            if !found.contains(target) { found.append(target) }
        }
        return (found, unknown)
    }
}

extension PreparationFailure {
    var reply: AppReply {
        switch self {
        case .listen(let app, let words): AppReply(app: app, outcome: .cannotListen, message: words)
        case .save(let words): AppReply(app: nil, outcome: .notSaved, message: words)
        }
    }
}
