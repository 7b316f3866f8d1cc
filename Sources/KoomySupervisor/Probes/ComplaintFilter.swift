import KoomyModel
import KoomySystem

/// Lets through one complaint of each kind a second, and counts the others.
nonisolated struct ComplaintFilter {
    private struct Kind: Hashable {
        var pid: ProcessID
        var reason: String
    }

    private struct Record {
        var told: Instant
        var untold = 0
    }

    private var records: [Kind: Record] = [:]

    private static let pause = TimeSpan.seconds(1)
    /// Kinds told in one pause, so that a crowd of senders does not get round it.
    private static let capacity = 16

    /// The words to tell; nil where the same was told a moment ago.
    mutating func admit(_ pid: ProcessID, _ reason: String, at now: Instant) -> String? {
        let kind = Kind(pid: pid, reason: reason)
        if let record = records[kind], now < record.told + Self.pause {
            records[kind]?.untold += 1
            return nil
        }
        let untold = records[kind]?.untold ?? 0
        if records.count >= Self.capacity {
            records = records.filter { now < $0.value.told + Self.pause }
            guard records.count < Self.capacity else { return nil }
        }
        records[kind] = Record(told: now)
        return untold == 0 ? reason : "\(reason) (and \(untold) more like it)"
    }
}
