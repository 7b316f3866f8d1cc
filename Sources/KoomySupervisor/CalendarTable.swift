import Glibc
import KoomyCore
package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// Fires when the wall clock shows a time that a schedule names, also when the clock is set.
package final class CalendarTable<Key: Hashable> {
    private let loop: EventLoop
    private let fired: (Key) -> Void
    private var sources: [Key: TimerSource] = [:]
    /// Never armed: it has the loop open its timerfd of the wall clock now, and not in the middle of the service.
    private let first: TimerSource

    package init(loop: EventLoop, fired: @escaping (Key) -> Void) throws(SystemError) {
        self.loop = loop
        self.fired = fired
        first = try loop.wallTimer {}
    }

    package func set(_ key: Key, _ schedule: CronSchedule?) throws(SystemError) {
        sources[key] = nil
        guard let schedule, let next = schedule.next(after: WallClock.now()) else { return }
        sources[key] = try loop.wallTimer(at: next) { [weak self] in self?.fire(key, schedule) }
    }

    private func fire(_ key: Key, _ schedule: CronSchedule) {
        // A clock that was set forward skips what it jumped over, but for the one that is due.
        if let next = schedule.next(after: WallClock.now()) { sources[key]?.arm(at: next) }
        fired(key)
    }
}

extension CronSchedule {
    /// The next time of a schedule in local time; mktime(3) settles what a change of the clocks leaves open.
    func next(after time: WallTime) -> WallTime? {
        var seconds = time_t(time.seconds)
        var local = tm()
        localtime_r(&seconds, &local)
        var civil = CivilTime(
            year: Int(local.tm_year) + 1900,
            month: Int(local.tm_mon) + 1,
            day: Int(local.tm_mday),
            hour: Int(local.tm_hour),
            minute: Int(local.tm_min),
            second: Int(min(local.tm_sec, 59))
        )
        // An hour that is shown twice would otherwise lead to a time that has passed.
        for _ in 0..<128 {
            guard let next = next(after: civil) else { return nil }
            var fields = tm()
            fields.tm_year = Int32(next.year - 1900)
            fields.tm_mon = Int32(next.month - 1)
            fields.tm_mday = Int32(next.day)
            fields.tm_hour = Int32(next.hour)
            fields.tm_min = Int32(next.minute)
            fields.tm_sec = Int32(next.second)
            fields.tm_isdst = -1
            let due = Int64(mktime(&fields))
            if due > time.seconds { return WallTime(nanoseconds: due * 1_000_000_000) }
            civil = next
        }
        return nil
    }
}
