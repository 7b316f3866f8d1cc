import CMicrohttpd
import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// HTTP/1.1 on a Unix socket, by libmicrohttpd inside the event loop: its epoll descriptor is watched, it has no thread.
///
/// Connections that wait for the next bytes of a stream are suspended. All deadlines are kept here, because those of
/// libmicrohttpd begin again with each byte.
final class HTTPServer {
    let loop: EventLoop
    let limits: HTTPLimits
    private let handler: (HTTPRequest) -> HTTPAnswer
    private var daemon: OpaquePointer?
    private var acceptor: HTTPAcceptor?
    private var source: IOSource?
    private var nextRound: DeferredSource?
    private var deadlineTimer: TimerSource?
    /// When `deadlineTimer` fires; nil while it is not armed.
    private var nextDeadline: Instant?
    private var connections: [Int32: HTTPConnection] = [:]
    private var isRunning = false
    private var isClosing = false
    /// How often libmicrohttpd has had its turn.
    private(set) var rounds: UInt64 = 0

    init(
        loop: EventLoop,
        listener: consuming FileDescriptor,
        limits: HTTPLimits,
        handler: @escaping (HTTPRequest) -> HTTPAnswer
    ) throws(SystemError) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
        acceptor = try HTTPAcceptor(loop: loop, listener: listener) { [weak self] client in self?.adopt(client) }
        var settings = HTTPCallbacks.settings
        settings.context = Unmanaged.passUnretained(self).toOpaque()
        settings.connection_limit = UInt32(limits.connections)
        settings.memory_limit = limits.head
        guard let daemon = koomy_mhd_start(&settings) else {
            throw SystemError("start libmicrohttpd", .tooManyOpenFiles)
        }
        self.daemon = daemon
        source = try loop.io(koomy_mhd_epoll_descriptor(daemon)) { [weak self] _ in self?.run() }
        nextRound = try loop.deferred { [weak self] in self?.run() }
        deadlineTimer = try loop.timer(accuracy: .milliseconds(100)) { [weak self] in self?.cutExpired() }
    }

    isolated deinit { stop() }

    var now: Instant { loop.now }

    /// Clients that are connected.
    var connectionCount: Int { connections.count }

    /// How often accept(2) has failed.
    var acceptFailures: UInt64 { acceptor?.failures ?? 0 }

    /// Serves nobody any more; what is in the buffers goes out as far as clients take it at once.
    func close() {
        acceptor = nil
        isClosing = true
        // libmicrohttpd cannot be stopped by something that it has called.
        if !isRunning { stop() }
    }

    private func stop() {
        guard let daemon else { return }
        acceptor = nil
        for connection in connections.values { connection.exchange?.stream?.end() }
        isRunning = true
        var wait: UInt64 = 0
        for _ in 0..<8 {
            MHD_run(daemon)
            guard MHD_get_timeout(daemon, &wait) == .YES, wait == 0 else { break }
        }
        source = nil
        nextRound = nil
        deadlineTimer = nil
        // It must not be stopped while a connection is suspended.
        for connection in connections.values { connection.resume() }
        self.daemon = nil
        MHD_stop_daemon(daemon)
        isRunning = false
    }

    private func adopt(_ client: consuming FileDescriptor) {
        guard let daemon else { return }
        _ = koomy_mhd_control_add(daemon, client.release())
    }

    private func run() {
        guard let daemon, !isRunning else { return }
        isRunning = true
        rounds += 1
        MHD_run(daemon)
        isRunning = false
        guard !isClosing else {
            stop()
            return
        }
        // It has no time-outs of its own, so there is nothing between at once and never.
        var milliseconds: UInt64 = 0
        if MHD_get_timeout(daemon, &milliseconds) == .YES { wake() }
    }

    /// Gives libmicrohttpd a turn soon; it does not make its epoll descriptor ready for what it was told by us.
    func wake() { nextRound?.schedule() }

    /// Makes sure that the timer fires at this time, or before.
    func expects(_ deadline: Instant) {
        if let nextDeadline, nextDeadline <= deadline { return }
        nextDeadline = deadline
        deadlineTimer?.arm(at: deadline)
    }

    private func cutExpired() {
        nextDeadline = nil
        let now = now
        for connection in connections.values {
            guard let deadline = connection.deadline else { continue }
            if deadline <= now { connection.cut() } else { expects(deadline) }
        }
    }
}

