import KoomyModel

/// The effect of a request whose preparation has succeeded.
extension Fleet {
    mutating func perform(_ id: RequestID, _ request: Request, at now: Instant) {
        switch request {
        case .define(let definitions): performDefinitions(id, definitions, at: now)
        case .start(let targets): performStart(id, resolve(targets).found, at: now)
        case .stop(let targets):
            wait(id, resolve(targets).found) { $0.slot.map(Waiter.Expectation.slotGone) ?? .gone }
            each(targets, at: now) { $0.map(App.Event.stopSlot) ?? .stop(.stopped) }
        case .restart(let targets): performRestart(id, resolve(targets).found, at: now)
        case .delete(let targets):
            let found = resolve(targets).found
            wait(id, found) { _ in .removed }
            each(targets, at: now) { _ in .stop(.stopped) }
            removals.formUnion(found.compactMap(\.app))
        case .reset(let targets):
            wait(id, []) { _ in .gone }
            each(targets, at: now) { _ in .reset }
        case .abort(let targets): performAbort(id, resolve(targets).found, at: now)
        case .pause(let targets): steer(id, targets, .pauseRollout, "is paused", at: now) { !$0.isPaused }
        case .resume(let targets): steer(id, targets, .resumeRollout, "goes on", at: now) { $0.isPaused }
        case .promote(let targets): steer(id, targets, .promote, "is promoted", at: now) { $0.isWatched }
        case .scale(let name, let scale): performScale(id, name, scale, at: now)
        case .reload(let reloads): performReload(id, expand(reloads), at: now)
        case .shutdown: break
        }
    }

    private mutating func performDefinitions(_ id: RequestID, _ definitions: [Definition], at now: Instant) {
        var waiter = Waiter(request: id, apps: [])
        var effects: [Effect] = []
        for definition in definitions { place(definition, &waiter, &effects, at: now) }
        waiters.append(waiter)
        for effect in effects { tell(effect.app, effect.event, at: now) }
    }

    struct Effect {
        var app: AppName
        var event: App.Event
    }

    /// Works out what a definition means for its app as it is; one that is known nowhere comes to be.
    private mutating func place(
        _ definition: Definition,
        _ waiter: inout Waiter,
        _ effects: inout [Effect],
        at now: Instant
    ) {
        let (name, spec) = (definition.spec.name, definition.spec)
        keep(name)
        guard let app = apps[name] else {
            // Its listeners were opened under the generation that was planned.
            let generation = desired[name]?.generation ?? Generation(1)
            apps[name] = App(spec, generation: generation, firstSerial: firstSerial)
            actions.append(.publish(Notice(app: name, .added)))
            guard spec.startsAutomatically else { return }
            waiter.apps.append(.init(app: name, expectation: .ready))
            effects.append(Effect(app: name, event: .start))
            return
        }
        guard app.isActive else {
            if spec != app.spec { tell(name, .configure(spec, app.nextGeneration), at: now) }
            guard spec.startsAutomatically else { return }
            waiter.apps.append(.init(app: name, expectation: .ready))
            effects.append(Effect(app: name, event: .start))
            return
        }
        effects += app.stoppedSlots.sorted().map { Effect(app: name, event: .startSlot($0)) }
        if spec != app.heading {
            if let older = queuedReloads.removeValue(forKey: name) { supersede(older, name) }
            let generation = app.nextGeneration
            waiter.apps.append(.init(app: name, expectation: .rollout(generation)))
            effects.append(Effect(app: name, event: .roll(spec, generation)))
        } else if let rollout = app.rollout, rollout.kind == .reload {
            // It is on its way already.
            waiter.apps.append(.init(app: name, expectation: .rollout(rollout.to)))
        } else {
            waiter.apps.append(.init(app: name, expectation: .ready))
            // An app that has been given up on is tried again; one that runs is left as it is.
            if app.condition == .errored { effects.append(Effect(app: name, event: .start)) }
        }
    }

    /// Takes back that an app is to be deleted.
    private mutating func keep(_ name: AppName) {
        guard removals.remove(name) != nil else { return }
        for index in waiters.indices {
            let before = waiters[index].apps.count
            waiters[index].apps.removeAll { $0.app == name && $0.expectation == .removed }
            guard waiters[index].apps.count < before else { continue }
            let reply = AppReply(app: name, outcome: .rollout(.superseded), message: "the app was defined again")
            waiters[index].replies.append(reply)
        }
    }

