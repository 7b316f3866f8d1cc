import CKoomyLinux
import Glibc

/// A small server on one thread that keeps a worker's contract: ready, watchdog, and a leave that loses no request.
///
/// It moves bytes; what they mean is said by the closure given to `run`. It polls all of its connections and is meant
/// for some hundreds of them. A program with an event loop of its own uses `Drain` and keeps the same contract.
public final class GracefulServer {
    /// What the closure makes of the bytes that have come on one connection.
    public enum Answer: Hashable, Sendable {
        /// The request is not complete; ask again when more has come.
        case incomplete
        /// Send these bytes for the first `consumed` bytes of the input; close the connection after that, or keep it.
        case reply([UInt8], consumed: Int, closes: Bool)
    }

    /// A client may send this much that is no complete request; then the connection is closed.
    private static let inputLimit = 1 << 20
    /// Accepting rests this long when there are no descriptors left; the queue belongs to the other workers meanwhile.
    private static let acceptPause = Duration.milliseconds(100)

    private let worker: Worker
    private let listeners: [Listener]
    private let idleTimeout: Duration
    private var drain: Drain<Int32>
    private var connections: [Int32: ServedConnection] = [:]
    private var acceptsAgain: MonotonicTime?

    /// A server for these listeners, and for the worker's probe listener.
    ///
    /// - Parameters:
    ///   - worker: The hand-over, the notifications and the signals.
    ///   - listeners: What to accept from, usually `worker.listeners(orBind:)`.
    ///   - linger: How long an idle connection is kept, on the way out, for a request that may be on its way.
    ///   - idleTimeout: How long an idle connection is kept otherwise, and one that stalls within a request or response.
    public init(
        worker: Worker,
        listeners: [Listener],
        linger: Duration = .seconds(2),
        idleTimeout: Duration = .seconds(75)
    ) {
        self.worker = worker
        self.listeners = listeners + [worker.probe].compactMap(\.self)
        self.idleTimeout = idleTimeout
        drain = Drain(linger: linger, idleTimeout: idleTimeout)
    }

    /// Serves until the worker is asked to leave and every request is answered.
    ///
    /// The closure gets what has come and has not been consumed, and whether the worker leaves: then the response has
    /// to say `Connection: close`, and `closes` has to be true.
    ///
    /// - Throws: `WorkerError` where a listener cannot be used.
    public func run(_ answer: (ArraySlice<UInt8>, _ isLeaving: Bool) -> Answer) throws(WorkerError) {
        for listener in listeners { try listener.makeNonblocking() }
        worker.ready()
        var nextPing = MonotonicTime.now()
        while !drain.isFinished {
            let now = MonotonicTime.now()
            if let watchdog = worker.watchdog, nextPing <= now {
                watchdog.ping()
                nextPing = now + watchdog.interval
            }
            let stalls = connections.values.compactMap { $0.stallsAt(after: idleTimeout) }
            var deadlines = [drain.nextDeadline, acceptsAgain, stalls.min()].compactMap(\.self)
            if worker.watchdog != nil { deadlines.append(nextPing) }
            try turn(timeout: deadlines.min()?.pollTimeout(from: now) ?? -1, answer)
        }
    }

    /// One round: wait, accept, read, answer, write, and what is due by the clock.
    private func turn(timeout: Int32, _ answer: (ArraySlice<UInt8>, Bool) -> Answer) throws(WorkerError) {
        let isAccepting = !drain.isDraining && acceptsAgain == nil
        var set: [pollfd] = []
        if !drain.isDraining {
            set.append(pollfd(fd: worker.termination.descriptor, events: Int16(POLLIN), revents: 0))
        }
        let accepting = isAccepting ? listeners : []
        let firstListener = set.count
        set += accepting.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        let firstConnection = set.count
        set += connections.map { pollfd(fd: $0.key, events: $0.value.wanted, revents: 0) }
        _ = try WorkerError.check(koomy_worker_poll(&set, set.count, timeout), "wait for", "\(set.count) descriptors")

        let now = MonotonicTime.now()
        if let again = acceptsAgain, again <= now { acceptsAgain = nil }
        for entry in set[firstConnection...] where entry.revents != 0 { serve(entry.fd, answer, at: now) }
        for (listener, entry) in zip(accepting, set[firstListener..<firstConnection]) where entry.revents != 0 {
            accept(from: listener, atMost: 64, at: now)
        }
        for (id, connection) in connections {
            if let deadline = connection.stallsAt(after: idleTimeout), deadline <= now { close(id) }
        }
        if worker.termination.isRequested, !drain.isDraining { leave(at: now) }
        for step in drain.due(at: now) {
            switch step {
            case .halfClose(let id):
                // What came in this very moment is a request, not idleness.
                if koomy_worker_unread(id) > 0 { serve(id, answer, at: now) } else { halfClose(id, at: now) }
            case .close(let id): close(id)
            }
        }
    }

