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
    let journal = EventJournal()
    let reporter = ServiceReporter()
    let startedAt = MonotonicClock.now()
    let startedAtWall = WallClock.now()
    private(set) var processes: ProcessTable
    private(set) var timers: TimerTable
    private(set) var calendar: CalendarTable
    package private(set) var fleet: Fleet
    /// Who is to be told how a request ended.
    var answers: [RequestID: Answer] = [:]
    private var lastRequest: UInt64 = 0
    private var events: [Fleet.Event] = []
    private var isHandling = false
    /// Fires when it has been quiet for a while after the start or a command, whose code is then not kept in memory.
    private var quiet: TimerSource?
    /// Fires while systemd is to be kept waiting.
    private(set) var patience: TimerSource?
    private static let quietSpan = TimeSpan.seconds(3)
    private(set) var anomalies = 0

    package init(_ setting: Setting, loop: EventLoop, log: DaemonLog) throws(SystemError) {
        self.setting = setting
        self.loop = loop
        self.log = log
        store = setting.foregroundFile == nil ? StateStore(path: setting.directories.stateFile) : nil
        fleet = Fleet(idling: setting.foregroundFile == nil ? .stays : .leaves)
        let outbox = Outbox()
        listeners = ListenerTable(
            opened: { outbox.target?.announce(.listenerOpened, app: $0, $1) },
            closed: { outbox.target?.announce(.listenerClosed, app: $0, $1) },
            noticed: { log.notice("\($0): \($1)") }
        )
        logs = LogTable(loop: loop, folder: setting.directories.log, isForeground: setting.foregroundFile != nil) {
            file,
            trouble in
            if let trouble {
                outbox.target?.announce(.logTrouble, "\(trouble); what cannot be written is lost")
            } else {
                outbox.target?.announce(.logRecovered, "\(file.path) is written again; \(file.dropped) bytes were lost")
            }
        }
        processes = try ProcessTable(
            loop: loop,
            listeners: listeners,
            logs: logs,
            log: log,
            environment: setting.environment,
            notifyFolder: setting.directories.notifySockets,
            delegated: setting.delegated,
            descriptorLimit: setting.descriptorLimit,
            report: { outbox.send(.worker($0, $1)) },
            ownsPort: { outbox.send(.ownsPort($0)) }
        )
        timers = TimerTable(loop: loop) { outbox.send(.timerFired($0)) }
        calendar = try CalendarTable(loop: loop) { outbox.send(.scheduleFired($0)) }
        outbox.target = self
        patience = try loop.timer { [weak self] in self?.renewPatience() }
        quiet = try loop.timer(at: MonotonicClock.now() + Self.quietSpan, accuracy: .seconds(1), priority: .idle) {
            ThisProcess.releaseIdleCode()
        }
    }

    /// Where facts go before there is a supervisor, and while there is one.
    private final class Outbox {
        weak var target: Supervisor?

        func send(_ event: Fleet.Event) { target?.send(event) }
    }

    /// Lets the machines handle an event and performs what follows, one event after the other.
    package func send(_ event: Fleet.Event) {
        events.append(event)
        guard !isHandling else { return }
        isHandling = true
        var index = 0
        while index < events.count {
            let actions = fleet.handle(events[index], at: MonotonicClock.now())
            index += 1
            for action in actions { perform(action) }
        }
        events.removeAll(keepingCapacity: events.capacity < 1_024)
        isHandling = false
        reporter.report(fleet)
    }

    /// Puts a request to the fleet.
    func request(_ request: Request, answer: Answer) {
        lastRequest += 1
        expectQuiet()
        let id = RequestID(lastRequest)
        answers[id] = answer
        send(.request(id, request))
    }

    /// Something rare is being done.
    func expectQuiet() { quiet?.arm(at: MonotonicClock.now() + Self.quietSpan) }

    /// Nobody reads the answer any more; what was asked goes on.
    func abandon(_ answer: Answer) {
        for (id, other) in answers where other === answer {
            answers[id] = nil
            send(.abandoned(id))
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
