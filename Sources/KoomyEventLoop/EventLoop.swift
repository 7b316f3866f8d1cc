import CSystemd
package import KoomyModel
package import KoomySystem

/// The one loop of a program, around sd-event(3).
///
/// Everything runs on the main thread. A source lives as long as somebody holds the object that was returned for it;
/// when the last reference goes, also from inside its own handler, it never fires again.
package final class EventLoop {
    let event: OpaquePointer
    private var posted: [() -> Void] = []
    private var postedSource: DeferredSource?

    package init() throws(SystemError) {
        var event: OpaquePointer?
        try check(sd_event_new(&event), "sd_event_new")
        guard let event else { throw SystemError("sd_event_new", .invalidArgument) }
        self.event = event
    }

    isolated deinit {
        sd_event_unref(event)
    }

    /// Runs until `exit` and returns its code.
    package func run() throws(SystemError) -> Int32 { try check(sd_event_loop(event), "sd_event_loop") }

    /// Handles one source, after waiting for one at most this long; false where none was ready.
    @discardableResult
    package func runOnce(waitingAtMost limit: TimeSpan = .zero) throws(SystemError) -> Bool {
        try check(sd_event_run(event, UInt64(max(0, limit.nanoseconds)) / 1_000), "sd_event_run") > 0
    }

    /// Ends `run` after the handler that calls it.
    package func exit(code: Int32 = 0) { sd_event_exit(event, code) }

    /// When this round of the loop began; the true time before the first one.
    package var now: Instant {
        var microseconds: UInt64 = 0
        guard sd_event_now(event, CLOCK_MONOTONIC, &microseconds) >= 0 else { return MonotonicClock.now() }
        return Instant(nanoseconds: Int64(clamping: microseconds) * 1_000)
    }

    /// Runs a piece of work soon, after the handler that calls it, in the order of the calls.
    package func post(_ work: @escaping () -> Void) {
        posted.append(work)
        guard posted.count == 1 else { return }
        if postedSource == nil {
            // It cannot fail but for want of memory; then the work is done with the next that can be posted.
            postedSource = try? deferred { [weak self] in self?.runPosted() }
        }
        postedSource?.schedule()
    }

    /// Tells systemd's watchdog that the loop turns, if systemd wants to be told (sd_event_set_watchdog(3)).
    ///
    /// Returns whether it does. The notifications need NOTIFY_SOCKET and WATCHDOG_USEC to stay in the environment.
    @discardableResult
    package func enableWatchdog() throws(SystemError) -> Bool {
        try check(sd_event_set_watchdog(event, 1), "sd_event_set_watchdog") > 0
    }

    private func runPosted() {
        let work = posted
        posted = []
        for piece in work { piece() }
    }
}
