import CKoomyLinux
import CMicrohttpd
import Glibc

/// What the HTTP side has to tell; each call comes from inside `HTTPDaemon.run`, on the thread of the loop.
protocol HTTPDaemonDelegate: AnyObject {
    func connectionOpened(_ record: ConnectionRecord)
    /// The descriptor is still open during this call.
    func connectionClosed(_ record: ConnectionRecord)
    /// The request line has come.
    ///
    /// - Returns: The exchange's name, and whether it is too late to answer it.
    func requestBegan(on record: ConnectionRecord) -> (id: ExchangeID, isLate: Bool)
    /// The request is complete.
    ///
    /// - Returns: The response, or nil where `HTTPDaemon.finish` is going to be called.
    func respond(to exchange: Exchange) -> Reply?
    /// Whether the response that is about to be sent ends its connection.
    func saysClose(_ record: ConnectionRecord) -> Bool
    /// The response was sent, or the connection was lost; `isComplete` tells which.
    func requestEnded(_ exchange: Exchange, isComplete: Bool)
}

/// libmicrohttpd without listening socket or thread: connections are given to it, and it runs when the loop says so.
final class HTTPDaemon {
    /// A connection on which nothing moves for this long is closed; idle ones are ended more politely before.
    private static let timeoutSeconds: UInt32 = 120
    /// Bytes for one connection's buffers: a request head up to about this size.
    private static let memoryLimit = 32 << 10

    private unowned let delegate: any HTTPDaemonDelegate
    private var daemon: OpaquePointer?
    /// Readable when there is something to run for.
    private(set) var descriptor: Int32 = -1
    let connectionLimit: UInt32

    init(delegate: any HTTPDaemonDelegate, connectionLimit: UInt32) {
        self.delegate = delegate
        self.connectionLimit = connectionLimit
    }

    /// Starts it; false where the kernel or the library refuses.
    func start() -> Bool {
        var settings = koomy_mhd_settings()
        settings.context = Unmanaged.passUnretained(self).toOpaque()
        settings.handle = { context, connection, _, method, _, data, size, request in
            HTTPDaemon.from(context)?.handle(connection, method, data, size, request) ?? .NO
        }
        settings.completed = { context, _, request, code in
            HTTPDaemon.from(context)?.completed(request, code)
        }
        settings.connection = { context, connection, slot, code in
            HTTPDaemon.from(context)?.notify(connection, slot, code)
        }
        settings.begin = { context, target, connection in
            HTTPDaemon.from(context)?.begin(target, connection)
        }
        settings.connection_limit = connectionLimit
        settings.timeout_seconds = Self.timeoutSeconds
        settings.memory_limit = Self.memoryLimit
        daemon = koomy_mhd_start(&settings)
        guard let daemon else { return false }
        descriptor = koomy_mhd_epoll_descriptor(daemon)
        return descriptor >= 0
    }

    /// Milliseconds after which `run` has to be called though nothing is readable; nil for never.
    var timeout: Int32? {
        var milliseconds: UInt64 = 0
        guard MHD_get_timeout(daemon, &milliseconds) == .YES else { return nil }
        return Int32(clamping: milliseconds)
    }

    /// Reads, answers and writes whatever can be, without waiting.
    func run() { _ = MHD_run(daemon) }

    /// Gives a connection over; it is closed by the library.
    func add(_ descriptor: Int32, peer: UnsafePointer<sockaddr>, peerSize: socklen_t) -> Bool {
        MHD_add_connection(daemon, descriptor, peer, peerSize) == .YES
    }

    /// Frees the library's memory; no exchange may be waiting.
    func stop() {
        MHD_stop_daemon(daemon)
        daemon = nil
    }

    /// Sends the response of an exchange that was told to wait.
    func finish(_ exchange: Exchange, with reply: Reply) {
        exchange.reply = reply
        MHD_resume_connection(exchange.connection)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPDaemon? {
        context.map { Unmanaged<HTTPDaemon>.fromOpaque($0).takeUnretainedValue() }
    }

    private func record(of connection: OpaquePointer) -> ConnectionRecord? {
        koomy_mhd_connection_context(connection).map {
            Unmanaged<ConnectionRecord>.fromOpaque($0).takeUnretainedValue()
        }
    }

    private var nextConnection: ConnectionID = 0

    private func notify(
        _ connection: OpaquePointer?,
        _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        _ code: MHD_ConnectionNotificationCode
    ) {
        guard let connection, let slot else { return }
        if code == .CONNECTION_NOTIFY_STARTED {
            nextConnection += 1
            let record = ConnectionRecord(id: nextConnection, descriptor: koomy_mhd_connection_descriptor(connection))
            slot.pointee = Unmanaged.passRetained(record).toOpaque()
            delegate.connectionOpened(record)
        } else if let pointer = slot.pointee {
            slot.pointee = nil
            delegate.connectionClosed(Unmanaged<ConnectionRecord>.fromOpaque(pointer).takeRetainedValue())
        }
    }

    private func begin(_ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?) -> UnsafeMutableRawPointer? {
        guard let target, let connection, let record = record(of: connection) else { return nil }
        let (id, isLate) = delegate.requestBegan(on: record)
        let exchange = Exchange(
            id: id,
            record: record,
            connection: connection,
            target: String(cString: target),
            isLate: isLate
        )
        return Unmanaged.passRetained(exchange).toOpaque()
    }

    /// Called once for the head, once for each piece of the body, and once at the end; again when resumed.
    private func handle(
        _ connection: OpaquePointer?,
        _ method: UnsafePointer<CChar>?,
        _ data: UnsafePointer<CChar>?,
        _ size: UnsafeMutablePointer<Int>?,
        _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard let connection, let method, let size, let pointer = request?.pointee,
            let record = record(of: connection)
        else { return .NO }
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
        guard !exchange.isLate else { return .NO }
        if !exchange.hasHead {
            guard let refusal = exchange.headArrived(method: String(cString: method)) else { return .YES }
            return send(refusal, for: exchange, on: record)
        }
        if size.pointee > 0 {
            let isBearable = exchange.bodyArrived(UnsafeRawBufferPointer(start: data, count: size.pointee))
            size.pointee = 0
            return isBearable ? .YES : .NO
        }
        guard let reply = exchange.reply ?? delegate.respond(to: exchange) else {
            MHD_suspend_connection(connection)
            return .YES
        }
        return send(reply, for: exchange, on: record)
    }

    private func send(_ reply: Reply, for exchange: Exchange, on record: ConnectionRecord) -> MHD_Result {
        exchange.reply = reply
        let saysClose = delegate.saysClose(record)
        record.mayHaveMore = saysClose || reply.endsConnection
        return reply.queue(on: exchange.connection, saysClose: saysClose)
    }

    private func completed(
        _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        _ code: MHD_RequestTerminationCode
    ) {
        guard let pointer = request?.pointee else { return }
        request?.pointee = nil
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
        delegate.requestEnded(exchange, isComplete: code == .REQUEST_TERMINATED_COMPLETED_OK)
    }
}