    private mutating func performScale(_ id: RequestID, _ name: AppName, _ scale: Scale, at now: Instant) {
        guard let app = apps[name], let count = Self.instances(of: app, scale) else { return }
        var waiter = Waiter(request: id, apps: [])
        if app.isActive {
            waiter.apps.append(.init(app: name, expectation: .scaled(count)))
        } else {
            waiter.replies.append(AppReply(app: name, outcome: .done, message: "stopped; it counts at the next start"))
        }
        waiters.append(waiter)
        tell(name, .scale(count), at: now)
    }

    private mutating func performStart(_ id: RequestID, _ targets: [Target], at now: Instant) {
        wait(id, targets) { $0.slot.map(Waiter.Expectation.slotReady) ?? .ready }
        for target in targets {
            guard let name = target.app, let app = apps[name] else { continue }
            if let slot = target.slot, app.isActive {
                // Where they were not open, the preparation has opened them.
                if app.needsListeners { tell(name, .listening(app.current), at: now) }
                tell(name, .startSlot(slot), at: now)
            } else {
                tell(name, .start, at: now)
            }
        }
    }

    private mutating func performRestart(_ id: RequestID, _ targets: [Target], at now: Instant) {
        var waits: [Waiter.Wait] = []
        var replies: [AppReply] = []
        var effects: [(AppName, App.Event)] = []
        for target in targets {
            guard let name = target.app, let app = apps[name] else { continue }
            guard app.isActive else {
                replies.append(AppReply(app: name, outcome: .refused, message: "stopped; use koomyctl start \(name)"))
                continue
            }
            guard let slot = target.slot else {
                waits.append(.init(app: name, expectation: .restarted(after: app.nextSerial)))
                effects.append((name, .restart))
                continue
            }
            guard !app.stoppedSlots.contains(slot) else {
                let message = "slot \(slot) is stopped; use koomyctl start \(name):\(slot)"
                replies.append(AppReply(app: name, outcome: .refused, message: message))
                continue
            }
            guard app.rollout == nil else {
                replies.append(AppReply(app: name, outcome: .refused, message: "a rollout is under way"))
                continue
            }
            waits.append(.init(app: name, expectation: .slotReady(slot)))
            effects.append((name, .restartSlot(slot)))
        }
        waiters.append(Waiter(request: id, apps: waits, replies: replies))
        for (name, effect) in effects { tell(name, effect, at: now) }
    }

    private mutating func performAbort(_ id: RequestID, _ targets: [Target], at now: Instant) {
        var waits: [Waiter.Wait] = []
        var replies: [AppReply] = []
        for target in targets {
            guard let name = target.app, let app = apps[name] else { continue }
            if let queued = queuedReloads.removeValue(forKey: name) {
                let reply = AppReply(app: name, outcome: .rollout(.aborted), message: "the queue was cleared")
                resolveWaiter(queued.request, name, reply)
            }
            guard app.rollout != nil else {
                replies.append(AppReply(app: name, outcome: .done, message: "no rollout is under way"))
                continue
            }
            waits.append(.init(app: name, expectation: .noRollout))
        }
        waiters.append(Waiter(request: id, apps: waits, replies: replies))
        for wait in waits { tell(wait.app, .abortRollout, at: now) }
    }

