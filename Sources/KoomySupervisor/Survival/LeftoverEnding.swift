import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Ends processes that nobody accounts for, while everything else goes on: they are asked, and killed where they stay.
final class LeftoverEnding {
    private let processes: [ProcessStat]
    private let deadline: Instant
    private var timer: TimerSource?

    init(loop: EventLoop, _ processes: [ProcessStat], within limit: TimeSpan) throws(SystemError) {
        self.processes = processes
        deadline = MonotonicClock.now() + limit
        Leftovers.signal(.terminate, processes)
        timer = try loop.timer(at: MonotonicClock.now() + .milliseconds(250)) { [weak self] in self?.look() }
    }

    private func look() {
        let left = processes.filter { ProcessStat(of: $0.pid)?.startTime == $0.startTime }
        guard !left.isEmpty else {
            timer = nil
            return
        }
        if MonotonicClock.now() > deadline { Leftovers.signal(.kill, left) }
        timer?.arm(at: MonotonicClock.now() + .milliseconds(250))
    }
}
