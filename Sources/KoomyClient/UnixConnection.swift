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
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if try waitUntil(POLLOUT, by: deadline) == .closed {
                return
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
            _ = try waitUntil(POLLIN, by: deadline)
        }
    }

    private enum Readiness { case usable, closed }

    /// Waits until something can be done, or the other side has closed.
    private func waitUntil(_ events: Int32, by deadline: Deadline) throws(ClientError) -> Readiness {
        var entry = pollfd(fd: socket.number, events: Int16(events), revents: 0)
        // Interrupted or not, the caller tries again.
        let count = poll(&entry, 1, deadline.remainingMilliseconds)
        if count == 0, deadline.hasPassed { throw .timedOut }
        return count > 0 && Int32(entry.revents) & (POLLERR | POLLHUP) != 0 ? .closed : .usable
    }
}