    private mutating func performReload(_ id: RequestID, _ reloads: [Reload], at now: Instant) {
        var waiter = Waiter(request: id, apps: [])
        var effects: [Effect] = []
        for reload in reloads {
            guard let name = reload.target.app else { continue }
            guard let app = known(name) else {
                if let definition = reload.definition { place(definition, &waiter, &effects, at: now) }
                continue
            }
            if let slot = reload.target.slot {
                guard let serial = app.slots.first(where: { $0.index == slot })?.occupant, app.rollout == nil else {
                    let words = app.rollout == nil ? "slot \(slot) has no worker to replace" : "a rollout is under way"
                    waiter.replies.append(AppReply(app: name, outcome: .refused, message: words))
                    continue
                }
                waiter.apps.append(.init(app: name, expectation: .recycled(serial, slot: slot)))
                effects.append(Effect(app: name, event: .recycleSlot(slot)))
                continue
            }
            let spec = reload.definition?.spec ?? app.heading
            if !app.isActive {
                if spec != app.spec { effects.append(Effect(app: name, event: .configure(spec, app.nextGeneration))) }
                let words = "stopped; its configuration is taken at the next start"
                waiter.replies.append(AppReply(app: name, outcome: .done, message: words))
                continue
            }
            if let older = queuedReloads.removeValue(forKey: name) { supersede(older, name) }
            if app.isRolling(to: spec) {
                // The same again: the code may have changed since the first workers of it started, so it follows.
                queuedReloads[name] = QueuedReload(request: id, reload: reload)
                waiter.apps.append(.init(app: name, expectation: .queued))
            } else {
                let generation = app.nextGeneration
                waiter.apps.append(.init(app: name, expectation: .rollout(generation)))
                effects.append(Effect(app: name, event: .roll(spec, generation, reload.plan)))
            }
        }
        waiters.append(waiter)
        for effect in effects { tell(effect.app, effect.event, at: now) }
    }

    /// Tells rollouts that are under way something, where it means anything to them.
    private mutating func steer(
        _ id: RequestID,
        _ targets: [Target],
        _ event: App.Event,
        _ words: String,
        at now: Instant,
        where applies: (Rollout) -> Bool
    ) {
        var replies: [AppReply] = []
        var names: [AppName] = []
        for name in resolve(targets).found.compactMap(\.app) {
            guard let rollout = apps[name]?.rollout, rollout.kind == .reload else {
                replies.append(AppReply(app: name, outcome: .refused, message: "no rollout is under way"))
                continue
            }
            guard applies(rollout) else {
                replies.append(AppReply(app: name, outcome: .refused, message: "the rollout is not at that point"))
                continue
            }
            replies.append(AppReply(app: name, outcome: .done, message: "the rollout \(words)"))
            names.append(name)
        }
        for name in names { tell(name, event, at: now) }
        answer(id, replies)
    }

    private mutating func supersede(_ older: QueuedReload, _ name: AppName) {
        let reply = AppReply(app: name, outcome: .rollout(.superseded), message: "a later reload took its place")
        resolveWaiter(older.request, name, reply)
    }

    /// Prepares a reload that waited for the one before it.
    mutating func beginQueuedReload(_ name: AppName, at now: Instant) {
        guard let queued = queuedReloads[name], change == nil else { return }
        guard let app = apps[name], app.isActive else {
            queuedReloads[name] = nil
            let reply = AppReply(app: name, outcome: .rollout(.aborted), message: "the app was stopped")
            resolveWaiter(queued.request, name, reply)
            return
        }
        lastTicket += 1
        let ticket = Ticket(number: lastTicket)
        let generation = app.nextGeneration
        let listeners = Self.listeners(of: queued.reload, queued.reload.definition?.spec ?? app.heading, app)
        let preparation = Preparation(listeners: listeners, desired: nil)
        change = Change(ticket: ticket, purpose: .queuedReload(name, generation), preparation: preparation)
        actions.append(.prepare(ticket, preparation))
    }

    mutating func performQueuedReload(_ name: AppName, _ generation: Generation, at now: Instant) {
        guard let queued = queuedReloads.removeValue(forKey: name), let app = apps[name] else { return }
        for index in waiters.indices where waiters[index].request == queued.request {
            for wait in waiters[index].apps.indices where waiters[index].apps[wait].app == name {
                waiters[index].apps[wait].expectation = .rollout(generation)
            }
        }
        tell(name, .roll(queued.reload.definition?.spec ?? app.heading, generation, queued.reload.plan), at: now)
    }

    private mutating func each(_ targets: [Target], at now: Instant, _ event: (Int?) -> App.Event) {
        for target in resolve(targets).found {
            if let name = target.app { tell(name, event(target.slot), at: now) }
        }
    }

    private mutating func wait(_ id: RequestID, _ targets: [Target], _ expect: (Target) -> Waiter.Expectation) {
        let waits = targets.compactMap { target in
            target.app.map { Waiter.Wait(app: $0, expectation: expect(target)) }
        }
        waiters.append(Waiter(request: id, apps: waits))
    }
}
