import CKoomyLinux
import Glibc

/// Unix sockets that keep the bounds of messages, and carry descriptors with them (unix(7), SOCK_SEQPACKET).
package enum PacketSocket {
    /// One message.
    package struct Message: Sendable {
        /// At least one.
        package var bytes: [UInt8]
        package var descriptors: [SharedDescriptor]
        /// Who sent it, as the kernel vouches for it.
        package var sender: PeerCredentials
    }

    /// What there was to receive.
    package enum Reception: Sendable {
        case message(Message)
        /// Nothing now.
        case nothing
        /// The peer has closed its end, and everything that it sent was received.
        case end
    }

    /// The most descriptors that a message may have here; the kernel takes 253.
    package static let mostDescriptors = 64

    /// Listens at a path that only its owner may connect to; the socket never waits.
    ///
    /// The file that a dead process left there is replaced. Connections are taken by `StreamSocket.accept`, and every
    /// message that comes over one says who sent it.
    package static func listen(at path: String, backlog: Int32 = 16) throws(SystemError) -> FileDescriptor {
        let owner = UnixSocketFile.Owner()
        let socket = try UnixSocketFile.bind(type: SOCK_SEQPACKET, path: path, mode: 0o600, owner: owner)
        do throws(SystemError) {
            // Handed on to the connections by accept(2).
            try check(koomy_set_pass_credentials(socket.number), "set SO_PASSCRED", path)
            try check(koomy_listen(socket.number, backlog), "listen", path)
            try socket.setNonblocking(true)
        } catch {
            _ = koomy_unlink(path)
            throw error
        }
        return socket
    }

    /// Connects without waiting; throws ECONNREFUSED where nobody listens, EAGAIN where the queue is full.
    package static func connect(to path: String) throws(SystemError) -> FileDescriptor {
        let address = try SocketAddress.unix(path)
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = FileDescriptor(owning: try check(koomy_socket(AF_UNIX, type), "socket", path))
        let number = socket.number
        try check(koomy_set_pass_credentials(number), "set SO_PASSCRED", path)
        try withUnsafePointer(to: address.kernel) { (kernel) throws(SystemError) in
            _ = try check(koomy_connect(number, kernel), "connect", path)
        }
        return socket
    }

    /// Two connected sockets that never wait.
    package static func pair() throws(SystemError) -> StreamSocket.Pair {
        var ends: [Int32] = [-1, -1]
        try check(koomy_socket_pair(Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue), &ends), "socketpair")
        let pair = StreamSocket.Pair(first: FileDescriptor(owning: ends[0]), second: FileDescriptor(owning: ends[1]))
        try check(koomy_set_pass_credentials(pair.first.number), "set SO_PASSCRED")
        try check(koomy_set_pass_credentials(pair.second.number), "set SO_PASSCRED")
        return pair
    }

    /// Sends one message with copies of these descriptors; false where there is no room for it now.
    ///
    /// Throws EINVAL for a message without bytes, which its receiver would take for the end, and E2BIG for too many
    /// descriptors.
    package static func send(
        _ bytes: [UInt8],
        descriptors: [Int32] = [],
        over socket: Int32
    ) throws(SystemError) -> Bool {
        guard !bytes.isEmpty else { throw SystemError("send a message", .invalidArgument, hint: "it is empty") }
        guard descriptors.count <= mostDescriptors else { throw SystemError("send a message", Errno(E2BIG)) }
        let result = koomy_send(socket, bytes, bytes.count, descriptors, descriptors.count, nil)
        // ETOOMANYREFS: as many as this user may have open are on their way and not received yet.
        if result == -Int(EAGAIN) || result == -Int(ETOOMANYREFS) { return false }
        try check(result, "send a message")
        return true
    }

    /// Receives one message of at most `most` bytes without waiting.
    ///
    /// Throws EMSGSIZE for one that was longer, or had more descriptors than `mostDescriptors` or than this process may
    /// have; all its descriptors are closed then, and the next message can be received.
    package static func receive(from socket: Int32, most: Int = 4_096) throws(SystemError) -> Reception {
        var message = koomy_message()
        var size = 0
        var numbers = [Int32](repeating: -1, count: mostDescriptors)
        let bytes = numbers.withUnsafeMutableBufferPointer { numbers in
            [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
                message.bytes = UnsafeMutableRawPointer(buffer.baseAddress)
                message.capacity = buffer.count
                message.descriptors = numbers.baseAddress
                message.descriptor_capacity = numbers.count
                repeat {
                    size = koomy_receive(socket, &message, 0)
                    // Told once, before what it sent: the peer has gone and left something of ours unread.
                } while size == -Int(ECONNRESET)
                count = max(0, min(size, buffer.count))
            }
        }
        if size == -Int(EAGAIN) { return .nothing }
        try check(size, "receive a message")
        let descriptors = numbers.prefix(message.descriptor_count).map {
            SharedDescriptor(FileDescriptor(owning: $0))
        }
        guard message.is_truncated == 0, message.lost_descriptors == 0 else {
            throw SystemError("receive a message", .messageTooLong)
        }
        guard size > 0 else { return .end }
        guard message.has_credentials != 0 else {
            throw SystemError("receive a message", .notSupported, hint: "SO_PASSCRED is not set")
        }
        let sender = PeerCredentials(message.credentials)
        return .message(Message(bytes: bytes, descriptors: descriptors, sender: sender))
    }
}
