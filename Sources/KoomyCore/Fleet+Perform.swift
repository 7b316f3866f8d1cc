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
            wait(id, resolve(targets).found) { _ in .removed }
            each(targets, at: now) { _ in .stop(.stopped) }
        case .reset(let targets):
            wait(id, []) { _ in .gone }
            each(targets, at: now) { _ in .reset }
        case .abort(let targets): performAbort(id, resolve(targets).found, at: now)
        case .scale(let name, let scale):
            guard let app = apps[name], let count = Self.instances(of: app, scale) else { return }
            wait(id, [Target(app: name)]) { _ in app.isActive ? .scaled(count) : .gone }
            tell(name, .scale(count), at: now)
        case .reload(let reloads): performReload(id, reloads.flatMap(expand), at: now)
        case .shutdown: break
        }
    }

    private mutating func performDefinitions(_ id: RequestID, _ definitions: [Definition], at now: Instant) {
        var expectations: [Waiter.Wait] = []
        var effects: [(AppName, App.Event)] = []
        for definition in definitions {
            let (name, spec) = (definition.spec.name, definition.spec)
            guard let app = apps[name] else {
                apps[name] = App(spec, firstSerial: firstSerial)
                if spec.startsAutomatically {
                    expectations.append(.init(app: name, expectation: .ready))
                    effects.append((name, .start))
                }
                continue
            }
            if !app.isActive {
                if spec != app.spec { tell(name, .configure(spec, app.nextGeneration), at: now) }
                guard spec.startsAutomatically else { continue }
                expectations.append(.init(app: name, expectation: .ready))
                effects.append((name, .start))
            } else if spec == app.spec {
                expectations.append(.init(app: name, expectation: .ready))
                // An app that has been given up on is tried again; one that runs is left as it is.
                if app.condition == .errored || !app.stoppedSlots.isEmpty { effects.append((name, .start)) }
            } else {
                let generation = app.nextGeneration
                expectations.append(.init(app: name, expectation: .rollout(generation)))
                effects.append((name, .roll(spec, generation)))
            }
        }
        waiters.append(Waiter(request: id, apps: expectations))
        for (name, effect) in effects { tell(name, effect, at: now) }
    }

    private mutating func performStart(_ id: RequestID, _ targets: [Target], at now: Instant) {
        wait(id, targets) { $0.slot.map(Waiter.Expectation.slotReady) ?? .ready }
        for target in targets {
            guard let name = target.app, let app = apps[name] else { continue }
            if let slot = target.slot, app.isActive {
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
        var effects: [(AppName, App.Event)] = []
        for reload in reloads {
            guard let name = reload.target.app else { continue }
            guard let app = apps[name] else {
                guard let definition = reload.definition else { continue }
                apps[name] = App(definition.spec, firstSerial: firstSerial)
                guard definition.spec.startsAutomatically else { continue }
                waiter.apps.append(.init(app: name, expectation: .ready))
                effects.append((name, .start))
                continue
            }
            let spec = reload.definition?.spec ?? app.spec
            if let slot = reload.target.slot {
                guard let serial = app.slots.first(where: { $0.index == slot })?.occupant, app.rollout == nil else {
                    let words = app.rollout == nil ? "slot \(slot) has no worker to replace" : "a rollout is under way"
                    waiter.replies.append(AppReply(app: name, outcome: .refused, message: words))
                    continue
                }
                waiter.apps.append(.init(app: name, expectation: .recycled(serial)))
                effects.append((name, .recycleSlot(slot)))
            } else if !app.isActive {
                if spec != app.spec { effects.append((name, .configure(spec, app.nextGeneration))) }
                let words = "stopped; its configuration is taken at the next start"
                waiter.replies.append(AppReply(app: name, outcome: .done, message: words))
            } else if let rollout = app.rollout, rollout.kind == .reload, app.specs[rollout.to] == spec {
                // The same again: the code may have changed since the first workers of it started, so it follows.
                if let older = queuedReloads[name] { supersede(older, name) }
                queuedReloads[name] = QueuedReload(request: id, reload: reload)
                waiter.apps.append(.init(app: name, expectation: .queued))
            } else {
                if let older = queuedReloads.removeValue(forKey: name) { supersede(older, name) }
                let generation = app.nextGeneration
                waiter.apps.append(.init(app: name, expectation: .rollout(generation)))
                effects.append((name, .roll(spec, generation)))
            }
        }
        waiters.append(waiter)
        for (name, effect) in effects { tell(name, effect, at: now) }
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
        let specs = (queued.reload.definition?.spec ?? app.spec).listeners
        change = Change(ticket: ticket, purpose: .queuedReload(name, generation), desired: nil)
        let listeners = Preparation.Listeners(app: name, generation: generation, specs: specs)
        actions.append(.prepare(ticket, Preparation(listeners: [listeners], desired: nil)))
    }

    mutating func performQueuedReload(_ name: AppName, _ generation: Generation, at now: Instant) {
        guard let queued = queuedReloads.removeValue(forKey: name), let app = apps[name] else { return }
        for index in waiters.indices where waiters[index].request == queued.request {
            for wait in waiters[index].apps.indices where waiters[index].apps[wait].app == name {
                waiters[index].apps[wait].expectation = .rollout(generation)
            }
        }
        tell(name, .roll(queued.reload.definition?.spec ?? app.spec, generation), at: now)
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
