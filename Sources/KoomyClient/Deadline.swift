import Glibc

/// A moment of the monotonic clock after which waiting is over, or none.
struct Deadline {
    private let nanoseconds: Int64?

    init(after span: Duration?) {
        guard let span else {
            nanoseconds = nil
            return
        }
        let (seconds, attoseconds) = span.components
        let wait = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let moment = Self.now.addingReportingOverflow(wait.partialValue + attoseconds / 1_000_000_000)
        nanoseconds = wait.overflow || moment.overflow ? nil : moment.partialValue
    }

    private init(nanoseconds: Int64?) { self.nanoseconds = nanoseconds }

    func sooner(_ other: Deadline) -> Deadline {
        guard let nanoseconds, let others = other.nanoseconds else {
            return Deadline(nanoseconds: nanoseconds ?? other.nanoseconds)
        }
        return Deadline(nanoseconds: min(nanoseconds, others))
    }

    var hasPassed: Bool { nanoseconds.map { $0 <= Self.now } ?? false }

    /// What poll(2) takes: -1 for without end; rounded up, so that it does not wake too early.
    var remainingMilliseconds: Int32 {
        guard let nanoseconds else { return -1 }
        return Int32(clamping: (max(0, nanoseconds - Self.now) + 999_999) / 1_000_000)
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
