import KoomyModel

@testable import KoomyCore

/// A whole fleet against a kernel, a disk and operators that a seed decides, in virtual time.
///
/// First comes the noise: crashes, hangs, failures and requests of every kind. Then it is calm, and the fleet has to
/// come to what is wanted.
struct Simulation {
    enum Item {
        case timer(TimerID, stamp: UInt64)
        case fact(WorkerID, Fact)
        case event(Fleet.Event)
        case operate
        /// An operator sees to what waits for one.
        case steer(Request)
        case calm
        case death
        case comeBack
    }

    struct Armed: Equatable {
        var stamp: UInt64
        var due: Instant
    }

    /// Something that a process does.
    enum Fact {
        case started
        case readiness
        case end(ExitReason)
        case reaped(ExitReason)
        case treeGone
        case ping
        case hangs
        case listens
        case answer(Worker.ProbeKind, attempt: UInt64)
        case sample
        /// koomyd counts its connections.
        case look
    }

    struct Opened: Hashable {
        var app: AppName
        var generation: Generation
    }

    let isTraced: Bool
    var dice: Dice
    var fleet: Fleet
    var now = Instant(nanoseconds: 1_000_000_000)
    var agenda = Agenda<Item>()
    var processes: [WorkerID: FakeProcess] = [:]
    var timers: [TimerID: Armed] = [:]
    var listeners: Set<Opened> = []
    var disk = DesiredState()
    var schedules: Set<AppName> = []
    /// Answers that come before anything else.
    var immediate: [Fleet.Event] = []
    var desk = OperatorsDesk()
    var isNoisy = true
    var calmSince = Instant(nanoseconds: .max)
    var exitStatus: Int32?
    var violation: String?
    var eventCount = 0
    /// What there is for the koomyd that follows; nil before the first koomyd has done anything.
    var journal: SimulatedJournal?
    /// How many steps koomyd still does before it dies; nil while nothing is the matter.
    var doom: Int?
    var isAway = false
    /// Whether a koomyd is just taking back what an earlier one had.
    var isReturning = false
    /// What waits in sockets, and at clients, for a koomyd that is away.
    var mail: [Fleet.Event] = []
    var deaths = 0
    private var depth = 0
    private var stamp: UInt64 = 0

    /// After this long without noise everything has come to rest.
    static let patience = TimeSpan.seconds(900)

    init(seed: UInt64, isTraced: Bool = false) {
        self.isTraced = isTraced
        dice = Dice(seed: seed)
        fleet = Fleet(idling: dice.chance(15) ? .leaves : .stays)
        desk.chooseNames(&dice)
        if dice.chance(30) {
            disk = desk.randomState(&dice)
            agenda.add(.event(.booted(disk)), at: now)
        }
        agenda.add(.operate, at: now)
        agenda.add(.calm, at: now + dice.milliseconds(5_000...40_000))
        // One that leaves when nothing runs is a container's first process: nothing outlives it.
        if fleet.idling == .stays, dice.chance(60) {
            for _ in 0..<dice.roll(1...5) { agenda.add(.death, at: now + dice.milliseconds(10...45_000)) }
        }
    }

    /// Runs to the end.
    mutating func run() {
        while violation == nil, exitStatus == nil, let (at, item) = agenda.next() {
            now = max(now, at) + .microseconds(Int64(dice.roll(1...50)))
            // The loop is held up now and then, and everything is late.
            if dice.chance(1) { now = now + dice.milliseconds(1...1_500) }
            happen(item)
            guard !isNoisy, !isAway else { continue }
            if isSettled { break }
            if now - calmSince > Self.patience { violation = "does not come to rest: \(unsettled)" }
        }
        violation = violation ?? leftover
    }

    private mutating func happen(_ item: Item) {
        switch item {
        case .timer(let id, let stamp):
            guard timers[id]?.stamp == stamp else { return }
            timers[id] = nil
            deliver(.timerFired(id))
        case .fact(let id, let fact): happen(fact, to: id)
        case .event(let event): deliver(event)
        case .operate: if isNoisy { operate() }
        case .steer(let request): self.request(request)
        case .calm:
            isNoisy = false
            calmSince = now
            if desk.endsWithShutdown { request(.shutdown(dice.chance(50) ? .drain : .now)) }
        case .death: if journal != nil, !isAway { dice.chance(30) ? die() : (doom = dice.roll(0...10)) }
        case .comeBack: comeBack()
        }
    }

    /// Gives the fleet an event, does what it wants, and looks whether everything is as promised.
    ///
    /// - Returns: False if koomyd, as far as its successor is going to know, has not heard of it.
    @discardableResult
    mutating func deliver(_ event: Fleet.Event) -> Bool {
        guard !isAway else {
            post(event)
            return false
        }
        let before = fleet
        eventCount += 1
        if isTraced { print("\(now.nanoseconds / 1_000) µs  \(event)") }
        let actions = fleet.handle(event, at: now)
        guard !diesNow() else {
            // It was not written down.
            fleet = before
            post(event)
            return false
        }
        journal?.append(event, at: now)
        depth += 1
        defer { depth -= 1 }
        for action in actions {
            guard !diesNow() else { return true }
            if isTraced { print("      -> \(action)") }
            perform(action)
        }
        violation = violation ?? SimulationInvariants.violation(from: before, by: event, in: self)
        // Operators do not wait for the disk.
        if !immediate.isEmpty, isNoisy, dice.chance(3) { request(desk.randomRequest(fleet, &dice)) }
        while violation == nil, !immediate.isEmpty { deliver(immediate.removeFirst()) }
        if depth == 1, !isAway, !diesNow() { noteDone() }
        return true
    }

