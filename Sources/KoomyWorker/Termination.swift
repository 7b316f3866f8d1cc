import CKoomyLinux
import Glibc

/// The wish that this process leaves: SIGTERM or SIGINT, without anything running inside a signal handler.
///
/// The descriptor fits any event loop. Programs that this one starts are not affected.
public struct Termination: Hashable, Sendable {
    /// Becomes readable when the first of the signals arrives, and stays so; do not read from it.
    public let descriptor: Int32

    /// Takes SIGTERM and SIGINT over; the second and later calls give the same descriptor.
    ///
    /// Before this call the signals do what they did: call it early.
    ///
    /// - Throws: `WorkerError` where there are no descriptors left.
    public init() throws(WorkerError) {
        descriptor = try WorkerError.check(koomy_worker_termination_open(), "take over", "SIGTERM and SIGINT")
    }

    /// Whether one of the signals has arrived.
    public var isRequested: Bool { koomy_worker_termination_signal() != 0 }

    /// The last of the signals that arrived; nil for none.
    public var signal: Int32? {
        let number = koomy_worker_termination_signal()
        return number == 0 ? nil : number
    }

    /// Waits until one of the signals arrives.
    public func wait() {
        while !wait(atMost: .seconds(3600)) {}
    }

    /// Waits until one of the signals arrives, or the time is over.
    ///
    /// - Returns: Whether a signal has arrived.
    public func wait(atMost limit: Duration) -> Bool {
        let deadline = MonotonicTime.now() + limit
        var set = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !isRequested {
            let now = MonotonicTime.now()
            guard now < deadline else { return false }
            _ = koomy_worker_poll(&set, 1, deadline.pollTimeout(from: now))
        }
        return true
    }
}
