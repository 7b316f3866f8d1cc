import CKoomyLinux
import Glibc

/// A Unix datagram socket with a path, whose messages say who sent them: what NOTIFY_SOCKET names (sd_notify(3)).
package struct DatagramSocket: ~Copyable, Sendable {
    /// One message.
    package struct Message: Hashable, Sendable {
        package var bytes: [UInt8]
        /// Who sent it; nil only where the kernel did not say.
        package var sender: PeerCredentials?
        /// It was longer than `longestMessage`, and its end is lost.
        package var isTruncated: Bool
    }

    /// Twice what systemd takes of a notification.
    package static let longestMessage = 8_192

    package let descriptor: FileDescriptor
    package let path: String
    private let file: FileIdentity?

    /// Binds a nonblocking socket at a path; the owner may send to it, and so may anybody whom `mode` lets.
    package init(path: String, mode: UInt32 = 0o600, userID: UInt32? = nil, groupID: UInt32? = nil) throws(SystemError)
    {
        let owner = UnixSocketFile.Owner(userID: userID, groupID: groupID)
        let socket = try UnixSocketFile.bind(type: SOCK_DGRAM, path: path, mode: mode, owner: owner)
        try check(koomy_set_pass_credentials(socket.number), "set SO_PASSCRED", path)
        try socket.setNonblocking(true)
        self.path = path
        file = FileIdentity(at: path)
        descriptor = socket
    }

    /// Takes over a socket that an earlier process has bound to a path.
    package init(adopting descriptor: consuming FileDescriptor, path: String) throws(SystemError) {
        try descriptor.setNonblocking(true)
        self.path = path
        file = FileIdentity(at: path)
        self.descriptor = descriptor
    }

    /// Takes the next message; nil where there is none.
    ///
    /// Descriptors that came with it are closed, which is also what `BARRIER=1` of sd_notify_barrier(3) waits for.
    package borrowing func receive() throws(SystemError) -> Message? { try next(stays: false) }

    /// Looks at the next message, which stays where it is; nil where there is none.
    ///
    /// Descriptors that came with it stay open until it is taken.
    package borrowing func peek() throws(SystemError) -> Message? { try next(stays: true) }

    private borrowing func next(stays: Bool) throws(SystemError) -> Message? {
        var message = koomy_message()
        var size = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.longestMessage) { buffer, count in
            message.bytes = UnsafeMutableRawPointer(buffer.baseAddress)
            message.capacity = buffer.count
            size = koomy_receive(descriptor.number, &message, stays ? 1 : 0)
            count = max(0, min(size, buffer.count))
        }
        if size == -Int(EAGAIN) { return nil }
        try check(size, "receive", path)
        return Message(
            bytes: bytes,
            sender: message.has_credentials == 0 ? nil : PeerCredentials(message.credentials),
            isTruncated: message.is_truncated != 0
        )
    }

    /// Removes the path, if it still leads to this socket.
    package borrowing func removeFile() {
        guard let file, FileIdentity(at: path) == file else { return }
        _ = koomy_unlink(path)
    }

    /// Removes the path of a socket that nobody has any more.
    package static func removeFile(at path: String) { _ = koomy_unlink(path) }

    /// Sends one message to a path without waiting.
    package static func send(
        _ bytes: some Sequence<UInt8>,
        to path: String,
        descriptors: [Int32] = []
    ) throws(SystemError) {
        let address = try SocketAddress.unix(path)
        let socket = FileDescriptor(owning: try check(koomy_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue)), "socket"))
        let bytes = Array(bytes)
        let result = withUnsafePointer(to: address.kernel) {
            koomy_send(socket.number, bytes, bytes.count, descriptors, descriptors.count, $0)
        }
        try check(result, "send to", path)
    }
}
