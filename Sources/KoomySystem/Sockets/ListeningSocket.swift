import CKoomyLinux
import Glibc
package import KoomyModel

/// A socket that listens, held for workers to accept from.
package struct ListeningSocket: ~Copyable, Sendable {
    package var descriptor: FileDescriptor
    /// Where it listens, with the port that the kernel chose where 0 was asked for.
    package let address: ListenAddress
    /// What is not as it was asked for, and does not keep it from working.
    package let warning: String?
    /// The file of a Unix socket, so that only this one is removed.
    package let file: FileIdentity?

    /// Binds and listens.
    package static func open(_ spec: ListenerSpec) throws(SystemError) -> ListeningSocket {
        switch spec.address {
        case .tcp(let host, let port): try openInternet(spec, host: host, port: port)
        case .unix(let path): try UnixSocketFile.listen(spec, path: path)
        }
    }

    /// A socket on a port of 127.0.0.1 that the kernel chooses, for asking one worker and no other.
    package static func openPrivate() throws(SystemError) -> ListeningSocket {
        try open(ListenerSpec(name: "probe", address: .tcp(host: "127.0.0.1", port: 0), backlog: 16))
    }

    /// What a descriptor that came from elsewhere, as from systemd, listens on; throws where it does not listen.
    package static func adopt(_ descriptor: consuming FileDescriptor) throws(SystemError) -> ListeningSocket {
        guard try check(koomy_is_listening(descriptor.number), "adopt a listener") == 1 else {
            throw SystemError("adopt a listener", .invalidArgument, hint: "the socket does not listen")
        }
        let address = try SocketAddress.local(of: descriptor.number).listenAddress
        let file: FileIdentity? = if case .unix(let path) = address { FileIdentity(at: path) } else { nil }
        return ListeningSocket(descriptor: descriptor, address: address, warning: nil, file: file)
    }

    /// Gives up everything but the descriptor.
    package consuming func takeDescriptor() -> FileDescriptor { descriptor }

    /// Removes the file of a Unix socket, if it is still the one that was made for this socket.
    package borrowing func removeFile() {
        guard case .unix(let path) = address, let file, FileIdentity(at: path) == file else { return }
        _ = koomy_unlink(path)
    }

    private static func openInternet(
        _ spec: ListenerSpec,
        host: String,
        port: UInt16
    ) throws(SystemError) -> ListeningSocket {
        var first: SystemError?
        for address in try SocketAddress.resolveForListening(host: host, port: port) {
            do throws(SystemError) {
                return try openInternet(spec, at: address, isDualStack: host == "*" || host.isEmpty)
            } catch  where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errno.number) {
                // IPv6 is off here, or that name's address is not one of this machine's: the next may do.
                first = first ?? error
            }
        }
        throw first ?? SystemError("look up host", .noSuchFile, subject: host)
    }

    private static func openInternet(
        _ spec: ListenerSpec,
        at address: SocketAddress,
        isDualStack: Bool
    ) throws(SystemError) -> ListeningSocket {
        let subject = spec.address.description
        let socket = FileDescriptor(
            owning: try check(koomy_socket(address.family, Int32(SOCK_STREAM.rawValue)), "socket", subject)
        )
        try check(koomy_set_reuse_address(socket.number), "set SO_REUSEADDR", subject)
        if spec.reusePort { try check(koomy_set_reuse_port(socket.number), "set SO_REUSEPORT", subject) }
        if isDualStack && address.family == AF_INET6 {
            try check(koomy_set_v6_only(socket.number, 0), "clear IPV6_V6ONLY", subject)
        }
        do throws(SystemError) {
            try withUnsafePointer(to: address.kernel) { (kernel) throws(SystemError) in
                _ = try check(koomy_bind(socket.number, kernel), "bind", subject)
            }
            // Two sockets with SO_REUSEADDR may both bind; the second learns of the first here.
            try check(koomy_listen(socket.number, spec.backlog), "listen", subject)
        } catch {
            throw error.explained()
        }
        if spec.nonblocking { try socket.setNonblocking(true) }
        let local = try SocketAddress.local(of: socket.number)
        return ListeningSocket(
            descriptor: socket,
            address: local.listenAddress,
            warning: Backlog.warning(spec.backlog),
            file: nil
        )
    }
}

extension ListeningSocket {
    /// How many connections wait to be accepted; nil for a Unix socket, of which the kernel does not tell.
    package var queueLength: Int? {
        let length = koomy_accept_queue(descriptor.number)
        return length < 0 ? nil : Int(length)
    }
}

extension SystemError {
    /// Adds the advice that the usual mistakes need.
    fileprivate func explained() -> SystemError {
        switch errno {
        case .addressInUse: withHint("something else listens there; see ss -ltnp")
        case .permissionDenied: withHint("ports below net.ipv4.ip_unprivileged_port_start need root")
        case .addressNotAvailable: withHint("no interface of this machine has that address")
        default: self
        }
    }
}

/// The length of the accept queue, which the kernel cuts without a word (listen(2)).
enum Backlog {
    static func warning(_ wanted: Int32) -> String? {
        guard let limit = ProcFS.number(in: "/proc/sys/net/core/somaxconn"), limit < Int64(wanted) else { return nil }
        return "the accept queue holds \(limit), not \(wanted): net.core.somaxconn is lower"
    }
}
