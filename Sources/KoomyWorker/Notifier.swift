import CKoomyLinux
import Glibc

/// The way to tell the supervisor something: NOTIFY_SOCKET as in sd_notify(3), without libsystemd.
///
/// Every method returns whether the message was handed to the kernel. Without a supervisor there is nobody to tell;
/// then they return false and nothing else happens.
public struct Notifier: Hashable, Sendable {
    /// How long an important message may wait for a supervisor that is slow to read.
    private static let patience: Int32 = 5_000

    /// The socket's path, or its abstract name after `@`; nil without a supervisor.
    public let socket: String?

    /// A notifier for this socket.
    public init(socket: String?) { self.socket = socket }

    /// The worker serves: listeners are open, everything that it needs is there.
    @discardableResult
    public func ready(status: String? = nil) -> Bool {
        send(status.map { "READY=1\nSTATUS=\(Self.line($0))" } ?? "READY=1", patience: Self.patience)
    }

    /// The worker has begun to leave.
    @discardableResult
    public func stopping(status: String? = nil) -> Bool {
        send(status.map { "STOPPING=1\nSTATUS=\(Self.line($0))" } ?? "STOPPING=1", patience: Self.patience)
    }

    /// One line for people about what the worker does; shown by `koomyctl status`.
    ///
    /// It never waits: where the supervisor is slow, the text is dropped.
    @discardableResult
    public func status(_ text: String) -> Bool { send("STATUS=\(Self.line(text))", patience: 0) }

    /// Asks for at least this much more time, from now, in the start or stop that is under way.
    @discardableResult
    public func extendTimeout(by time: Duration) -> Bool {
        send("EXTEND_TIMEOUT_USEC=\(max(time.wholeMicroseconds, 0))", patience: Self.patience)
    }

    /// A sign of life for the watchdog; it never waits.
    @discardableResult
    public func watchdogPing() -> Bool { send("WATCHDOG=1", patience: 0) }

    /// Sends assignments, one a line, as they are.
    ///
    /// - Parameters:
    ///   - message: For instance `ERRNO=2`.
    ///   - patience: Milliseconds to wait for room in the supervisor's queue; 0 for not at all.
    /// - Returns: Whether the kernel took it.
    @discardableResult
    public func send(_ message: String, patience: Int32) -> Bool {
        guard let socket else { return false }
        let bytes = Array(message.utf8)
        return koomy_worker_notify(socket, bytes, bytes.count, patience) == 0
    }

    /// A newline would begin another assignment.
    private static func line(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
}
