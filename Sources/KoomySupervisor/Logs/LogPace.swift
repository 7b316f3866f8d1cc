import KoomyModel

/// How long a pump lets lines gather before it looks again.
///
/// A worker that writes line after line would otherwise wake koomyd for each of them, which costs both more than the
/// lines do. So a pipe that is read at short intervals rests until a part of it is filled; one that fills faster than
/// that, or has been silent, is read at once.
struct LogPace {
    /// What is to gather: a quarter of a pipe, so that its writer does not wait.
    private static let wanted = Int64(LogTable.pipeCapacity / 4)
    /// No line waits longer.
    private static let longest = TimeSpan.milliseconds(1)
    /// Less is not worth a timer.
    private static let shortest = TimeSpan.microseconds(100)

    private var last: Instant?

    /// Notes what was taken out just now; returns how long to rest, or nil for not at all.
    mutating func rest(after count: Int, at now: Instant) -> TimeSpan? {
        defer { last = now }
        guard let last, now - last < Self.longest * 2, count > 0, count < Self.wanted else { return nil }
        let span = min(Self.longest, TimeSpan(nanoseconds: (now - last).nanoseconds * Self.wanted / Int64(count)))
        return span < Self.shortest ? nil : span
    }
}
