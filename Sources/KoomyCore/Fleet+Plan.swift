import KoomyModel

/// What a request would change, worked out without changing anything.
extension Fleet {
    enum Plan {
        case refuse([AppReply])
        /// Nothing durable changes.
        case act
        case prepare(Preparation)
    }

    func plan(_ request: Request) -> Plan {
        switch request {
        case .define(let definitions): planDefinitions(definitions)
        case .start(let targets): planStart(targets)
        case .stop(let targets): change(targets) { app, slot in Self.stop(&app, slot) }
        case .delete(let targets): planDelete(targets)
        case .restart(let targets), .reset(let targets), .abort(let targets), .pause(let targets), .resume(let targets),
            .promote(let targets):
            planTransient(targets)
        case .reload(let reloads): planReload(reloads)
        case .scale(let name, let scale): planScale(name, scale)
        case .shutdown: .act
        }
    }

    private func planDefinitions(_ definitions: [Definition]) -> Plan {
        var preparation = Preparation(listeners: [], desired: desired)
        for definition in definitions { plan(definition, &preparation) }
        return .prepare(preparation)
    }

    private func plan(_ definition: Definition, _ preparation: inout Preparation) {
        let (name, spec) = (definition.spec.name, definition.spec)
        if let app = apps[name], app.isActive {
            // What runs is changed by a rollout, and what is wanted when that has succeeded.
            if spec != app.heading {
                preparation.listeners.append(.init(app: name, generation: app.nextGeneration, specs: spec.listeners))
            } else if app.rollout == nil, app.needsListeners {
                preparation.listeners.append(.init(app: name, generation: app.current, specs: app.spec.listeners))
            }
            preparation.desired?[name]?.file = definition.file
            preparation.desired?[name]?.stoppedSlots = []
            return
        }
        let generation = apps[name].map { $0.spec == spec ? $0.current : $0.nextGeneration } ?? Generation(1)
        let goal: DesiredApp.Goal = spec.startsAutomatically ? .running : .stopped
        var wanted = DesiredApp(spec: spec, file: definition.file, goal: goal, generation: generation)
        // What was scaled while the app was stopped stays scaled; `forgetScale` lets go of it where the file differs.
        wanted.fileInstances = preparation.desired?[name]?.fileInstances
        if var before = preparation.desired?[name] {
            before.advance(to: spec, generation)
            wanted.past = before.past
        }
        preparation.desired?[name] = wanted
        if goal == .running {
            preparation.listeners.append(.init(app: name, generation: generation, specs: spec.listeners))
        }
    }

    private func planStart(_ targets: [Target]) -> Plan {
        let plan = change(targets) { app, slot in
            // The start of one slot of a stopped app starts the app.
            if let slot, app.goal == .running {
                app.stoppedSlots.removeAll { $0 == slot }
            } else {
                app.stoppedSlots = []
            }
            app.goal = .running
        }
        guard case .prepare(var preparation) = plan else { return plan }
        for target in resolve(targets).found {
            guard let name = target.app, let app = apps[name], app.needsListeners else { continue }
            preparation.listeners.append(.init(app: name, generation: app.current, specs: app.spec.listeners))
        }
        return .prepare(preparation)
    }

    private func planDelete(_ targets: [Target]) -> Plan {
        let (found, unknown) = resolve(targets)
        guard unknown.isEmpty else { return .refuse(unknown) }
        if let slotted = found.first(where: { $0.slot != nil }), let name = slotted.app {
            let message = "a slot cannot be deleted; koomyctl scale \(name) -1 takes the last one away"
            return .refuse([AppReply(app: name, outcome: .refused, message: message)])
        }
        var desired = desired
        for target in found { if let name = target.app { desired[name] = nil } }
        return .prepare(Preparation(listeners: [], desired: desired))
    }

    private func planTransient(_ targets: [Target]) -> Plan {
        let (_, unknown) = resolve(targets)
        return unknown.isEmpty ? .act : .refuse(unknown)
    }

