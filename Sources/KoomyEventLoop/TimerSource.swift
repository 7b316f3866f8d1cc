import CSystemd
import Glibc
package import KoomyModel
package import KoomySystem

/// Fires once at a time; armed again by its owner.
package final class TimerSource: EventSource {
    fileprivate let handler: () -> Void
    private let clock: clockid_t

    fileprivate init(_ clock: clockid_t, _ handler: @escaping () -> Void) {
        self.clock = clock
        self.handler = handler
    }

    /// Fires at this time, or at once if it has passed; an earlier order is forgotten.
    package func arm(at time: Instant) { arm(nanoseconds: time.nanoseconds) }

    /// Fires when the wall clock shows this time, also if the clock is set meanwhile; for `EventLoop.wallTimer`.
    package func arm(at time: WallTime) { arm(nanoseconds: time.nanoseconds) }

    /// Does not fire until it is armed again.
    package func disarm() { disable() }

    package var isArmed: Bool { isEnabled }

    fileprivate func arm(nanoseconds: Int64) {
        // Rounded up, so that it never fires before the time.
        sd_event_source_set_time(source, UInt64(max(0, nanoseconds)) / 1_000 + (nanoseconds % 1_000 > 0 ? 1 : 0))
        setEnabled(SD_EVENT_ONESHOT)
    }
}

extension EventLoop {
    /// A timer on the monotonic clock; disarmed where no time is given.
    ///
    /// It may come late by `accuracy`, so that timers of about the same time wake the process once; those that are due
    /// in one round fire by priority, and otherwise in any order.
    package func timer(
        at time: Instant? = nil,
        accuracy: TimeSpan = .milliseconds(1),
        priority: EventPriority = .normal,
        _ handler: @escaping () -> Void
    ) throws(SystemError) -> TimerSource {
        let source = try timer(CLOCK_MONOTONIC, accuracy, priority, handler)
        if let time { source.arm(at: time) }
        return source
    }

    /// A timer on the wall clock, for what people say: 4 o'clock.
    package func wallTimer(
        at time: WallTime? = nil,
        accuracy: TimeSpan = .milliseconds(100),
        priority: EventPriority = .normal,
        _ handler: @escaping () -> Void
    ) throws(SystemError) -> TimerSource {
        let source = try timer(CLOCK_REALTIME, accuracy, priority, handler)
        if let time { source.arm(at: time) }
        return source
    }

    private func timer(
        _ clock: clockid_t,
        _ accuracy: TimeSpan,
        _ priority: EventPriority,
        _ handler: @escaping () -> Void
    ) throws(SystemError) -> TimerSource {
        let source = TimerSource(clock, handler)
        var pointer: OpaquePointer?
        try check(
            sd_event_add_time(
                event,
                &pointer,
                clock,
                .max,
                // sd-event reads 0 as "a quarter of a second will do".
                UInt64(max(1, accuracy.nanoseconds / 1_000)),
                { _, _, userdata in EventSource.fire(userdata, as: TimerSource.self) { $0.handler() } },
                source.userdata
            ),
            "add a timer"
        )
        source.adopt(pointer, priority)
        source.disarm()
        return source
    }
}
