import KoomyModel

@testable import KoomyCore

/// What holds after every event of a simulation.
enum SimulationInvariants {
    static func violation(from before: Fleet, by event: Fleet.Event, in after: Simulation) -> String? {
        for name in after.fleet.apps.keys.sorted() {
            guard let app = after.fleet.apps[name] else { continue }
            if let old = before.apps[name], let words = lostService(old, before, event, app, after) {
                return "\(name): \(words)"
            }
        }
        // What a koomyd has not yet taken back is not as it should be.
        return after.isReturning ? nil : violation(in: after)
    }

    /// What holds at any time.
    static func violation(in after: Simulation) -> String? {
        for name in after.fleet.apps.keys.sorted() {
            guard let app = after.fleet.apps[name] else { continue }
            if let words = violation(of: app, in: after) { return "\(name): \(words)" }
        }
        for id in after.processes.keys where after.fleet.apps[id.app] == nil {
            return "\(id.app) is forgotten, and worker \(id.serial) of it is left"
        }
        if after.fleet.durable != after.disk, after.immediate.isEmpty { return "the disk has something else" }
        if after.exitStatus != nil, !after.processes.isEmpty { return "koomyd left its workers behind" }
        return unbounded(after)
    }

    private static func violation(of app: App, in world: Simulation) -> String? {
        let own = world.processes.filter { $0.key.app == app.name }
        let killed = own.filter(\.value.isKilled).map(\.key.serial)
        if let words = AppInvariants.lostProcess(app, processes: Set(own.map(\.key.serial)))
            ?? AppInvariants.untruth(app, hasProcesses: !own.isEmpty)
            ?? AppInvariants.stuck(app, Set(world.timers.keys), killed: Set(killed))
        {
            return words
        }
        for (serial, worker) in app.workers {
            guard let process = own[WorkerID(app: app.name, serial: serial)] else { continue }
            switch worker.state {
            case .leaving where !process.isAsked, .lingering where !process.isAsked:
                return "worker \(serial) was never asked to leave"
            case .clearing where !process.areDescendantsAsked: return "what worker \(serial) left was never asked"
            case .parting where process.isAsked: return "worker \(serial) was asked to leave before its time"
            case .spawning, .unwanted, .condemned, .starting, .ready, .parting, .leaving, .lingering, .killing,
                .clearing, .trailing, .purging, .gone:
                break
            }
        }
        for row in app.rows where row.condition == .ready {
            guard let serial = row.serial, let process = own[WorkerID(app: app.name, serial: serial)] else {
                return "a ready worker without a process"
            }
            if row.evidence == nil || !process.hasProof(at: world.now) { return "worker \(serial) is ready by hope" }
        }
        if app.reason == nil, app.condition != .ok, app.condition != .stopped {
            return "\(app.condition) for no reason"
        }
        return nil
    }

    // MARK: - P1

    /// By koomyd's own doing a ready worker leaves only after another has proved itself, or within what the policy
    /// lets be missing.
    private static func lostService(
        _ before: App,
        _ fleet: Fleet,
        _ event: Fleet.Event,
        _ after: App,
        _ world: Simulation
    ) -> String? {
        guard !mayTakeAway(event, fleet) else { return nil }
        for (serial, worker) in before.workers where worker.isReady && before.owner(of: serial) != nil {
            let id = worker.id
            guard let now = after.workers[serial], !now.isWanted, world.processes[id]?.state == .running else {
                continue
            }
            if event.faults(id) || worker.slot >= after.spec.instances { continue }
            guard after.isReady(worker.slot) else {
                if after.missing <= permitted(before, after) { continue }
                if after.slots[worker.slot].replacement?.cause == .recycle(.requested) { continue }
                return "slot \(worker.slot) lost its ready worker \(serial) for nothing"
            }
            guard let next = after.slots[worker.slot].occupant, let successor = after.workers[next],
                let process = world.processes[successor.id], let spec = after.specs[successor.generation]
            else { return "slot \(worker.slot) has no successor" }
            let proved = process.provedAt ?? process.startedAt + spec.restart.minUptime
            if world.now - proved < spec.rollout.healthyTime { return "worker \(next) took over before healthy_time" }
            if spec.health != nil, process.healthyAt == nil { return "worker \(next) took over with unknown health" }
        }
        return nil
    }

    /// Whether the event is a request, or leads to one, by which an operator gives service up.
    private static func mayTakeAway(_ event: Fleet.Event, _ before: Fleet) -> Bool {
        switch event {
        case .request(_, let request): return before.change == nil && request.takesAway
        case .prepared, .prepareFailed:
            if case .request(_, let request)? = before.change?.purpose, request.takesAway { return true }
            return before.backlog.contains { $0.request.takesAway }
        case .abandoned, .booted, .resumed, .listening, .cannotListen, .lostListeners, .worker, .sampled, .compared,
            .weighed,
            .ownsPort, .timerFired, .scheduleFired:
            return false
        }
    }

    private static func permitted(_ before: App, _ after: App) -> Int {
        let policies = after.specs.values.map(\.rollout) + before.specs.values.map(\.rollout)
        let yields = [before, after].contains { $0.rollout?.stopsFirst == true }
        return policies.map { policy in
            max(Rollout.allowance(policy, ownsPort: after.ownsPort).stopFirst, yields ? max(1, policy.unavailable) : 0)
        }.max() ?? 0
    }

    // MARK: - Bounds

    private static func unbounded(_ world: Simulation) -> String? {
        let fleet = world.fleet
        let owed = world.desk.outstanding.count + world.desk.abandoned.count
        if fleet.waiters.count > owed { return "\(fleet.waiters.count) waiters for \(owed) requests" }
        if fleet.backlog.count + fleet.unrecorded.count > owed { return "more is kept than was asked for" }
        if fleet.queuedReloads.count > fleet.apps.count { return "reloads of apps that are not there" }
        for app in fleet.apps.values {
            let most = (app.specs.values.map(\.instances).max() ?? 0)
            if app.isActive, app.slots.count > most { return "\(app.slots.count) slots of \(app.name)" }
            if app.recycles.count > app.slots.count { return "\(app.recycles.count) recycles of \(app.name)" }
            if app.specs.count > app.workers.count + app.slots.count + 2 { return "specifications pile up" }
            if !app.actions.isEmpty { return "actions are left over" }
        }
        return nil
    }
}

extension Request {
    fileprivate var takesAway: Bool {
        switch self {
        case .stop, .restart, .scale, .delete, .shutdown: true
        // The reload of one slot is an operator's wish for that slot, whatever else is missing.
        case .reload(let reloads): reloads.contains { $0.target.slot != nil }
        case .define, .start, .abort, .pause, .resume, .promote, .reset: false
        }
    }
}

extension Fleet.Event {
    /// Whether it says that something is wrong with this worker.
    fileprivate func faults(_ id: WorkerID) -> Bool {
        switch self {
        case .worker(id, .declaredHung), .timerFired(.worker(id, .watchdog)), .sampled(id, _): true
        case .worker, .timerFired, .sampled, .booted, .request, .abandoned, .prepared, .prepareFailed, .listening,
            .cannotListen, .lostListeners, .resumed, .compared, .weighed, .ownsPort, .scheduleFired:
            false
        }
    }
}
