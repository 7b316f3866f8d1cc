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
    package init(
        loop: EventLoop,
        path: String,
        userID: UInt32?,
        groupID: UInt32?,
        isOwn: @escaping (ProcessID) -> Bool,
        _ handler: @escaping (NotifyMessage) -> Void
    ) throws {
        self.isOwn = isOwn
        self.handler = handler
        self.path = path
        let socket = try DatagramSocket(path: path, mode: 0o600, userID: userID, groupID: groupID)
        let descriptor = socket.descriptor.number
        self.socket = consume socket
        do {
            source = try loop.io(descriptor) { [weak self] _ in self?.receive() }
        } catch {
            self.socket?.removeFile()
            throw error
        }
    }

    isolated deinit { close() }

    /// Removes the path and hears nothing more.
    package func close() {
        // The source first: a descriptor has to be open while it is taken out of the loop.
        source = nil
        socket?.removeFile()
        socket = nil
    }

    private func receive() {
        let now = MonotonicClock.now()
        for _ in 0..<Self.mostPerTurn {
            let message: DatagramSocket.Message?
            do {
                message = try socket?.receive()
            } catch {
                // Nothing that a sender does makes it fail, and to try again at once would keep the loop busy.
                source = nil
                handler(.refused(pid: 0, reason: "\(error)"))
                return
            }
            // The handler may have closed it.
            guard let message else { return }
            take(message, at: now)
            guard MonotonicClock.now() - now < Self.longestTurn else { return }
        }
    }

    private func take(_ message: DatagramSocket.Message, at now: Instant) {
        guard let sender = message.sender, sender.pid > 0 else {
            refuse(0, "the sender is not known", at: now)
            return
        }
        guard senders.isOwn(sender.pid, at: now, isOwn) else {
            refuse(sender.pid, "not a process of this worker", at: now)
            return
        }
        guard !message.isTruncated else {
            refuse(sender.pid, "longer than \(DatagramSocket.longestMessage) bytes", at: now)
            return
        }
        // One NUL at the end is what a C program sends that counts it to the text.
        let bytes = message.bytes.last == 0 ? message.bytes.dropLast() : message.bytes[...]
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            refuse(sender.pid, "not UTF-8 text", at: now)
            return
        }
        for message in NotifyAssignments(parsing: text).messages {
            guard socket != nil else { return }
            handler(message)
        }
    }

    private func refuse(_ pid: ProcessID, _ reason: String, at now: Instant) {
        guard let words = complaints.admit(pid, reason, at: now) else { return }
        handler(.refused(pid: pid, reason: words))
    }
}
