import CMicrohttpd
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
    let handler: (HTTPRequest) -> HTTPAnswer
    private var daemon: OpaquePointer?
    var acceptor: HTTPAcceptor?
    private var source: IOSource?
    private var nextRound: DeferredSource?
    private var deadlineTimer: TimerSource?
    /// When `deadlineTimer` fires; nil while it is not armed.
    private var nextDeadline: Instant?
    var connections: [Int32: HTTPConnection] = [:]
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
        var daemon: OpaquePointer?
        try check(koomy_mhd_control_start(&settings, &daemon), "start libmicrohttpd")
        guard let daemon else { throw SystemError("start libmicrohttpd", .invalidArgument) }
        self.daemon = daemon
        source = try loop.io(koomy_mhd_epoll_descriptor(daemon)) { [weak self] _ in self?.run() }
        nextRound = try loop.deferred { [weak self] in self?.run() }
        deadlineTimer = try loop.timer(accuracy: .milliseconds(100)) { [weak self] in self?.cutExpired() }
    }

    isolated deinit { stop() }

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
        source.remove()
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
        let now = loop.now
        for connection in connections.values {
            guard let deadline = connection.deadline else { continue }
            if deadline <= now { connection.cut() } else { expects(deadline) }
        }
    }
}
