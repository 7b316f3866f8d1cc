import CKoomyLinux
import Glibc
import KoomyWorker

/// The loop of the worker: one thread that accepts, serves, and leaves without losing a request.
///
/// Listeners are polled without EPOLLEXCLUSIVE. All idle workers wake for a connection and all but one find the queue
/// empty; but a worker that dies or leaves between waking and accepting strands nobody, since the others woke too.
final class Service {
    /// Connections accepted from one listener before the others and the requests get their turn.
    private static let acceptsPerTurn = 32
    /// Accepting rests this long when there are no descriptors left; the queue belongs to the other workers meanwhile.
    private static let acceptPause = Duration.milliseconds(100)
    /// The status line changes this often at most.
    private static let statusInterval = Duration.seconds(5)
    /// Idle connections are kept for this long; longer than the minute that proxies usually keep theirs.
    private static let idleTimeout = Duration.seconds(75)

    private let worker: Worker
    private let application: Application
    private let listeners: [Listener]
    private let log: RequestLog
    private var drain: Drain<ConnectionID>
    private var lingering: LingeringSockets
    private var records: [ConnectionID: ConnectionRecord] = [:]
    private var daemon: HTTPDaemon?
    private var nextExchange: ExchangeID = 0
    private var acceptsAgain: MonotonicTime?
    private var nextPing = MonotonicTime.now()
    private var answered: UInt64 = 0
    private var shownStatus = ""
    private var nextStatus = MonotonicTime.now()

    init(worker: Worker, application: Application, listeners: [Listener], log: RequestLog, linger: Duration) {
        self.worker = worker
        self.application = application
        self.listeners = listeners
        self.log = log
        drain = Drain(linger: linger, idleTimeout: Self.idleTimeout)
        lingering = LingeringSockets(timeout: .seconds(2))
    }

    /// Requests that came too late to be answered, on connections that were already shut.
    var lateRequests: Int { drain.lateRequests }

    /// Opens the HTTP side; false where the kernel or the library refuses.
    func start(connectionLimit: UInt32) -> Bool {
        let daemon = HTTPDaemon(delegate: self, connectionLimit: connectionLimit)
        guard daemon.start() else { return false }
        self.daemon = daemon
        return true
    }

    /// Serves until the worker was asked to leave and every request is answered; or until `deadline`.
    func run(until deadline: MonotonicTime? = nil) {
        guard let daemon else { return }
        while !isFinished {
            let now = MonotonicTime.now()
            if let deadline, deadline <= now { return }
            giveSigns(at: now)
            let deadlines = [
                deadline, drain.nextDeadline, acceptsAgain, application.nextDeadline, lingering.nextDeadline,
                worker.watchdog == nil ? nil : nextPing, status == shownStatus ? nil : nextStatus,
            ]
            var timeout = deadlines.compactMap(\.self).min().map { $0.pollTimeout(from: now) } ?? -1
            if let library = daemon.timeout { timeout = timeout < 0 ? library : min(timeout, library) }
            turn(daemon, timeout: timeout)
        }
        daemon.stop()
        self.daemon = nil
    }

    private var isFinished: Bool { drain.isFinished && lingering.isEmpty }

    /// One round: wait, take what happened, run the HTTP side, do what is due by the clock.
    private func turn(_ daemon: HTTPDaemon, timeout: Int32) {
        var set = [daemon.descriptor, application.mailbox.descriptor].map(Self.readable)
        if !drain.isDraining { set.append(Self.readable(worker.termination.descriptor)) }
        let firstLingering = set.count
        set += lingering.descriptors.map(Self.readable)
        let firstListener = set.count
        let accepting = canAccept(daemon) ? listeners : []
        set += accepting.map { Self.readable($0.descriptor) }
        _ = koomy_worker_poll(&set, set.count, timeout)

        let now = MonotonicTime.now()
        if let again = acceptsAgain, again <= now { acceptsAgain = nil }
        for entry in set[firstLingering..<firstListener] where entry.revents != 0 { lingering.drain(entry.fd) }
        lingering.expire(at: now)
        for (listener, entry) in zip(accepting, set[firstListener...]) where entry.revents != 0 {
            accept(from: listener, into: daemon, atMost: Self.acceptsPerTurn, at: now)
        }
        if !drain.isDraining, worker.termination.isRequested { leave(daemon, at: now) }
        for finished in application.receive() + application.due(at: now) {
            daemon.finish(finished.exchange, with: finished.reply)
        }
        daemon.run()
        for step in drain.due(at: .now()) { perform(step) }
    }

