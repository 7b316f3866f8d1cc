import KoomyModel
import KoomySystem
import KoomyWire

/// Requests at fixed times, whatever the server does (an open loop): a response's time counts from when its request was
/// due, so that one that had to wait is not left out.
struct Load {
    /// What became of the requests.
    struct Tally {
        var begun = 0
        var ok = 0
        var slow = 0
        var failures: [LoadFailure] = []
        /// Statuses from 400 to 499 that came before the reload: what is asked for is answered so.
        var usualStatuses: Set<Int> = []
        /// How long responses took, in the order in which they came.
        var times: [TimeSpan] = []
    }

    private let target: VerifyTarget
    private let request: VerifyRequest
    private let addresses: [SocketAddress]
    private let keepAliveRequest: [UInt8]
    private let closingRequest: [UInt8]
    private let period: TimeSpan
    private var connections: [LoadConnection] = []
    private var next: Instant
    /// Due, and without a connection.
    private var waiting: [(number: Int, due: Instant)] = []
    private var isOpen = true
    /// Whether what is answered now is what is usual.
    private var isLearning = true
    private(set) var tally = Tally()

    init(_ target: VerifyTarget, _ request: VerifyRequest) throws(SystemError) {
        self.target = target
        self.request = request
        var addresses: [SocketAddress] = []
        for listener in target.listeners {
            guard let address = try SocketAddress.resolve(listener.address).first else {
                throw SystemError("look up", .noSuchFile, subject: listener.address.description)
            }
            addresses.append(address)
        }
        self.addresses = addresses
        keepAliveRequest = Self.text(target, request, closes: false)
        closingRequest = Self.text(target, request, closes: true)
        period = .nanoseconds(1_000_000_000 / Int64(request.rate))
        next = MonotonicClock.now()
    }

    /// The path was checked when it was read.
    private static func text(_ target: VerifyTarget, _ request: VerifyRequest, closes: Bool) -> [UInt8] {
        let headers: HTTPHeaders = [
            "Host": "localhost", "User-Agent": "koomyctl-verify", "Connection": closes ? "close" : "keep-alive",
        ]
        let head = HTTPRequestHead(method: request.method.rawValue, target: target.path, headers: headers)
        return (try? head.serialized()) ?? []
    }

    /// What is answered from now on is held against what was before.
    mutating func endLearning() { isLearning = false }

    /// No new request from now on.
    mutating func close() {
        isOpen = false
        next = Instant(nanoseconds: .max)
    }

    /// Whether every request that was begun has come to an end.
    var isDone: Bool { !isOpen && waiting.isEmpty && !connections.contains { !$0.isIdle } }

    /// Works until this time, or until everything has ended.
    mutating func run(until end: Instant, beside call: ReloadCall? = nil) throws(SystemError) {
        while true {
            let now = MonotonicClock.now()
            guard now < end, !isDone else { return }
            begin(at: now)
            expire(at: now)
            let limit = min(end, next, connections.contains { !$0.isIdle } ? now + .milliseconds(100) : end) - now
            var entries = connections.map { Poll.Entry($0.socket.number, $0.interest) }
            if let call { entries.append(call.entry) }
            let found = try Poll.wait(entries, atMost: max(.zero, limit))
            if let call, let events = found.last {
                call.proceed(events)
                if call.isOver { handle(found.dropLast()); return }
            }
            handle(found[..<connections.count])
        }
    }

    private mutating func handle(_ found: ArraySlice<Poll.Events>) {
        for (connection, events) in zip(connections, found) where !events.isEmpty {
            take(connection.proceed(events), from: connection)
        }
    }

    // MARK: - Requests

    private mutating func begin(at now: Instant) {
        while next <= now {
            tally.begun += 1
            waiting.append((tally.begun, next))
            next = next + period
        }
        var rest: [(number: Int, due: Instant)] = []
        for one in waiting where !start(one.number, due: one.due, at: now) { rest.append(one) }
        waiting = rest
    }

    /// False where every connection is in use.
    private mutating func start(_ number: Int, due: Instant, at now: Instant) -> Bool {
        let keepsAlive =
            switch request.style {
            case .keepAlive: true
            case .close: false
            case .both: number % 2 == 0
            }
        let listener = (number / 2) % addresses.count
        let dueAt = (WallClock.now().nanoseconds - (now - due).nanoseconds) / 1_000_000
        let text = keepsAlive ? keepAliveRequest : closingRequest
        // As clients do, which look before they use a connection again.
        connections.removeAll { $0.isIdle && $0.hasEnded }
        let kept = connections.filter { $0.keepsAlive && $0.listener == listener }
        // The one that has been idle for longest; the first of them, since one that was used goes to the end.
        if keepsAlive, kept.count >= VerifyRequest.idleConnections, let idle = kept.first(where: \.isIdle) {
            connections.removeAll { $0 === idle }
            connections.append(idle)
            take(idle.ask(text, due: due, dueAt: dueAt), from: idle)
            return true
        }
        guard connections.count < VerifyRequest.mostConnections else { return false }
        do throws(SystemError) {
            let made = try LoadConnection(
                to: addresses[listener],
                listener: listener,
                keepsAlive: keepsAlive,
                method: request.method
            )
            connections.append(made)
            take(made.ask(text, due: due, dueAt: dueAt), from: made)
        } catch {
            // A Unix socket whose accept queue is full; TCP waits by itself.
            if error.errno == .wouldBlock, now - due < VerifyRequest.patience { return false }
            let kind: LoadFailure.Kind =
                error.errno == .connectionRefused || error.errno == .noSuchFile ? .refused : .other("\(error.errno)")
            note(kind, listener: listener, isReused: false, dueAt: dueAt)
        }
        return true
    }

    private mutating func expire(at now: Instant) {
        for connection in connections where !connection.isIdle && now - connection.due >= VerifyRequest.patience {
            take(.failed(.timedOut), from: connection)
        }
    }

    private mutating func take(_ news: LoadConnection.News, from connection: LoadConnection) {
        switch news {
        case .nothing: return
        case .answered(let status, let isReusable):
            let span = MonotonicClock.now() - connection.due
            if isLearning, (400...499).contains(status) { tally.usualStatuses.insert(status) }
            if status >= 400, !tally.usualStatuses.contains(status) {
                fail(.status(status), connection)
            } else {
                tally.ok += 1
                tally.times.append(span)
                if span > request.slow { tally.slow += 1 }
            }
            if isReusable { return }
        case .ended: break
        case .failed(let kind): fail(kind, connection)
        }
        connections.removeAll { $0 === connection }
    }

    private mutating func fail(_ kind: LoadFailure.Kind, _ connection: LoadConnection) {
        note(kind, listener: connection.listener, isReused: connection.answered > 0, dueAt: connection.dueAt)
    }

    private mutating func note(_ kind: LoadFailure.Kind, listener: Int, isReused: Bool, dueAt: Int64) {
        tally.failures.append(
            LoadFailure(
                kind: kind,
                isReused: isReused,
                hasListener: kind != .refused && isListening(listener),
                listener: target.listeners[listener].address.description,
                dueAt: dueAt,
                at: WallClock.now().nanoseconds / 1_000_000
            )
        )
    }

    /// Whether somebody listens now; a connection is made and ended at once.
    private func isListening(_ listener: Int) -> Bool {
        do throws(SystemError) {
            let probe = try StreamSocket.connect(to: addresses[listener])
            return try StreamSocket.pendingError(of: probe.number) != .connectionRefused
        } catch {
            return error.errno != .connectionRefused && error.errno != .noSuchFile
        }
    }
}
