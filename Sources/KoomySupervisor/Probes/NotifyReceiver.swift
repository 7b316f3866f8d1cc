package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// The notify socket of one worker: takes what the worker's own processes say, and nobody else.
package final class NotifyReceiver {
    private let isOwn: (ProcessID) -> Bool
    private let handler: (NotifyMessage) -> Void
    private let path: String
    private var socket: DatagramSocket?
    private var source: IOSource?
    /// What was lately known of senders, so that a flood does not ask for each datagram.
    private var senders = SenderMemory()
    private var complaints = ComplaintFilter()

    /// Datagrams taken in one turn of the loop; what is left waits in the socket, so that others have their turn.
    private static let mostPerTurn = 32
    /// Taken no longer than this in one turn; to ask for a sender may take milliseconds.
    private static let longestTurn = TimeSpan.milliseconds(5)

    /// What sd_notify_barrier(3) sends.
    private static let barrier = Array("BARRIER=1".utf8)

    /// Binds a path, which is removed when the receiver is closed or goes.
    ///
    /// The socket has mode 0600 and belongs to the worker's user, so that only that user and root can send.
    ///
    /// - Parameters:
    ///   - loop: The loop that wakes it.
    ///   - path: At most 107 bytes, in a folder that the user may search.
    ///   - userID: The owner; nil for this process's own user.
    ///   - groupID: The group; nil for this process's own.
    ///   - isOwn: Whether a process belongs to the worker; asked at most once a datagram.
    ///   - handler: Takes each message; it may close the receiver, and then nothing more comes.
    /// - Throws: Where the path cannot be bound or given to that user.
    package convenience init(
        loop: EventLoop,
        path: String,
        userID: UInt32?,
        groupID: UInt32?,
        isOwn: @escaping (ProcessID) -> Bool,
        _ handler: @escaping (NotifyMessage) -> Void
    ) throws {
        let socket = try DatagramSocket(path: path, mode: 0o600, userID: userID, groupID: groupID)
        try self.init(loop: loop, socket: socket, isOwn: isOwn, handler)
    }

    /// Hears what comes to a socket that is bound already, and what has come.
    package init(
        loop: EventLoop,
        socket: consuming DatagramSocket,
        isOwn: @escaping (ProcessID) -> Bool,
        _ handler: @escaping (NotifyMessage) -> Void
    ) throws {
        self.isOwn = isOwn
        self.handler = handler
        self.path = socket.path
        let descriptor = socket.descriptor.number
        self.socket = consume socket
        do {
            source = try loop.io(descriptor) { [weak self] _ in
                // Asked for anew each time: the handler may close the receiver, or drop the last reference to it.
                let began = MonotonicClock.now()
                for _ in 0..<Self.mostPerTurn {
                    guard let messages = self?.nextMessages(at: began) else { return }
                    for message in messages { self?.deliver(message) }
                    // Not before it is written down: if koomyd dies meanwhile, the next one hears it, again at worst.
                    self?.discard()
                    guard MonotonicClock.now() - began < Self.longestTurn else { return }
                }
            }
        } catch {
            self.socket?.removeFile()
            throw error
        }
    }

    isolated deinit { close() }

    /// Of the socket, by which a later koomyd knows it.
    package var identity: FileIdentity? { descriptor.flatMap { FileIdentity(of: $0) } }

    /// The socket's descriptor; nil when it is closed.
    package var descriptor: Int32? { socket?.descriptor.number }

    /// Removes the path and hears nothing more.
    package func close() {
        // The source first: a descriptor has to be open while it is taken out of the loop.
        source.remove()
        socket?.removeFile()
        socket = nil
    }

    /// What the next datagram says; nil where there is none.
    private func nextMessages(at now: Instant) -> [NotifyMessage]? {
        do throws(SystemError) {
            return try socket?.peek().map { messages(in: $0, at: now) }
        } catch {
            // Nothing that a sender does makes it fail, and to try again at once would keep the loop busy.
            source.remove()
            return [.refused(pid: 0, reason: "\(error)")]
        }
    }

    private func deliver(_ message: NotifyMessage) {
        guard socket != nil else { return }
        handler(message)
    }

    /// Takes the datagram that was looked at out of the socket.
    private func discard() {
        guard source != nil else { return }
        _ = try? socket?.receive()
    }

    private func messages(in message: DatagramSocket.Message, at now: Instant) -> [NotifyMessage] {
        // It was answered when its descriptor was closed, and its sender may have ended since.
        if message.bytes == Self.barrier { return [] }
        let pid = message.sender?.pid ?? 0
        let defect: String
        if !senders.isOwn(pid, isOwn) {
            defect = "not a process of this worker"
        } else if message.isTruncated {
            defect = "longer than \(DatagramSocket.longestMessage) bytes"
        } else {
            // One NUL at the end is what a C program sends that counts it to the text.
            let bytes = message.bytes.last == 0 ? message.bytes.dropLast() : message.bytes[...]
            if bytes.contains(0) {
                defect = "NUL in the text"
            } else if let text = String(validating: bytes, as: UTF8.self) {
                return NotifyAssignments(parsing: text).messages
            } else {
                defect = "not UTF-8 text"
            }
        }
        return complaints.admit(pid, defect, at: now).map { [.refused(pid: pid, reason: $0)] } ?? []
    }
}
