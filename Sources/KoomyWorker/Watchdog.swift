import Glibc

/// The supervisor's wish for signs of life (WATCHDOG_USEC and WATCHDOG_PID of sd_watchdog_enabled(3)).
///
/// Ping from the loop that does the work, not from a thread or timer beside it: the ping has to stop when the work does.
public struct Watchdog: Hashable, Sendable {
    /// A worker that is silent for this long is taken for hung.
    public let limit: Duration
    private let notifier: Notifier

    /// Reads the variables; nil where no watchdog is wanted, or where they are for another process.
    init?(environment: (String) -> String?, processID: pid_t, notifier: Notifier) {
        guard let text = environment("WATCHDOG_USEC"), let limit = Int64(text), limit > 0 else { return nil }
        if let owner = environment("WATCHDOG_PID"), pid_t(owner) != processID { return nil }
        self.limit = .microseconds(limit)
        self.notifier = notifier
    }

    /// How often to ping: a third of the limit, so that one late turn of the loop is not taken for a hang.
    public var interval: Duration { limit / 3 }

    /// Gives a sign of life.
    @discardableResult
    public func ping() -> Bool { notifier.watchdogPing() }
}