extension HTTPServer {
    /// libmicrohttpd has taken over a connection.
    func begin(_ raw: OpaquePointer, descriptor: Int32) {
        let connection = HTTPConnection(raw, descriptor: descriptor, server: self)
        connections[descriptor] = connection
        connection.expire(after: limits.requestTime)
        acceptor?.isFull = connections.count >= limits.connections
    }

    /// libmicrohttpd is about to close the descriptor.
    func end(descriptor: Int32) {
        connections.removeValue(forKey: descriptor)?.endExchange()
        acceptor?.isFull = connections.count >= limits.connections
    }

    /// A request line has come.
    func beginExchange(descriptor: Int32, target: String) {
        connections[descriptor]?.exchange = HTTPConnection.Exchange(target: target)
    }

    /// An answer is complete, or will never be.
    func endExchange(descriptor: Int32) { connections[descriptor]?.endExchange() }

    /// The head of a request has come, then pieces of its body, then its end; false closes the connection.
    func handle(
        _ raw: OpaquePointer,
        descriptor: Int32,
        method: String,
        declaredLength: Int?,
        piece: UnsafeRawBufferPointer
    ) -> Bool {
        guard let connection = connections[descriptor], var exchange = connection.exchange else { return false }
        guard exchange.hasHead else {
            exchange.hasHead = true
            connection.exchange = exchange
            // Refused before the client sends it, where it waits for leave to (RFC 9110, 10.1.1).
            if let declaredLength, declaredLength > limits.body { return answer(raw, connection, method, body: nil) }
            return true
        }
        if piece.isEmpty {
            return answer(raw, connection, method, body: exchange.discarded > 0 ? nil : exchange.body)
        }
        // The array is changed in place, not copied.
        connection.exchange = nil
        if exchange.discarded == 0, exchange.body.count + piece.count <= limits.body {
            exchange.body += piece
        } else {
            exchange.body = []
            exchange.discarded += piece.count
        }
        connection.exchange = exchange
        return exchange.discarded <= limits.discardedBody
    }

    private func answer(_ raw: OpaquePointer, _ connection: HTTPConnection, _ method: String, body: [UInt8]?) -> Bool {
        guard let peer = try? PeerCredentials(of: connection.descriptor), let target = connection.exchange?.target
        else { return false }
        connection.exchange?.body = []
        connection.expire(after: limits.answerTime)
        switch handler(HTTPRequest(method: method, target: target, body: body, peer: peer)) {
        case .complete(let reply): return queue(reply, on: raw)
        case .stream(let stream, let contentType):
            connection.begin(stream)
            return queue(stream, contentType, on: raw)
        }
    }

    private func queue(_ reply: HTTPReply, on raw: OpaquePointer) -> Bool {
        var body = reply.body
        guard let response = MHD_create_response_from_buffer(body.count, &body, .RESPMEM_MUST_COPY) else {
            return false
        }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", reply.contentType)
        for header in reply.headers { MHD_add_response_header(response, header.name, header.value) }
        return MHD_queue_response(raw, reply.status, response) == .YES
    }

    private func queue(_ stream: ResponseStream, _ contentType: String, on raw: OpaquePointer) -> Bool {
        // Released by the callback that frees the response's context.
        let context = Unmanaged.passRetained(stream)
        guard
            let response = MHD_create_response_from_callback(
                .max,  // MHD_SIZE_UNKNOWN
                4_096,
                HTTPCallbacks.read,
                context.toOpaque(),
                HTTPCallbacks.free
            )
        else {
            context.release()
            return false
        }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", contentType)
        return MHD_queue_response(raw, 200, response) == .YES
    }
}
