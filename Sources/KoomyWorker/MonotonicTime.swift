import Glibc

/// A moment on the clock that no one sets (CLOCK_MONOTONIC of clock_gettime(2)).
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's own beginning; only differences mean something.
    public var nanoseconds: Int64

    /// A moment from its nanoseconds.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The moment of the call.
    public static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The moment this much later; one that is too far away is the last there is.
    public static func + (left: MonotonicTime, right: Duration) -> MonotonicTime {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    /// The time from `right` to `left`.
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }

    /// Whether `left` is the earlier moment.
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Milliseconds from `now` until this moment for poll(2), rounded up so that it does not wake too early; never negative.
    public func pollTimeout(from now: MonotonicTime) -> Int32 {
        let (left, overflow) = nanoseconds.subtractingReportingOverflow(now.nanoseconds)
        guard !overflow, left > 0 else { return 0 }
        return Int32(min((left - 1) / 1_000_000 + 1, Int64(Int32.max)))
    }
}

extension Duration {
    /// Nanoseconds, without their fraction; lengths over 292 years are cut.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min / 2 : .max / 2 }
        let (sum, isTooLong) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLong ? scaled : sum
    }

    /// Microseconds, without their fraction.
    var wholeMicroseconds: Int64 { wholeNanoseconds / 1_000 }
}
