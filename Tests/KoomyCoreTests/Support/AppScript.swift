import KoomyModel
import Testing

@testable import KoomyCore

/// An app and the time, for tests that read as scripts: an event and what is done about it a line.
struct AppScript {
    var app: App
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var timers: [TimerID: Instant] = [:]
    /// What the last event let people know.
    private(set) var notices: [Notice.Kind] = []

    init(_ spec: AppSpec = .plain()) { app = App(spec) }

    mutating func on(_ event: App.Event) -> [String] {
        let actions = app.handle(event, at: now)
        notices = []
        for action in actions {
            switch action {
            case .arm(let timer, let instant): timers[timer] = instant
            case .disarm(let timer): timers[timer] = nil
            case .publish(let notice): notices.append(notice.kind)
            case .spawn, .signal, .signalDescendants, .killTree, .forget, .ask, .sample, .compare, .weigh, .schedule,
                .openListeners,
                .closeListeners, .closeSlotListeners, .prepare, .reply, .exit, .anomaly:
                break
            }
        }
        return Deeds.words(actions, since: now)
    }

    mutating func on(_ serial: UInt64, _ event: Worker.Event) -> [String] { on(.worker(serial, event)) }

    // MARK: - What workers do

    mutating func starts(_ serials: UInt64...) { for serial in serials { _ = on(serial, .spawned) } }

    mutating func ready(_ serials: UInt64...) -> [String] {
        serials.flatMap { serial in
            if app.workers[serial]?.state == .spawning { starts(serial) }
            return on(serial, .becameReady(.notify))
        }
    }

    /// Its process ends, and nothing of it is left.
    mutating func ends(_ serial: UInt64, _ reason: ExitReason = .exited(code: 1)) -> [String] {
        if app.workers[serial]?.isOrdered == true { starts(serial) }
        let deeds = on(serial, .exited(reason))
        let noticed = notices
        defer { notices = noticed + notices }
        return deeds + on(serial, .treeGone)
    }

    /// It has been ready for so long that its run counts as stable.
    mutating func matures(_ serials: UInt64...) {
        for serial in serials { _ = fires(.worker(WorkerID(app: app.name, serial: serial), .maturity)) }
    }

    // MARK: - Time

    mutating func passes(_ span: TimeSpan) { now = now + span }

    /// Waits for a timer, which has to be armed.
    mutating func fires(_ timer: TimerID) -> [String] {
        guard let due = timers.removeValue(forKey: timer) else { return ["\(timer) is not armed"] }
        now = max(now, due)
        return on(.timerFired(timer))
    }

    mutating func settles(_ slot: Int) -> [String] { fires(.settle(app.name, slot: slot)) }

    mutating func restarts(_ slot: Int) -> [String] { fires(.restart(app.name, slot: slot)) }

    mutating func fires(_ serial: UInt64, _ timer: Worker.Timer) -> [String] {
        fires(.worker(WorkerID(app: app.name, serial: serial), timer))
    }

    // MARK: - Looks

    var ready: [UInt64] { app.workers.values.filter(\.isReady).map(\.id.serial).sorted() }

    var occupants: [UInt64?] { app.slots.map(\.occupant) }

    var seats: [Slot.Seat] { app.slots.map(\.seat) }

    var outcome: RolloutOutcome? {
        for case .rolloutEnded(_, let outcome, _) in notices { return outcome }
        return nil
    }

    /// An app whose workers serve and count as stable.
    static func serving(_ spec: AppSpec = .plain()) -> AppScript {
        var script = AppScript(spec)
        _ = script.on(.start)
        for serial in 1...UInt64(spec.instances) {
            _ = script.ready(serial)
            script.matures(serial)
        }
        return script
    }
}

extension AppSpec {
    /// An app that says when it is ready, restarts at once and then after 100 ms, 200 ms and so on.
    static func plain(
        _ instances: Int = 1,
        name: AppName = .named("a"),
        _ change: (inout AppSpec) -> Void = { _ in }
    )
        -> AppSpec
    {
        var spec = AppSpec(name: name, command: Command(script: "x"), workingDirectory: "/", instances: instances)
        spec.readiness = .notify
        spec.restart.jitter = 0
        change(&spec)
        return spec
    }

    /// The same app with another environment.
    func version(_ number: Int, _ change: (inout AppSpec) -> Void = { _ in }) -> AppSpec {
        var spec = self
        spec.environment["VERSION"] = "\(number)"
        change(&spec)
        return spec
    }
}

extension Generation: ExpressibleByIntegerLiteral {
    /// A generation of a script by its number.
    public init(integerLiteral value: UInt64) { self.init(value) }
}
