package import KoomyCore
package import KoomyEventLoop
package import KoomyModel
package import KoomySystem
import KoomyWire

/// The shell around the machines: kernel facts become events, actions become kernel calls.
///
/// It never branches on policy; what follows from a fact is decided in KoomyCore.
package final class Supervisor {
    package struct Setting {
        package var directories: Directories
        /// koomyd's own, as it was started.
        package var environment: [String: String]
        /// The file whose apps run in the foreground; nil for a daemon.
        package var foregroundFile: String?
        /// Where each worker gets a cgroup of its own; nil where none was delegated.
        package var delegated: DelegatedCgroup?
        /// The limit on open files that koomyd raised for itself, and workers get back.
        package var descriptorLimit: ResourceLimit?

        package init(directories: Directories, environment: [String: String]) {
            self.directories = directories
            self.environment = environment
        }
    }

    let loop: EventLoop
    let log: DaemonLog
    let setting: Setting
    let store: StateStore?
    let listeners: ListenerTable
    let logs: LogTable
    let events = EventJournal()
    /// What is going on, for the koomyd that follows; nil in the foreground, whose workers end with it.
    let journal: Journal?
    let descriptors: DescriptorStore?
    let operations = OperationTable()
    let deploymentLog: DeploymentLog
    /// What is to be run as soon as the state is durable.
    var hooksAfterSave: [() -> Void] = []
    /// What the workers of an app had said on their standard error when its canary began.
    var canaries: [AppName: [WorkerID: Complaints]] = [:]
    /// The queues of apps whose workers are being replaced.
    var gauges: [AppName: QueueGauge] = [:]
    private(set) var tasks: TaskRunner
    let reporter = ServiceReporter()
    /// When this process began, whatever programs it has run since.
    var startedAt = MonotonicClock.now()
    var startedAtWall = WallClock.now()
    private(set) var processes: ProcessTable
    private(set) var drains: DrainWatch
    private(set) var timers: TimerTable
    private(set) var calendar: CalendarTable<AppName>
    package private(set) var fleet: Fleet
    /// Who is to be told how a request ended.
    var answers: [RequestID: [Answer]] = [:]
    private(set) var lastRequest: UInt64 = 0
    private var pending: [Fleet.Event] = []
    private var isHandling = false
    /// Fires when it has been quiet for a while after the start or a command, whose code is then not kept in memory.
    private var quiet: TimerSource?
    /// Fires while systemd is to be kept waiting.
    private(set) var patience: TimerSource?
    private static let quietSpan = TimeSpan.seconds(3)
    private(set) var anomalies = 0
    var lastCheckpointAttempt = Instant(nanoseconds: .min)
    /// What is to become of the workers when the loop ends.
    var leaving = Leaving.workersGone
    /// The proof of another binary that is under way, and whether it succeeded.
    var stateCheck: StateCheck?
    /// When an upgrade that has to wait for a moment goes on.
    var retry: TimerSource?
    /// Processes of workers that are no longer known.
    var leftovers: LeftoverEnding?
    /// nil in the foreground, and in tests.
    let holdings: Holdings?

    enum Leaving { case workersGone, workersStay }

    package init(
        _ setting: Setting,
        loop: EventLoop,
        log: DaemonLog,
        descriptors: DescriptorStore? = nil,
        activated: ActivatedSockets = ActivatedSockets(),
        holdings: Holdings? = nil
    ) throws(SystemError) {
        self.setting = setting
        self.loop = loop
        self.log = log
        store = setting.foregroundFile == nil ? StateStore(path: setting.directories.stateFile) : nil
        fleet = Fleet(idling: setting.foregroundFile == nil ? .stays : .leaves)
        self.descriptors = descriptors
        self.holdings = holdings
        let outbox = Outbox()
        journal =
            setting.foregroundFile != nil
            ? nil
            : Journal(path: setting.directories.journal) { trouble in
                if let trouble {
                    outbox.target?.announce(.stateUnsaved, "\(trouble); if koomyd dies now, less is known to the next")
                } else {
                    outbox.target?.announce(.stateSaved, "what is going on is written down again")
                }
            }
        listeners = ListenerTable(
            opened: { outbox.target?.announce(.listenerOpened, app: $0, $1) },
            closed: { outbox.target?.announce(.listenerClosed, app: $0, $1) },
            noticed: { log.notice("\($0): \($1)") },
            activated: activated,
            store: descriptors,
            recorded: { outbox.target?.journal?.append(.listener($0)) }
        )
        let isForeground = setting.foregroundFile != nil
        deploymentLog = DeploymentLog(folder: isForeground ? nil : "\(setting.directories.state)/deployments") {
            log.warning("a step of a deployment could not be written down: \($0)")
        }
        logs = LogTable(
            loop: loop,
            folder: setting.directories.log,
            receiptPath: isForeground ? nil : setting.directories.logReceipt,
            debtsPath: isForeground ? nil : setting.directories.logDebts,
            console: isForeground ? LogConsole(isColoured: Self.hasColours(setting.environment)) : nil
        ) { outbox.target?.hear($0) }
        processes = try ProcessTable(
            loop: loop,
            listeners: listeners,
            logs: logs,
            log: log,
            environment: setting.environment,
            notifyFolder: setting.directories.notifySockets,
            delegated: setting.delegated,
            descriptorLimit: setting.descriptorLimit,
            store: descriptors,
            report: { outbox.send(.worker($0, $1)) },
            ownsPort: { outbox.send(.ownsPort($0)) },
            started: { outbox.target?.journal?.append(.process($0)) }
        )
        drains = DrainWatch(
            loop: loop,
            subject: { outbox.target?.drainSubject($0) },
            otherRoots: { outbox.target?.processes.roots ?? [] },
            report: { outbox.target?.drainCounted($0, $1) }
        )
        tasks = TaskRunner(loop: loop, environment: setting.environment) { [processes] in try processes.run($0, $1) }
        logs.archive.run = { [processes] in try processes.run($0, $1) }
        timers = TimerTable(loop: loop) { outbox.send(.timerFired($0)) }
        calendar = try CalendarTable(loop: loop) { outbox.send(.scheduleFired($0)) }
        outbox.target = self
        patience = try loop.timer { [weak self] in self?.renewPatience() }
        quiet = try loop.timer(at: MonotonicClock.now() + Self.quietSpan, accuracy: .seconds(1), priority: .idle) {
            ThisProcess.releaseIdleCode()
        }
    }

    /// What https://no-color.org asks for.
    private static func hasColours(_ environment: [String: String]) -> Bool {
        StandardStream.output.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// Where facts go before there is a supervisor, and while there is one.
    private final class Outbox {
        weak var target: Supervisor?

        func send(_ event: Fleet.Event) { target?.send(event) }
    }

    /// Lets the machines handle an event and performs what follows, one event after the other.
    package func send(_ event: Fleet.Event) {
        pending.append(event)
        guard !isHandling else { return }
        isHandling = true
        var index = 0
        while index < pending.count {
            let now = MonotonicClock.now()
            let actions = fleet.handle(pending[index], at: now)
            // Before its effect: whoever follows knows what was to be done.
            journal?.append(.event(pending[index], at: now))
            index += 1
            for action in actions { perform(action) }
        }
        pending.removeAll(keepingCapacity: pending.capacity < 1_024)
        isHandling = false
        listeners.noteFlags()
        noteDone()
        reporter.report(fleet)
    }

    /// Puts a request to the fleet.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - key: Under which the client may ask for the outcome again.
    ///   - answer: Who is told.
    func request(_ request: Request, key: OperationTable.Key? = nil, answer: Answer) {
        let id = nextRequest(key)
        answers[id, default: []].append(answer)
        send(.request(id, request))
    }

    /// A number for something that was asked for, known by its key from now on.
    func nextRequest(_ key: OperationTable.Key?) -> RequestID {
        lastRequest += 1
        expectQuiet()
        let id = RequestID(lastRequest)
        if let key {
            operations.begin(key, id)
            journal?.append(.operation(OperationRecord(key: key.text, request: id, userID: key.userID)))
        }
        return id
    }

    /// Tells those who wait how a request ended, and remembers it for those who ask again.
    func finish(_ id: RequestID, _ result: CommandResult) {
        operations.end(id, result)
        for answer in answers.removeValue(forKey: id) ?? [] { answer.finish(result) }
    }

    /// Takes over the memory of an earlier koomyd.
    func inherit(_ inheritance: Inheritance) {
        fleet = inheritance.replay.fleet
        lastRequest = inheritance.lastRequest
        events.resume(after: inheritance.lastEvent)
        operations.inherit(inheritance.operations, inheritance.results)
        var rolling = Set(fleet.apps.values.filter { $0.rollout != nil }.map(\.name))
        // The end of these is going to be told once more.
        for case .publish(let notice) in inheritance.replay.uncertain {
            if case .rolloutEnded = notice.kind, let app = notice.app { rolling.insert(app) }
        }
        deploymentLog.resume(rolling, fleet.knownNames, at: WallClock.now().milliseconds)
    }

    /// Something rare is being done.
    func expectQuiet() { quiet?.arm(at: MonotonicClock.now() + Self.quietSpan) }

    /// Nobody reads the answer any more; what was asked goes on.
    func abandon(_ answer: Answer) {
        for (id, others) in answers where others.contains(where: { $0 === answer }) {
            answers[id] = others.filter { $0 !== answer }
            guard answers[id]?.isEmpty == true else { continue }
            answers[id] = nil
            // Whoever may ask again finds it under its key.
            if !operations.isKnown(id) { send(.abandoned(id)) }
        }
    }

    func noteAnomaly(_ anomaly: Anomaly) {
        anomalies += 1
        announce(
            .daemonAnomaly,
            "an impossible event, please report it: \(anomaly.machine) in \(anomaly.state): \(anomaly.event)"
        )
    }
}
