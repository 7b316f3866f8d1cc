import CKoomyLinux
import Glibc
import KoomyModel
import KoomySystem

/// A connected, nonblocking Unix stream socket.
struct UnixConnection: ~Copyable {
    private let socket: FileDescriptor

    private init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Connects; a full accept queue is waited for.
    static func open(path: String, deadline: Deadline) throws(ClientError) -> UnixConnection {
        while true {
            do throws(SystemError) {
                return UnixConnection(try StreamSocket.connect(to: SocketAddress.unix(path)))
            } catch {
                switch error.errno {
                case .wouldBlock:
                    // unix(7): the queue is full, and nothing tells when it has room.
                    guard !deadline.hasPassed else { throw .noAnswer }
                    _ = poll(nil, 0, 10)
                case .noSuchFile, .connectionRefused, .notDirectory, .notSocket: throw .noDaemon(path: path)
                case .permissionDenied, .notPermitted: throw .noPermission(path: path)
                default: throw .cannotConnect(path: path, reason: error.errno.description)
                }
            }
        }
    }

    /// Sends everything, or as much as the other side takes before it closes: it may have said why.
    func send(_ bytes: [UInt8], by deadline: Deadline) throws(ClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { koomy_send(socket.number, $0.baseAddress, $0.count, nil, 0, nil) }
            switch count {
            case 0...: rest = rest.dropFirst(count)
            case -Int(EAGAIN): try wait(for: POLLOUT, by: deadline)
            case -Int(EPIPE), -Int(ECONNRESET): return
            default: throw .unexpected(Errno(Int32(clamping: -count)).description)
            }
        }
    }

    /// What there is, as soon as there is something; empty at the end.
    func receive(by deadline: Deadline) throws(ClientError) -> [UInt8] {
        while true {
            do throws(SystemError) {
                if let bytes = try socket.read(most: 65_536) { return bytes }
            } catch {
                // A daemon that was killed with bytes unread.
                guard error.errno != Errno(ECONNRESET) else { return [] }
                throw .unexpected(error.errno.description)
            }
            try wait(for: POLLIN, by: deadline)
        }
    }

    private func wait(for events: Int32, by deadline: Deadline) throws(ClientError) {
        var entry = pollfd(fd: socket.number, events: Int16(events), revents: 0)
        // Interrupted or not, the caller tries again.
        if poll(&entry, 1, deadline.remainingMilliseconds) == 0, deadline.hasPassed { throw .timedOut }
    }
}
