import KoomyModel

@testable import KoomyCore

/// The operators of a simulation: what they ask for, and what they are owed.
struct OperatorsDesk {
    private(set) var names: [AppName] = []
    private(set) var hopeless: Set<AppName> = []
    private(set) var portOwners: Set<AppName> = []
    private(set) var endsWithShutdown = false
    /// Requests without an answer.
    private(set) var outstanding: [RequestID: Request] = [:]
    /// Requests whose answer nobody waits for.
    var abandoned: Set<RequestID> = []
    /// The last request that concerned an app: only what no later one has changed can be held against a reply.
    private var latest: [AppName: RequestID] = [:]
    /// What was done for an app last, as its operator was told.
    private var acknowledged: [AppName: Request] = [:]
    private var versions: [Temper.Version] = []
    private var lastRequest: UInt64 = 0

    mutating func chooseNames(_ dice: inout Dice) {
        names = Array([AppName.named("a"), .named("b"), .named("c"), .named("d")].prefix(dice.roll(1...4)))
        hopeless = Set(names.filter { _ in dice.chance(10) })
        portOwners = Set(names.filter { _ in dice.chance(30) })
        endsWithShutdown = dice.chance(20)
    }

    func version(of spec: AppSpec) -> Temper.Version {
        guard let text = spec.environment["VERSION"], let number = Int(text), versions.indices.contains(number) else {
            return .good
        }
        return versions[number]
    }

    private mutating func randomSpec(_ name: AppName, _ dice: inout Dice) -> AppSpec {
        versions.append(
            dice.pick([
                .good, .good, .good, .good, .flaky, .flaky, .flaky, .flaky, .diesAtOnce, .diesSoon, .neverReady, .sick,
                .leaks,
            ])
        )
        return .random(name, version: versions.count - 1, &dice)
    }

    mutating func randomState(_ dice: inout Dice) -> DesiredState {
        var state = DesiredState()
        for name in names where dice.chance(80) {
            let goal: DesiredApp.Goal = dice.chance(70) ? .running : .stopped
            let generation = Generation(UInt64(dice.roll(1...5)))
            var app = DesiredApp(spec: randomSpec(name, &dice), file: nil, goal: goal, generation: generation)
            if dice.chance(20) { app.stoppedSlots = [0] }
            state[name] = app
        }
        return state
    }

    // MARK: - Requests

    mutating func note(_ request: Request, _ fleet: Fleet) -> RequestID {
        lastRequest += 1
        let id = RequestID(lastRequest)
        outstanding[id] = request
        // All of them: an app may have been defined by a name that is picked seldom.
        for name in request.names ?? names + [.named("nobody")] {
            latest[name] = id
            acknowledged[name] = nil
        }
        return id
    }

    mutating func randomRequest(_ fleet: Fleet, _ dice: inout Dice) -> Request {
        switch dice.roll(1...100) {
        case 1...22:
            let chosen = names.filter { _ in dice.chance(40) }
            return .define(chosen.map { definition($0, fleet, &dice) })
        case 23...48:
            if dice.chance(20) { return .reload([Reload(target: Target(app: nil))]) }
            return .reload(
                targets(&dice).map { target in
                    let isPlain = target.app == nil || target.slot != nil || dice.chance(40)
                    let definition: Definition? = isPlain ? nil : target.app.map { self.definition($0, fleet, &dice) }
                    var plan = Rollout.Plan(hasCanary: dice.chance(70))
                    if let spec = definition?.spec, dice.chance(40) {
                        plan.rehearsal = Rehearsal(spec: spec, questions: dice.roll(0...2))
                    }
                    return Reload(target: target, definition: definition, plan: plan)
                }
            )
        case 49...58: return .start(targets(&dice))
        case 59...66: return .stop(targets(&dice))
        case 67...74: return .restart(targets(&dice))
        case 75: return .pause(targets(&dice))
        case 76: return .resume(targets(&dice))
        case 77: return .promote(targets(&dice))
        case 78...79: return .abort(targets(&dice))
        case 80...88:
            return .scale(dice.pick(names), dice.chance(50) ? .to(dice.roll(0...5)) : .by(dice.roll(-2...2)))
        case 89...93: return .reset(targets(&dice))
        case 94...98: return .delete(targets(&dice))
        default: return .start([Target(app: nil)])
        }
    }

    private func targets(_ dice: inout Dice) -> [Target] {
        if dice.chance(10) { return [Target(app: nil)] }
        return (0..<dice.roll(1...2)).map { _ in
            let name = dice.chance(3) ? .named("nobody") : dice.pick(names)
            return Target(app: name, slot: dice.chance(30) ? dice.roll(0...3) : nil)
        }
    }