    private static func readable(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    /// A connection beyond the library's limit would be closed unanswered: it is left to the other workers.
    private func canAccept(_ daemon: HTTPDaemon) -> Bool {
        !drain.isDraining && acceptsAgain == nil && drain.connectionCount < Int(daemon.connectionLimit)
    }

    private func accept(from listener: Listener, into daemon: HTTPDaemon, atMost count: Int, at now: MonotonicTime) {
        var peer = sockaddr_storage()
        var size = socklen_t()
        for _ in 0..<count where drain.connectionCount < Int(daemon.connectionLimit) {
            let descriptor = koomy_worker_accept(listener.descriptor, &peer, &size)
            // Another worker was faster; that is normal on a shared listener.
            if descriptor == -EAGAIN { return }
            guard descriptor >= 0 else {
                log.write(.error, "cannot accept", [.init(name: "errno", value: .integer(-descriptor))])
                acceptsAgain = now + Self.acceptPause
                return
            }
            let isAdded = withUnsafePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    daemon.add(descriptor, peer: $0, peerSize: size)
                }
            }
            if !isAdded { log.write(.error, "a connection was refused by the HTTP library") }
        }
    }

    private func leave(_ daemon: HTTPDaemon, at now: MonotonicTime) {
        worker.stopping(status: "draining: \(counts)")
        drain.begin(at: now)
        for listener in listeners {
            // Nobody else answers what waits in the queue of a socket that only this process has.
            if !listener.isInherited { accept(from: listener, into: daemon, atMost: .max, at: now) }
            listener.close()
        }
        log.write(.info, "leaving", [.init(name: "connections", value: .integer(drain.connectionCount))])
    }

    private func perform(_ step: Drain<ConnectionID>.Step) {
        switch step {
        case .halfClose(let id):
            guard let record = records[id] else { return drain.closed(id) }
            // What came in this very moment is a request, not idleness; the next turn reads it.
            guard koomy_worker_unread(record.descriptor) <= 0 else { return }
            _ = koomy_shutdown_writing(record.descriptor)
            drain.halfClosed(id, at: .now())
        case .close(let id):
            guard let record = records[id] else { return drain.closed(id) }
            // The library sees the end of the connection and closes it.
            _ = koomy_worker_shutdown_both(record.descriptor)
        }
    }

    private var counts: String { "\(drain.connectionCount) connections, \(drain.requestsInFlight) requests in flight" }

    private var status: String { "\(drain.isDraining ? "draining" : "serving"): \(counts), \(answered) answered" }

    /// The watchdog and the status line, from the loop that does the work.
    private func giveSigns(at now: MonotonicTime) {
        if let watchdog = worker.watchdog, nextPing <= now {
            watchdog.ping()
            nextPing = now + watchdog.interval
        }
        guard nextStatus <= now, worker.notifier.socket != nil else { return }
        let text = status
        guard text != shownStatus else { return }
        worker.status(text)
        shownStatus = text
        nextStatus = now + Self.statusInterval
    }
}

extension Service: HTTPDaemonDelegate {
    func connectionOpened(_ record: ConnectionRecord) {
        records[record.id] = record
        drain.opened(record.id, at: .now())
    }

    func connectionClosed(_ record: ConnectionRecord) {
        records[record.id] = nil
        drain.closed(record.id)
        if record.mayHaveMore { lingering.keep(record.descriptor, at: .now()) }
    }

    func requestBegan(on record: ConnectionRecord) -> (id: ExchangeID, isLate: Bool) {
        nextExchange += 1
        return (nextExchange, !drain.requestBegan(record.id))
    }

    func respond(to exchange: Exchange) -> Reply? { application.respond(to: exchange) }

    func saysClose(_ record: ConnectionRecord) -> Bool { drain.isDraining }

    func requestEnded(_ exchange: Exchange, isComplete: Bool) {
        let now = MonotonicTime.now()
        drain.requestEnded(exchange.connectionID, at: now)
        guard !exchange.isLate else { return }
        answered += 1
        log.write(exchange, isComplete: isComplete, at: now)
    }
}
