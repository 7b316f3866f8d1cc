import CKoomyLinux
import Glibc

/// A listening socket, inherited or bound by this process.
///
/// It is closed by `close()` only, never by going out of scope: its number may have been given to a library.
public final class Listener {
    /// The name of the listener in the ecosystem file (LISTEN_FDNAMES); `unknown` where none was given.
    public let name: String
    /// `tcp://127.0.0.1:5000`, `unix:/run/app.sock`: what the socket is bound to, with the port that the kernel chose.
    public let address: String
    /// Whether other processes may hold the same open socket, and answer what this one leaves in its queue.
    public let isInherited: Bool
    /// The number of the socket; -1 once closed.
    public private(set) var descriptor: Int32

    init(descriptor: Int32, name: String, isInherited: Bool) throws(WorkerError) {
        var text = [CChar](repeating: 0, count: 160)
        let length = try WorkerError.check(
            koomy_worker_local_address(descriptor, &text, text.count),
            "tell the address of",
            "descriptor \(descriptor)"
        )
        self.address = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.descriptor = descriptor
        self.name = name
        self.isInherited = isInherited
    }

    /// A new listening socket, non-blocking and not passed on to programs that this one starts.
    ///
    /// A Unix socket's file is replaced where nobody serves it any more.
    ///
    /// - Parameters:
    ///   - address: What to bind.
    ///   - name: What to call it.
    ///   - backlog: The length of the accept queue; the kernel cuts it to net.core.somaxconn.
    /// - Returns: The socket, which listens already.
    /// - Throws: `WorkerError` where the address is in use, not ours to bind, or none.
    public static func bind(
        _ address: BindAddress,
        name: String = "default",
        backlog: Int32 = 4096
    ) throws(WorkerError) -> Listener {
        let descriptor =
            switch address {
            case .tcp(nil, let port): koomy_worker_listen_tcp(nil, port, backlog)
            case .tcp(let host?, let port): koomy_worker_listen_tcp(host, port, backlog)
            case .unix(let path): koomy_worker_listen_unix(path, backlog)
            }
        _ = try WorkerError.check(descriptor, "listen on", "\(address)")
        return try Listener(descriptor: descriptor, name: name, isInherited: false)
    }

    /// Whether accept returns at once when there is no connection.
    public var isNonblocking: Bool { koomy_get_flags(descriptor) & O_NONBLOCK != 0 }

    /// Makes accept return at once when another worker was faster.
    ///
    /// The flag belongs to the open socket: every process that shares the listener gets it too (open(2), "file
    /// status flags"). An event loop needs it, since a listener that was readable may be empty again by the time
    /// accept is called; a program that blocks in accept fails on it. All workers of one listener have to agree.
    ///
    /// - Throws: `WorkerError` where the descriptor is closed.
    public func makeNonblocking() throws(WorkerError) {
        guard !isNonblocking else { return }
        _ = try WorkerError.check(koomy_set_nonblocking(descriptor, 1), "make non-blocking", address)
    }

    /// Takes one connection from the queue; nil where there is none, because another worker took it.
    ///
    /// The connection is non-blocking and close-on-exec. The listener should be non-blocking.
    ///
    /// - Returns: The descriptor of the connection, which the caller closes.
    /// - Throws: `WorkerError`, for instance with EMFILE; the connection is then still in the queue.
    public func accept() throws(WorkerError) -> Int32? {
        var peer = sockaddr_storage()
        var length = socklen_t()
        let result = koomy_worker_accept(descriptor, &peer, &length)
        if result == -EAGAIN { return nil }
        return try WorkerError.check(result, "accept from", address)
    }

    /// Gives this process's hold on the socket up; what is queued stays for the others that hold it.
    public func close() {
        guard descriptor >= 0 else { return }
        _ = koomy_close(descriptor)
        descriptor = -1
    }
}