    private mutating func definition(_ name: AppName, _ fleet: Fleet, _ dice: inout Dice) -> Definition {
        if dice.chance(30), let app = fleet.apps[name] { return Definition(spec: app.heading, file: "/f") }
        if dice.chance(10), let app = fleet.apps[name] { return Definition(spec: app.spec, file: "/f") }
        return Definition(spec: randomSpec(name, &dice), file: "/f")
    }

    // MARK: - Replies

    /// Takes a reply; says what is wrong with it.
    mutating func take(_ reply: Reply, to id: RequestID, disk: DesiredState) -> String? {
        guard let request = outstanding.removeValue(forKey: id) else {
            return abandoned.contains(id) ? nil : "request \(id.number) is answered twice"
        }
        for answer in reply.apps {
            guard let name = answer.app, latest[name] == id,
                reply.apps.allSatisfy({ $0.app != name || $0.outcome.isSuccess })
            else { continue }
            if let words = contradiction(request, name, disk[name]) {
                return "request \(id.number) is done for \(name), but \(words): \(request)"
            }
            if answer.outcome.isSuccess { acknowledged[name] = request }
        }
        return nil
    }

    func isOpen(_ id: RequestID) -> Bool { outstanding[id] != nil }

    /// Nobody owes these an answer.
    mutating func dismiss(_ requests: [RequestID]) { for id in requests { outstanding[id] = nil } }

    /// What is no longer as it was acknowledged.
    func broken(_ disk: DesiredState) -> String? {
        for (name, request) in acknowledged.sorted(by: { $0.key < $1.key }) {
            if let words = contradiction(request, name, disk[name]) { return "\(name): \(words) after \(request)" }
        }
        return nil
    }

    /// P4: what was asked for and acknowledged is on disk.
    private func contradiction(_ request: Request, _ name: AppName, _ kept: DesiredApp?) -> String? {
        switch request {
        case .define(let definitions):
            guard let definition = definitions.last(where: { $0.spec.name == name }) else { return nil }
            guard let kept else { return "it is not on disk" }
            if !kept.matches(definition.spec) { return "another specification is on disk" }
            if definition.spec.startsAutomatically, kept.goal != .running { return "it is stopped on disk" }
        case .reload(let reloads):
            guard let reload = reloads.first(where: { $0.target.app == name }), reload.target.slot == nil,
                let definition = reload.definition
            else { return nil }
            if kept?.matches(definition.spec) != true { return "another specification is on disk" }
        case .start(let targets):
            if kept?.goal != .running { return "it does not run on disk" }
            let slots = targets.filter { $0.app == name || $0.app == nil }
            if slots.contains(where: { $0.slot == nil }), kept?.stoppedSlots != [] {
                return "slots are stopped on disk"
            }
        case .stop(let targets):
            let slots = targets.filter { $0.app == name || $0.app == nil }
            if slots.contains(where: { $0.slot == nil }), kept?.goal != .stopped { return "it runs on disk" }
            for slot in slots.compactMap(\.slot) where kept?.stoppedSlots.contains(slot) != true {
                return "slot \(slot) runs on disk"
            }
        case .scale(_, .to(let count)): if kept?.spec.instances != count { return "another count is on disk" }
        case .delete: if kept != nil { return "it is still on disk" }
        case .scale(_, .by), .restart, .abort, .pause, .resume, .promote, .reset, .shutdown: return nil
        }
        return nil
    }
}

extension Request {
    /// The apps that it concerns; nil for all.
    var names: [AppName]? {
        switch self {
        case .define(let definitions): definitions.map(\.spec.name)
        case .start(let targets), .stop(let targets), .restart(let targets), .abort(let targets), .reset(let targets),
            .delete(let targets), .pause(let targets), .resume(let targets), .promote(let targets):
            targets.contains { $0.app == nil } ? nil : targets.compactMap(\.app)
        case .reload(let reloads):
            reloads.contains { $0.target.app == nil } ? nil : reloads.compactMap(\.target.app)
        case .scale(let name, _): [name]
        case .shutdown: nil
        }
    }
}

extension DesiredApp {
    /// Whether it is what a file says, but for a number of instances that an operator has set since.
    fileprivate func matches(_ file: AppSpec) -> Bool {
        var expected = file
        if fileInstances == file.instances { expected.instances = spec.instances }
        return spec == expected
    }
}

extension AppSpec {
    /// Whether it is the same but for the number of instances, which an operator may have changed.
    fileprivate func isSame(as other: AppSpec) -> Bool {
        var scaled = other
        scaled.instances = instances
        return self == scaled
    }
}
