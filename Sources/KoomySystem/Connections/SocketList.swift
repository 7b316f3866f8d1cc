import CKoomyLinux
import Glibc

/// Where a stream socket is bound.
package enum LocalAddress: Hashable, Sendable {
    case port(UInt16)
    case path(String)
}

/// A list of the sockets of one kind, which the kernel gives in parts (sock_diag(7)).
struct SocketList: ~Copyable {
    enum Family: CaseIterable {
        case internet4, internet6, unix

        fileprivate var number: Int32 {
            switch self {
            case .internet4: AF_INET
            case .internet6: AF_INET6
            case .unix: AF_UNIX
            }
        }
    }

    enum State {
        case connected, listening

        fileprivate var bits: UInt32 {
            switch self {
            case .connected: KOOMY_DIAG_CONNECTED.rawValue
            case .listening: KOOMY_DIAG_LISTENING.rawValue
            }
        }
    }

    private let socket: FileDescriptor

    /// Asks for a list of the sockets in our network namespace.
    ///
    /// - Throws: ENOENT where the kernel was built without it.
    init(_ family: Family, _ state: State) throws(SystemError) {
        let opened = FileDescriptor(owning: try check(koomy_diag_open(), "open sock_diag"))
        try check(koomy_diag_ask(opened.number, family.number, state.bits), "list sockets")
        socket = consume opened
    }

    /// Takes the next part; some tens of microseconds.
    ///
    /// - Parameter take: Called with the inode and the address of each socket that a process has and that is bound.
    /// - Returns: Whether that was the last part.
    /// - Throws: What the kernel answers instead of a list.
    func next(_ take: (UInt64, LocalAddress) -> Void) throws(SystemError) -> Bool {
        var isOver: Int32 = 0
        let capacity = Int(KOOMY_DIAG_ROOM)
        let result = withUnsafeTemporaryAllocation(of: koomy_diag_socket.self, capacity: capacity) { sockets in
            let count = koomy_diag_receive(socket.number, sockets.baseAddress, capacity, &isOver)
            for index in 0..<max(0, count) {
                withUnsafePointer(to: &sockets[index]) { entry in
                    guard entry.pointee.inode != 0, let address = LocalAddress(entry) else { return }
                    take(entry.pointee.inode, address)
                }
            }
            return count
        }
        try check(result, "list sockets")
        return isOver != 0
    }
}

extension LocalAddress {
    fileprivate init?(_ socket: UnsafePointer<koomy_diag_socket>) {
        if socket.pointee.port != 0 {
            self = .port(socket.pointee.port)
            return
        }
        let length = Int(socket.pointee.path_length)
        guard length > 0 else { return nil }
        self = withUnsafeBytes(of: socket.pointee.path) { .path(String(decoding: $0.prefix(length), as: UTF8.self)) }
    }
}
