import CKoomyLinux
import Glibc
package import KoomyModel

/// The file by which a Unix socket is reached.
package enum UnixSocketFile {
    /// Binds and listens, after a file that a dead process left behind is out of the way.
    package static func listen(_ spec: ListenerSpec, path: String) throws(SystemError) -> ListeningSocket {
        let owner = try Owner(spec)
        let socket = try bind(type: SOCK_STREAM, path: path, mode: spec.mode, owner: owner)
        do throws(SystemError) {
            try check(koomy_listen(socket.number, spec.backlog), "listen", path)
        } catch {
            _ = koomy_unlink(path)
            throw error
        }
        if spec.nonblocking { try socket.setNonblocking(true) }
        return ListeningSocket(
            descriptor: socket,
            address: .unix(path: path),
            warning: Backlog.warning(spec.backlog),
            file: FileIdentity(at: path)
        )
    }

    /// Who a socket's file belongs to; -1 leaves it as it is (chown(2)).
    struct Owner {
        var userID = UInt32.max
        var groupID = UInt32.max

        init(userID: UInt32? = nil, groupID: UInt32? = nil) {
            self.userID = userID ?? .max
            self.groupID = groupID ?? .max
        }

        init(_ spec: ListenerSpec) throws(SystemError) {
            if let user = spec.user { userID = try Accounts.resolveUserID(user) }
            if let group = spec.group { groupID = try Accounts.group(group) }
        }

        var isGiven: Bool { userID != .max || groupID != .max }
    }

    /// A bound socket whose file has its mode and owner before anybody can be let in.
    static func bind(
        type: __socket_type,
        path: String,
        mode: UInt32?,
        owner: Owner
    ) throws(SystemError) -> FileDescriptor {
        let address = try SocketAddress.unix(path)
        let socket = FileDescriptor(owning: try check(koomy_socket(AF_UNIX, Int32(type.rawValue)), "socket", path))
        // The file gets the mode that the socket has when it is bound, so it is never wider than wanted (unix(7)).
        if mode != nil || owner.isGiven {
            try check(koomy_change_mode_of(socket.number, (mode ?? 0o600) & 0o600), "chmod", path)
        }
        do throws(SystemError) {
            try bind(socket, address, path)
        } catch  where error.errno == .addressInUse {
            try removeStale(path, address, type: type)
            try bind(socket, address, path)
        }
        do throws(SystemError) {
            if owner.isGiven { try check(koomy_change_owner(path, owner.userID, owner.groupID), "chown", path) }
            if let mode = mode ?? (owner.isGiven ? 0o660 : nil) {
                try check(koomy_change_mode(path, mode), "chmod", path)
            }
        } catch {
            _ = koomy_unlink(path)
            throw error
        }
        return socket
    }

    private static func bind(
        _ socket: borrowing FileDescriptor,
        _ address: SocketAddress,
        _ path: String
    ) throws(SystemError) {
        let number = socket.number
        try withUnsafePointer(to: address.kernel) { (kernel) throws(SystemError) in
            _ = try check(koomy_bind(number, kernel), "bind", path)
        }
    }

    /// Removes a socket's file that nobody listens on; anything else stays and is an error.
    private static func removeStale(_ path: String, _ address: SocketAddress, type: __socket_type) throws(SystemError) {
        var status = koomy_file_status()
        try check(koomy_status_at(path, 0, &status), "bind", path)
        guard status.mode & S_IFMT == S_IFSOCK else {
            throw SystemError("bind", .fileExists, subject: path, hint: "it is there already, and no socket")
        }
        let nonblocking = Int32(type.rawValue | SOCK_NONBLOCK.rawValue)
        let probe = FileDescriptor(owning: try check(koomy_socket(AF_UNIX, nonblocking), "socket", path))
        let result = withUnsafePointer(to: address.kernel) { koomy_connect(probe.number, $0) }
        switch Errno(-result) {
        case .connectionRefused: try check(koomy_unlink(path), "remove the stale socket", path)
        // It went away by itself.
        case .noSuchFile: break
        case .permissionDenied:
            throw SystemError("bind", .addressInUse, subject: path, hint: "a socket of another user is there")
        default:
            throw SystemError("bind", .addressInUse, subject: path, hint: "a living process listens there")
        }
    }
}