    private func accept(from listener: Listener, atMost count: Int, at now: MonotonicTime) {
        for _ in 0..<count {
            do {
                guard let descriptor = try listener.accept() else { return }
                connections[descriptor] = ServedConnection(movedAt: now)
                drain.opened(descriptor, at: now)
            } catch {
                acceptsAgain = now + Self.acceptPause
                return
            }
        }
    }

    private func leave(at now: MonotonicTime) {
        worker.stopping()
        drain.begin(at: now)
        for listener in listeners {
            // Nobody else answers what waits in the queue of a socket that only this process has.
            if !listener.isInherited { accept(from: listener, atMost: .max, at: now) }
            listener.close()
        }
    }

    private func serve(_ id: Int32, _ answer: (ArraySlice<UInt8>, Bool) -> Answer, at now: MonotonicTime) {
        guard var connection = connections[id] else { return }
        connection.movedAt = now
        guard connection.receive(from: id, limit: Self.inputLimit) else { return close(id) }
        if connection.isHalfClosed {
            if !connection.input.isEmpty { drain.requestBegan(id) }
            connection.input = []
            connections[id] = connection
            return
        }
        while !connection.input.isEmpty, !connection.closes {
            drain.requestBegan(id)
            guard case .reply(let bytes, let consumed, let closes) = answer(connection.input[...], drain.isDraining)
            else { break }
            connection.input.removeFirst(min(max(consumed, 0), connection.input.count))
            connection.output += bytes
            connection.closes = closes || consumed <= 0
        }
        guard connection.send(to: id) else { return close(id) }
        connections[id] = connection
        guard connection.output.isEmpty else { return }
        if connection.peerHasClosed { return close(id) }
        if connection.closes {
            halfClose(id, at: now)
        } else if connection.input.isEmpty {
            drain.requestEnded(id, at: now)
        }
    }

    private func halfClose(_ id: Int32, at now: MonotonicTime) {
        connections[id]?.isHalfClosed = true
        _ = koomy_shutdown_writing(id)
        drain.halfClosed(id, at: now)
    }

    private func close(_ id: Int32) {
        connections[id] = nil
        drain.closed(id)
        _ = koomy_close(id)
    }
}

/// What has come on a connection and what is to be sent.
private struct ServedConnection {
    var input: [UInt8] = []
    var output: [UInt8] = []
    /// When bytes last came or went.
    var movedAt: MonotonicTime
    var closes = false
    var isHalfClosed = false
    /// The client sends no more; it may still wait for its answer (`nc -N`).
    var peerHasClosed = false

    /// When a request or response that is under way counts as stalled; nil where there is none.
    func stallsAt(after timeout: Duration) -> MonotonicTime? {
        input.isEmpty && output.isEmpty ? nil : movedAt + timeout
    }

    /// The events of poll(2) to wait for: a client that does not read its answers is not read from either.
    var wanted: Int16 { Int16(output.isEmpty ? POLLIN : POLLOUT) }

    /// Takes what has come; false where the peer is gone, or sent too much.
    mutating func receive(from descriptor: Int32, limit: Int) -> Bool {
        guard output.isEmpty else { return true }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { buffer in
            while true {
                let count = koomy_worker_receive(descriptor, buffer.baseAddress, buffer.count)
                if count == -Int(EAGAIN) { return true }
                if count == 0 {
                    peerHasClosed = true
                    return !input.isEmpty && !isHalfClosed
                }
                guard count > 0 else { return false }
                if !isHalfClosed || input.isEmpty { input += buffer[..<count] }
                guard input.count <= limit else { return false }
            }
        }
    }

    /// Sends what it can; false where the peer is gone.
    mutating func send(to descriptor: Int32) -> Bool {
        while !output.isEmpty {
            let count = koomy_worker_send(descriptor, output, output.count)
            if count == -Int(EAGAIN) { return true }
            guard count >= 0 else { return false }
            output.removeFirst(count)
        }
        return true
    }
}
