import Glibc

/// This process as a worker of koomyd, or of anything that speaks sd_listen_fds(3) and sd_notify(3).
///
/// Make one at the beginning of the program, before it starts threads: it takes SIGTERM and SIGINT over, and takes the
/// variables of the hand-over out of the environment so that programs started by this one do not believe them.
public final class Worker {
    /// The name of the listener on which only the supervisor asks this one worker how it is.
    public static let probeName = "probe"

    /// The inherited listeners in the order of the ecosystem file; empty where the program was started by hand.
    public let listeners: [Listener]
    /// The private listener that the supervisor probes; requests on it are answered like any other.
    public let probe: Listener?
    /// The way to the supervisor.
    public let notifier: Notifier
    /// The supervisor's wish for signs of life; nil for none.
    public let watchdog: Watchdog?
    /// The wish that this process leaves.
    public let termination: Termination
    /// The app's name in its ecosystem file (KOOMY_APP).
    public let app: String?
    /// Which of the app's workers this is, from 0 (KOOMY_SLOT); the worker that replaces it has the same.
    public let slot: Int?
    /// The rollout that this worker belongs to (KOOMY_GENERATION).
    public let generation: Int?

    private static let handover = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
    ]

    /// Takes over what the supervisor left in the environment.
    ///
    /// - Throws: `WorkerError` where a descriptor that was announced is no listening socket.
    public convenience init() throws(WorkerError) {
        try self.init(environment: { name in getenv(name).map { String(cString: $0) } }, processID: getpid())
        for name in Self.handover { unsetenv(name) }
    }

    init(
        environment: (String) -> String?,
        processID: pid_t,
        firstDescriptor: Int32 = InheritedListeners.firstDescriptor
    ) throws(WorkerError) {
        let inherited = try InheritedListeners(environment: environment, processID: processID)
        let all = try inherited.take(from: firstDescriptor)
        listeners = all.filter { $0.name != Self.probeName }
        probe = all.first { $0.name == Self.probeName }
        notifier = Notifier(socket: environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 })
        watchdog = Watchdog(environment: environment, processID: processID, notifier: notifier)
        app = environment("KOOMY_APP")
        slot = environment("KOOMY_SLOT").flatMap { Int($0) }
        generation = environment("KOOMY_GENERATION").flatMap { Int($0) }
        termination = try Termination()
    }

    /// The inherited listeners of this name; an app may have several sockets under one.
    public func listeners(named name: String) -> [Listener] { listeners.filter { $0.name == name } }

    /// The inherited listeners, or a new one where there are none.
    ///
    /// - Parameter address: What to bind when the program runs without a supervisor.
    /// - Returns: At least one listener.
    /// - Throws: `WorkerError` where the address cannot be bound.
    public func listeners(orBind address: @autoclosure () -> BindAddress) throws(WorkerError) -> [Listener] {
        listeners.isEmpty ? [try Listener.bind(address())] : listeners
    }

    /// Says that this worker serves; from now on an older one may be asked to leave.
    @discardableResult
    public func ready(status: String? = nil) -> Bool { notifier.ready(status: status) }

    /// Says in one line what this worker does.
    @discardableResult
    public func status(_ text: String) -> Bool { notifier.status(text) }

    /// Says that this worker has begun to leave.
    @discardableResult
    public func stopping(status: String? = nil) -> Bool { notifier.stopping(status: status) }

    /// Asks for at least this much more time, from now, in the start or stop that is under way.
    @discardableResult
    public func extendTimeout(by time: Duration) -> Bool { notifier.extendTimeout(by: time) }

    /// Waits until this worker is asked to leave.
    public func waitForTermination() { termination.wait() }
}