    private func planReload(_ reloads: [Reload]) -> Plan {
        let named = reloads.filter { $0.definition == nil || $0.target.slot != nil }
        let (_, unknown) = resolve(named.map(\.target))
        guard unknown.isEmpty else { return .refuse(unknown) }
        var preparation = Preparation(listeners: [], desired: desired)
        for reload in expand(reloads) where reload.target.slot == nil {
            guard let name = reload.target.app else { continue }
            guard let app = known(name) else {
                if let definition = reload.definition { plan(definition, &preparation) }
                continue
            }
            let spec = reload.definition?.spec ?? app.heading
            if let file = reload.definition?.file { preparation.desired?[name]?.file = file }
            if !app.isActive, spec != app.spec {
                preparation.desired?[name]?.advance(to: spec, app.nextGeneration)
            } else if app.isActive, !app.isRolling(to: spec) {
                preparation.listeners += Self.listeners(of: reload, spec, app)
            }
        }
        if preparation.desired == desired { preparation.desired = nil }
        return .prepare(preparation)
    }

    /// What a rollout needs to be open; a rehearsal has listeners of its own, under the generation after the new one.
    static func listeners(of reload: Reload, _ spec: AppSpec, _ app: App) -> [Preparation.Listeners] {
        let next = app.nextGeneration
        let rehearsal = reload.plan.rehearsal.map { rehearsal in
            let generation = Generation(next.number &+ 1)
            return Preparation.Listeners(app: app.name, generation: generation, specs: rehearsal.spec.listeners)
        }
        return [Preparation.Listeners(app: app.name, generation: next, specs: spec.listeners)]
            + [rehearsal].compactMap { $0 }
    }

    private func planScale(_ name: AppName, _ scale: Scale) -> Plan {
        guard let app = known(name) else { return .refuse(resolve([Target(app: name)]).unknown) }
        guard let count = Self.instances(of: app, scale) else {
            let message = "\(name) has \(app.spec.instances) instances; 1 to \(Self.mostInstances) are possible"
            return .refuse([AppReply(app: name, outcome: .refused, message: message)])
        }
        if app.candidate != nil {
            let message = "a release is being rehearsed; koomyctl scale \(name) can be asked again when that is over"
            return .refuse([AppReply(app: name, outcome: .refused, message: message)])
        }
        var desired = desired
        guard var entry = desired[name] else { return .act }
        entry.fileInstances = entry.fileInstances ?? entry.spec.instances
        if entry.fileInstances == count { entry.fileInstances = nil }
        entry.spec.instances = count
        entry.stoppedSlots.removeAll { $0 >= count }
        desired[name] = entry
        return .prepare(Preparation(listeners: [], desired: desired))
    }

    /// A bound that keeps a slip of the finger from taking the host down.
    static let mostInstances = 10_000

    static func instances(of app: App, _ scale: Scale) -> Int? {
        let count: Int
        switch scale {
        case .to(let number): count = number
        case .by(let difference):
            let (sum, overflow) = app.spec.instances.addingReportingOverflow(difference)
            guard !overflow else { return nil }
            count = sum
        }
        return (1...mostInstances).contains(count) ? count : nil
    }

    /// One reload for each app or slot that targets mean, whatever the number of targets that mean it.
    func expand(_ reloads: [Reload]) -> [Reload] {
        var seen: Set<Target> = []
        return reloads.flatMap { reload in
            guard reload.target.app == nil else { return [reload] }
            return apps.keys.sorted().filter { known($0) != nil }.map { Reload(target: Target(app: $0)) }
        }.filter { seen.insert($0.target).inserted }
    }

    private static func stop(_ app: inout DesiredApp, _ slot: Int?) {
        guard let slot else {
            app.goal = .stopped
            return
        }
        if !app.stoppedSlots.contains(slot) { app.stoppedSlots = (app.stoppedSlots + [slot]).sorted() }
    }

    private func change(_ targets: [Target], _ edit: (inout DesiredApp, Int?) -> Void) -> Plan {
        let (found, unknown) = resolve(targets)
        guard unknown.isEmpty else { return .refuse(unknown) }
        var desired = desired
        for target in found {
            guard let name = target.app, var app = desired[name] else { continue }
            edit(&app, target.slot)
            desired[name] = app
        }
        return .prepare(Preparation(listeners: [], desired: desired == self.desired ? nil : desired))
    }
}
