import KoomyEventLoop
import KoomyModel
import KoomySystem
import KoomyWire

/// How long the queues of an app's listeners get while its workers are replaced.
final class QueueGauge {
    private let lengths: () -> [Int]
    private let overflowsBefore: UInt64
    private var highWater = 0
    private var timer: TimerSource?

    private static let period = TimeSpan.milliseconds(100)

    /// - Parameters:
    ///   - loop: Where time passes.
    ///   - lengths: How many connections wait on each listener at present.
    init(loop: EventLoop, _ lengths: @escaping () -> [Int]) {
        self.lengths = lengths
        overflowsBefore = Self.overflows
        timer = try? loop.timer(at: MonotonicClock.now() + Self.period, priority: .idle) { [weak self] in
            guard let self else { return }
            look()
            timer?.arm(at: MonotonicClock.now() + Self.period)
        }
        look()
    }

    /// Nothing is going to happen for a while.
    func rest() { timer?.disarm() }

    /// It happens again.
    func go() { timer?.arm(at: MonotonicClock.now() + Self.period) }

    /// What was seen until now.
    var view: QueueView {
        look()
        let overflows = Self.overflows
        return QueueView(
            highWater: highWater,
            overflows: overflows >= overflowsBefore ? overflows - overflowsBefore : 0
        )
    }

    private func look() { highWater = max(highWater, lengths().max() ?? 0) }

    /// `ListenOverflows` of this network namespace: a line of names, and one of their values (proc_net_netstat(5)).
    private static var overflows: UInt64 {
        guard let bytes = try? WholeFile.read("/proc/net/netstat", most: 1 << 20) else { return 0 }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("TcpExt:") }
        guard lines.count == 2 else { return 0 }
        let pairs = zip(lines[0].split(separator: " "), lines[1].split(separator: " "))
        return pairs.first { $0.0 == "ListenOverflows" }.flatMap { UInt64($0.1) } ?? 0
    }
}
