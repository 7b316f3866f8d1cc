import KoomyModel
import KoomySystem

/// A moment after which waiting is over, or none.
struct Deadline {
    private let moment: Instant?

    private init(_ moment: Instant?) { self.moment = moment }

    init(at moment: Instant) { self.moment = moment }

    init(after span: Duration?) {
        self.init(span.map { MonotonicClock.now() + TimeSpan($0) })
    }

    /// Whichever comes first.
    func sooner(_ other: Deadline) -> Deadline {
        guard let moment, let others = other.moment else { return Deadline(moment ?? other.moment) }
        return Deadline(min(moment, others))
    }

    var hasPassed: Bool { moment.map { $0 <= MonotonicClock.now() } ?? false }

    /// What poll(2) takes: -1 for without end; rounded up, so that it does not wake too early.
    var remainingMilliseconds: Int32 {
        guard let moment else { return -1 }
        let remaining = moment - MonotonicClock.now() + .nanoseconds(999_999)
        return Int32(clamping: max(0, remaining.milliseconds))
    }
}

extension TimeSpan {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
