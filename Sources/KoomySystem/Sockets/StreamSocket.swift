import CKoomyLinux
import Glibc
package import KoomyModel

/// Connections, from either side.
package enum StreamSocket {
    /// Begins to connect, never waiting; the socket is writable when it is connected or has failed, which
    /// `pendingError` tells.
    package static func connect(to address: SocketAddress) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = FileDescriptor(owning: try check(koomy_socket(address.family, type), "socket"))
        let number = socket.number
        try withUnsafePointer(to: address.kernel) { (kernel) throws(SystemError) in
            _ = try check(koomy_connect(number, kernel), "connect", address.listenAddress.description)
        }
        return socket
    }

    /// Connects and returns a blocking socket, for programs without a loop.
    package static func connectAndWait(to address: ListenAddress) throws(SystemError) -> FileDescriptor {
        var first: SystemError?
        for one in try SocketAddress.resolve(address) {
            do throws(SystemError) {
                let type = Int32(SOCK_STREAM.rawValue)
                let socket = FileDescriptor(owning: try check(koomy_socket(one.family, type), "socket"))
                let number = socket.number
                try withUnsafePointer(to: one.kernel) { (kernel) throws(SystemError) in
                    _ = try check(koomy_connect_and_wait(number, kernel), "connect", address.description)
                }
                return socket
            } catch {
                first = first ?? error
            }
        }
        throw first ?? SystemError("connect", .addressNotAvailable, subject: address.description)
    }

    /// Why a connection that was begun has failed; nil where it has not.
    package static func pendingError(of socket: Int32) throws(SystemError) -> Errno? {
        let number = try check(koomy_socket_error(socket), "get SO_ERROR")
        return number == 0 ? nil : Errno(number)
    }

    /// Takes a connection; nil where none waits on a nonblocking listener, or the one that did has gone again.
    package static func accept(from listener: Int32, nonblocking: Bool = true) throws(SystemError) -> FileDescriptor? {
        let number = koomy_accept(listener, nonblocking ? Int32(SOCK_NONBLOCK.rawValue) : 0)
        switch -number {
        case EAGAIN, ECONNABORTED: return nil
        default: return FileDescriptor(owning: try check(number, "accept"))
        }
    }

    /// Tells the peer that nothing more comes, and goes on reading.
    package static func shutdownWriting(_ socket: Int32) throws(SystemError) {
        try check(koomy_shutdown_writing(socket), "shutdown")
    }

    /// Two connected Unix sockets.
    package static func pair() throws(SystemError) -> Pair {
        var ends: [Int32] = [-1, -1]
        try check(koomy_socket_pair(Int32(SOCK_STREAM.rawValue), &ends), "socketpair")
        return Pair(first: FileDescriptor(owning: ends[0]), second: FileDescriptor(owning: ends[1]))
    }

    package struct Pair: ~Copyable, Sendable {
        package var first: FileDescriptor
        package var second: FileDescriptor
    }
}
