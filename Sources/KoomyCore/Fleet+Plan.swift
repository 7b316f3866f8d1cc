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
        case .restart(let targets), .reset(let targets), .abort(let targets): planTransient(targets)
        case .reload(let reloads): planReload(reloads)
        case .scale(let name, let scale): planScale(name, scale)
        case .shutdown: .act
        }
    }

    private func planDefinitions(_ definitions: [Definition]) -> Plan {
        var desired = desired
        var listeners: [Preparation.Listeners] = []
        for definition in definitions {
            let name = definition.spec.name
            if let app = apps[name], app.isActive {
                // What runs is changed by a rollout, which opens what it needs; see `perform`.
                if definition.spec != app.spec {
                    listeners.append(.init(app: name, generation: app.nextGeneration, specs: definition.spec.listeners))
                } else if app.needsListeners {
                    listeners.append(.init(app: name, generation: app.current, specs: app.spec.listeners))
                }
                desired[name]?.goal = .running
                desired[name]?.file = definition.file
                desired[name]?.stoppedSlots = []
                continue
            }
            let generation =
                apps[name].map { $0.spec == definition.spec ? $0.current : $0.nextGeneration } ?? Generation(1)
            let goal: DesiredApp.Goal = definition.spec.startsAutomatically ? .running : .stopped
            desired[name] = DesiredApp(spec: definition.spec, file: definition.file, goal: goal, generation: generation)
            if goal == .running {
                listeners.append(.init(app: name, generation: generation, specs: definition.spec.listeners))
            }
        }
        return .prepare(Preparation(listeners: listeners, desired: desired))
    }

    private func planStart(_ targets: [Target]) -> Plan {
        let plan = change(targets) { app, slot in
            app.goal = .running
            if let slot { app.stoppedSlots.removeAll { $0 == slot } } else { app.stoppedSlots = [] }
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
        let known = reloads.filter { $0.definition == nil || $0.target.slot != nil }
        let (_, unknown) = resolve(known.map(\.target))
        guard unknown.isEmpty else { return .refuse(unknown) }
        var listeners: [Preparation.Listeners] = []
        var desired = desired
        for reload in reloads.flatMap(expand) {
            guard let name = reload.target.app, reload.target.slot == nil else { continue }
            guard let app = apps[name] else {
                guard let definition = reload.definition else { continue }
                let goal: DesiredApp.Goal = definition.spec.startsAutomatically ? .running : .stopped
                desired[name] = DesiredApp(
                    spec: definition.spec,
                    file: definition.file,
                    goal: goal,
                    generation: Generation(1)
                )
                listeners.append(.init(app: name, generation: Generation(1), specs: definition.spec.listeners))
                continue
            }
            let spec = reload.definition?.spec ?? app.spec
            if let file = reload.definition?.file { desired[name]?.file = file }
            if app.isActive {
                listeners.append(.init(app: name, generation: app.nextGeneration, specs: spec.listeners))
            } else if spec != app.spec {
                desired[name]?.spec = spec
                desired[name]?.generation = app.nextGeneration
            }
        }
        return .prepare(Preparation(listeners: listeners, desired: desired == self.desired ? nil : desired))
    }

    private func planScale(_ name: AppName, _ scale: Scale) -> Plan {
        guard let app = apps[name] else { return .refuse(resolve([Target(app: name)]).unknown) }
        guard let count = Self.instances(of: app, scale) else {
            let message = "\(name) has \(app.spec.instances) instances; 1 to \(Self.mostInstances) are possible"
            return .refuse([AppReply(app: name, outcome: .refused, message: message)])
        }
        var desired = desired
        guard var entry = desired[name] else { return .act }
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

    /// One reload for each app that a target means.
    func expand(_ reload: Reload) -> [Reload] {
        guard reload.target.app == nil else { return [reload] }
        return apps.keys.sorted().map { Reload(target: Target(app: $0)) }
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
