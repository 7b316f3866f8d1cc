/// A point on the monotonic clock (CLOCK_MONOTONIC), in nanoseconds since boot; it never jumps.
package struct Instant: Hashable, Sendable, Comparable, Codable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (instant: Instant, span: TimeSpan) -> Instant {
        Instant(nanoseconds: instant.nanoseconds.addingSaturated(span.nanoseconds))
    }

    package static func - (left: Instant, right: Instant) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds.subtractingSaturated(right.nanoseconds))
    }
}

/// A point on the wall clock (CLOCK_REALTIME), in nanoseconds since the Unix epoch, for people and for cron only.
package struct WallTime: Hashable, Sendable, Comparable, Codable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: WallTime, right: WallTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Whole milliseconds since the epoch, as the wire has them.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Whole seconds since the epoch, rounded down.
    package var seconds: Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
    }
}
