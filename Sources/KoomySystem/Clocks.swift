import Glibc
package import KoomyModel

/// CLOCK_MONOTONIC: for deadlines and durations.
package enum MonotonicClock {
    package static func now() -> Instant { Instant(nanoseconds: nanoseconds(of: CLOCK_MONOTONIC)) }
}

/// CLOCK_REALTIME: for people, and for cron.
package enum WallClock {
    package static func now() -> WallTime { WallTime(nanoseconds: nanoseconds(of: CLOCK_REALTIME)) }
}

/// clock_gettime(2) cannot fail for these clocks.
private func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
