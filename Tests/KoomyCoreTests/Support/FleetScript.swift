import KoomyModel

@testable import KoomyCore

/// A fleet, the time and a disk, for tests that read as scripts: an event and what is done about it a line.
struct FleetScript {
    /// What becomes of the next preparation.
    enum Disk { case works, refuses(PreparationFailure), waits }

    var fleet: Fleet
    var disk = Disk.works
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var timers: [TimerID: Instant] = [:]
    private(set) var notices: [Notice] = []
    private(set) var replies: [UInt64: Reply] = [:]
    private(set) var saved = DesiredState()
    private var waiting: [(Ticket, Preparation)] = []

    init(idling: Fleet.Idling = .stays) { fleet = Fleet(idling: idling) }

    mutating func on(_ event: Fleet.Event) -> [String] {
        let actions = fleet.handle(event, at: now)
        notices = []
        var answers: [Fleet.Event] = []
        for action in actions {
            switch action {
            case .arm(let timer, let instant): timers[timer] = instant
            case .disarm(let timer): timers[timer] = nil
            case .publish(let notice): notices.append(notice)
            case .reply(let id, let reply): replies[id.number] = reply
            case .prepare(let ticket, let preparation):
                switch disk {
                case .works: answers.append(write(ticket, preparation))
                case .refuses(let failure): answers.append(.prepareFailed(ticket, failure))
                case .waits: waiting.append((ticket, preparation))
                }
            case .spawn, .signal, .signalDescendants, .killTree, .forget, .ask, .sample, .compare, .weigh, .schedule,
                .openListeners,
                .closeListeners, .closeSlotListeners, .exit, .anomaly:
                break
            }
        }
        let deeds = Deeds.words(actions, since: now, naming: true)
        return deeds
            + answers.flatMap { answer in
                let noticed = notices
                defer { notices = noticed + notices }
                return on(answer)
            }
    }

    private mutating func write(_ ticket: Ticket, _ preparation: Preparation) -> Fleet.Event {
        saved = preparation.desired ?? saved
        return .prepared(ticket)
    }

    /// The preparation that waits succeeds.
    mutating func prepared() -> [String] {
        guard !waiting.isEmpty else { return ["nothing is prepared"] }
        let (ticket, preparation) = waiting.removeFirst()
        return on(write(ticket, preparation))
    }

    mutating func ask(_ number: UInt64, _ request: Request) -> [String] {
        on(.request(RequestID(number), request))
    }

    mutating func on(_ app: AppName, _ serial: UInt64, _ event: Worker.Event) -> [String] {
        on(.worker(WorkerID(app: app, serial: serial), event))
    }

    mutating func ready(_ app: AppName, _ serials: UInt64...) -> [String] {
        serials.flatMap { serial in
            let isNew = fleet.apps[app]?.workers[serial]?.state == .spawning
            return (isNew ? on(app, serial, .spawned) : []) + on(app, serial, .becameReady(.notify))
        }
    }

    /// Its process ends, and nothing of it is left.
    mutating func ends(_ app: AppName, _ serial: UInt64, _ reason: ExitReason = .exited(code: 0)) -> [String] {
        let isNew = fleet.apps[app]?.workers[serial]?.isOrdered == true
        let deeds = isNew ? on(app, serial, .spawned) : []
        let noticed = notices
        defer { notices = noticed + notices }
        return deeds + on(app, serial, .exited(reason)) + on(app, serial, .treeGone)
    }

    mutating func fires(_ timer: TimerID) -> [String] {
        guard let due = timers.removeValue(forKey: timer) else { return ["\(timer) is not armed"] }
        now = max(now, due)
        return on(.timerFired(timer))
    }

    mutating func settles(_ app: AppName, _ slot: Int) -> [String] { fires(.settle(app, slot: slot)) }

    /// What a request was answered with; nil while it is not.
    func outcome(_ number: UInt64) -> Outcome? { replies[number]?.outcome }

    func message(_ number: UInt64) -> String? { replies[number]?.apps.last?.message }

    /// A fleet whose apps serve, each with the serials from 1.
    static func serving(_ specs: AppSpec..., idling: Fleet.Idling = .stays) -> FleetScript {
        var script = FleetScript(idling: idling)
        _ = script.ask(1, .define(specs.map { Definition(spec: $0, file: "/f") }))
        for spec in specs {
            for serial in 1...UInt64(spec.instances) { _ = script.ready(spec.name, serial) }
        }
        return script
    }
}

extension Request {
    static func define(_ specs: AppSpec...) -> Request { .define(specs.map { Definition(spec: $0, file: "/f") }) }

    static func reload(_ app: AppName, _ spec: AppSpec? = nil) -> Request {
        let definition = spec.map { Definition(spec: $0, file: "/f") }
        return .reload([Reload(target: Target(app: app), definition: definition)])
    }
}

extension Target {
    static let all = Target(app: nil)

    static func app(_ name: AppName, _ slot: Int? = nil) -> Target { Target(app: name, slot: slot) }
}