    /// Everything that followed from an event has been done.
    private mutating func noteDone() {
        if journal == nil || dice.chance(1) { beginJournal() } else { journal?.mark() }
    }

    mutating func beginJournal() { journal = SimulatedJournal(fleet, timers: timers.mapValues(\.due), at: now) }

    mutating func arm(_ timer: TimerID, at instant: Instant) {
        stamp += 1
        timers[timer] = Armed(stamp: stamp, due: instant)
        let lateness = dice.chance(10) ? dice.milliseconds(0...300) : .zero
        agenda.add(.timer(timer, stamp: stamp), at: max(now, instant) + lateness)
    }

    private mutating func perform(_ action: Action) {
        switch action {
        case .spawn(let id): order(id)
        case .signal(let id, let signal): self.signal(id, signal)
        case .signalDescendants(let id, _): signalDescendants(id)
        case .killTree(let id): killTree(id)
        case .forget(let id): forget(id)
        case .ask(let id, let kind, let attempt):
            let wait = processes[id]?.spec.health?.timeout ?? .milliseconds(500)
            let share = Double(dice.roll(0...100)) / 100
            agenda.add(.fact(id, .answer(kind, attempt: attempt)), at: now + wait.scaled(by: share * share))
        case .arm(let timer, let instant): arm(timer, at: instant)
        case .disarm(let timer): timers[timer] = nil
        case .sample(let name):
            for id in processes.keys.sorted() where id.app == name {
                agenda.add(.fact(id, .sample), at: now + .microseconds(100))
            }
        case .compare(let name, _):
            agenda.add(.event(.compared(name, randomComparison())), at: now + dice.milliseconds(0...5))
        case .weigh(let name): agenda.add(.event(.weighed(name, randomLoad())), at: now + .microseconds(50))
        case .schedule(let name, let schedule):
            if schedule == nil { schedules.remove(name) } else { schedules.insert(name) }
        case .openListeners(let name, let generation): openListeners(name, generation)
        case .closeSlotListeners: break
        case .closeListeners(let name, let generation): listeners.remove(Opened(app: name, generation: generation))
        case .prepare(let ticket, let preparation): prepare(ticket, preparation)
        case .publish(let notice):
            attend(to: notice)
            hear(notice)
        case .reply(let id, let reply): violation = violation ?? desk.take(reply, to: id, disk: disk)
        case .exit(let status): exitStatus = status
        case .anomaly(let anomaly): violation = "\(anomaly)"
        }
    }

    /// What waits for an operator does not wait for ever.
    private mutating func attend(to notice: Notice) {
        guard let name = notice.app else { return }
        switch notice.kind {
        case .canaryHeld: agenda.add(.steer(.promote([Target(app: name)])), at: now + dice.milliseconds(10...5_000))
        case .rolloutPaused: agenda.add(.steer(.resume([Target(app: name)])), at: now + dice.milliseconds(10...5_000))
        default: break
        }
    }

    private mutating func randomComparison() -> Comparison {
        func group() -> Comparison.Group {
            Comparison.Group(
                memory: dice.chance(20) ? nil : ByteCount(bytes: UInt64(dice.roll(20...200)) << 20),
                complaints: dice.chance(50) ? nil : Double(dice.roll(0...1_000))
            )
        }
        return Comparison(new: group(), old: group())
    }

    /// A host that is short of memory now and then, and has enough in the end.
    private mutating func randomLoad() -> HostLoad {
        let isShort = isNoisy && dice.chance(15)
        return HostLoad(
            available: ByteCount(bytes: isShort ? 1 << 20 : 1 << 33),
            worker: ByteCount(bytes: 60 << 20),
            pressure: isShort ? 80 : 0
        )
    }

    private mutating func openListeners(_ name: AppName, _ generation: Generation) {
        let works = !isNoisy || dice.chance(60)
        if works { listeners.insert(Opened(app: name, generation: generation)) }
        let answer: Fleet.Event =
            works ? .listening(name, generation) : .cannotListen(name, generation, "address in use")
        agenda.add(.event(answer), at: now + dice.milliseconds(0...5))
    }

    private mutating func prepare(_ ticket: Ticket, _ preparation: Preparation) {
        if isNoisy, let first = preparation.listeners.first, dice.chance(5) {
            immediate.append(.prepareFailed(ticket, .listen(first.app, "address in use")))
        } else if isNoisy, preparation.desired != nil, dice.chance(8) {
            immediate.append(.prepareFailed(ticket, .save("no space left on device")))
        } else {
            for listener in preparation.listeners {
                listeners.insert(Opened(app: listener.app, generation: listener.generation))
            }
            disk = preparation.desired ?? disk
            immediate.append(.prepared(ticket))
        }
    }

    // MARK: - Operators

    private mutating func operate() {
        agenda.add(.operate, at: now + dice.milliseconds(20...4_000))
        guard fleet.phase == .serving, !isAway else { return }
        if dice.chance(8), let name = fleet.apps.keys.sorted().first(where: { _ in dice.chance(50) }) {
            // One cause ends many.
            let reason = dice.pick([ExitReason.exited(code: 1), .signaled(.kill, dumpedCore: false)])
            for id in processes.keys.sorted() where id.app == name {
                agenda.add(.fact(id, .end(reason)), at: now + dice.milliseconds(0...200))
            }
        } else if dice.chance(15), let name = schedules.sorted().first {
            deliver(.scheduleFired(name))
        } else {
            request(desk.randomRequest(fleet, &dice))
        }
    }

    mutating func request(_ request: Request) {
        let id = desk.note(request, fleet)
        if dice.chance(5) {
            desk.abandoned.insert(id)
            agenda.add(.event(.abandoned(id)), at: now + dice.milliseconds(0...3_000))
        }
        deliver(.request(id, request))
    }
}
