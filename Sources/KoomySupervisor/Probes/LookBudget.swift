import KoomyModel

/// Spreads the looks of all observers, so that a thousand workers that start at once leave the loop to other work.
struct LookBudget {
    /// The one of this process: all observers share its loop.
    static var shared = LookBudget()

    /// A look is followed by a pause of this many times its length, before the next of any observer.
    private static let pauseFactor: Int64 = 3

    private var nextFree = Instant(nanoseconds: 0)

    /// When a look that is wanted at a time may be made; `cost` is how long the last one of that observer took.
    mutating func time(for wanted: Instant, after cost: TimeSpan, at now: Instant) -> Instant {
        let time = max(wanted, nextFree)
        // From the time that is given out, not from now: the next observer that asks comes behind this one.
        nextFree = max(now, nextFree) + cost * (Self.pauseFactor + 1)
        return time
    }
}
