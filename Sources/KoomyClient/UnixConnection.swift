import Glibc

/// A connected, nonblocking Unix stream socket.
struct UnixConnection: ~Copyable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects; a full accept queue is waited for.
    static func open(path: String, deadline: Deadline) throws(ClientError) -> UnixConnection {
        var address = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity, !path.utf8.contains(0), !path.isEmpty else {
            throw .cannotConnect(path: path, reason: "not a path of at most \(capacity - 1) bytes")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .cannotConnect(path: path, reason: Self.text(of: errno)) }
        let connection = UnixConnection(descriptor: descriptor)
        while true {
            let result = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            let error = result == 0 ? 0 : errno
            switch error {
            case 0: return connection
            case EINTR: continue
            case EAGAIN:
                // unix(7): the queue is full, and nothing tells when it has room.
                guard !deadline.hasPassed else { throw .noAnswer }
                _ = poll(nil, 0, 10)
            case ENOENT, ECONNREFUSED, ENOTDIR, ENOTSOCK: throw .noDaemon(path: path)
            case EACCES, EPERM: throw .noPermission(path: path)
            default: throw .cannotConnect(path: path, reason: Self.text(of: error))
            }
        }
    }

    deinit { close(descriptor) }

    /// Sends everything, or as much as the other side takes before it closes: it may have said why.
    func send(_ bytes: [UInt8], by deadline: Deadline) throws(ClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (count, error) = rest.withUnsafeBytes { buffer in
                let count = Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                return (count, count < 0 ? errno : 0)
            }
            switch error {
            case 0: rest = rest.dropFirst(count)
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT, by: deadline)
            case EPIPE, ECONNRESET: return
            default: throw .unexpected(Self.text(of: error))
            }
        }
    }

    /// What there is, as soon as there is something; empty at the end.
    func receive(by deadline: Deadline) throws(ClientError) -> [UInt8] {
        while true {
            var error: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                error = received < 0 ? errno : 0
                count = max(0, received)
            }
            switch error {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN, by: deadline)
            case ECONNRESET: return []
            default: throw .unexpected(Self.text(of: error))
            }
        }
    }

    private func wait(for events: Int32, by deadline: Deadline) throws(ClientError) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        // Interrupted or not, the caller tries again.
        if poll(&entry, 1, deadline.remainingMilliseconds) == 0, deadline.hasPassed { throw .timedOut }
    }

    private static func text(of error: Int32) -> String { String(cString: strerror(error)) }
}
