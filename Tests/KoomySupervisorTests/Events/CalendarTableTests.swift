import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@testable import KoomySupervisor

/// Schedules in a local time whose clocks are changed; TZ is that of the whole process.
@Suite(.serialized) struct CalendarTableTests {
    /// 00:00 UTC on 29 March 2026: an hour later 02:00 to 03:00 is left out in Berlin.
    private static let spring: Int64 = 1_774_742_400
    /// 00:00 UTC on 25 October 2026: it is 02:00 in Berlin, and an hour later again.
    private static let autumn: Int64 = 1_792_886_400
    private static let day: Int64 = 86_400
    private static let hour: Int64 = 3_600

    private static func schedule(
        seconds: UInt64 = 1,
        minutes: UInt64 = 1,
        hours: UInt64 = 0xFF_FFFF,
        days: UInt64 = 0xFFFF_FFFE,
        months: UInt64 = 0x1FFE
    ) -> CronSchedule {
        CronSchedule(
            text: "",
            seconds: seconds,
            minutes: minutes,
            hours: hours,
            days: days,
            months: months,
            weekdays: 0x7F,
            anyDay: true,
            anyWeekday: true
        )
    }

    private static let everyMinute = schedule(minutes: (1 << 60) - 1)
    private static let atHalfPastTwo = schedule(minutes: 1 << 30, hours: 1 << 2)

    private func next(_ schedule: CronSchedule, _ seconds: Int64) -> Int64? {
        schedule.next(after: WallTime(nanoseconds: seconds * 1_000_000_000))?.seconds
    }

    /// All times from here to there, in seconds since `start`.
    private func times(_ schedule: CronSchedule, from start: Int64, to end: Int64) -> [Int64] {
        var found: [Int64] = []
        var now = start
        while let next = next(schedule, now), next <= end {
            // A time that is not later would be fired again and again.
            guard next > now else { return [] }
            found.append(next - start)
            now = next
        }
        return found
    }

    @Test func `a schedule is of local time`() {
        let atFour = Self.schedule(hours: 1 << 4)
        inTimeZone("UTC") { #expect(next(atFour, Self.spring) == Self.spring + 4 * Self.hour) }
        // 05:30 there: the next 04:00 is that of tomorrow.
        inTimeZone("Asia/Kolkata") { #expect(next(atFour, Self.spring) == Self.spring + 22 * Self.hour + 1_800) }
    }

    @Test func `the time that is now is not the next`() {
        inTimeZone("UTC") {
            #expect(next(Self.everyMinute, Self.spring) == Self.spring + 60)
            #expect(next(Self.everyMinute, Self.spring + 59) == Self.spring + 60)
            let fraction = WallTime(nanoseconds: Self.spring * 1_000_000_000 + 1)
            #expect(Self.everyMinute.next(after: fraction)?.seconds == Self.spring + 60)
        }
    }

    @Test func `a time that the clocks leave out comes once that day`() {
        inTimeZone("Europe/Berlin") {
            // From noon of the day before, three days long.
            let start = Self.spring - 12 * Self.hour
            let times = times(Self.atHalfPastTwo, from: start, to: start + 3 * Self.day)
            #expect(times.count == 3)
            // 02:30 there is 00:30 in summer's UTC from the second on; the first lies next to the gap.
            #expect([12 * Self.hour + 1_800, 13 * Self.hour + 1_800].contains(times.first))
            #expect(times.dropFirst() == [36 * Self.hour + 1_800, 60 * Self.hour + 1_800])
        }
    }

    @Test func `a time that the clocks show twice comes once that day`() {
        inTimeZone("Europe/Berlin") {
            let start = Self.autumn - 12 * Self.hour
            let times = times(Self.atHalfPastTwo, from: start, to: start + 3 * Self.day)
            #expect(times.count == 3)
            #expect([12 * Self.hour + 1_800, 13 * Self.hour + 1_800].contains(times.first))
            #expect(times.dropFirst() == [37 * Self.hour + 1_800, 61 * Self.hour + 1_800])
        }
    }

    @Test func `every minute goes on over the gap without a pause`() {
        inTimeZone("Europe/Berlin") {
            let start = Self.spring
            let times = times(Self.everyMinute, from: start, to: start + 3 * Self.hour)
            #expect(times == (1...180).map { $0 * 60 })
        }
    }

    @Test func `wherever in the hour that comes twice it is asked, there is a later time`() {
        inTimeZone("Europe/Berlin") {
            for offset in stride(from: Int64(0), to: 3 * Self.hour, by: 37) {
                for schedule in [Self.everyMinute, Self.atHalfPastTwo, Self.schedule(minutes: 1 << 59)] {
                    let now = Self.autumn + offset
                    let next = next(schedule, now) ?? 0
                    #expect(next > now, "\(offset) s")
                    #expect(next <= now + 26 * Self.hour, "\(offset) s")
                }
            }
        }
    }

    @Test func `ordinary days have every time once`() {
        inTimeZone("Europe/Berlin") {
            let start = Self.spring + 10 * Self.day
            #expect(times(Self.atHalfPastTwo, from: start, to: start + 100 * Self.day).count == 100)
            #expect(times(Self.everyMinute, from: start, to: start + Self.day).count == 1_440)
            #expect(times(Self.schedule(), from: start, to: start + Self.day).count == 24)
        }
    }

    @Test func `a day that never comes has no time`() {
        inTimeZone("UTC") {
            // 30 February.
            #expect(next(Self.schedule(days: 1 << 30, months: 1 << 2), Self.spring) == nil)
            // 29 February 2028.
            #expect(next(Self.schedule(hours: 1, days: 1 << 29, months: 1 << 2), Self.spring) == 1_835_395_200)
        }
    }

    @Test func `it fires again and again, and no more once it is taken away`() throws {
        let app = try #require(AppName("web"))
        let loop = try EventLoop()
        var fired: [AppName] = []
        let table = try CalendarTable<AppName>(loop: loop) { fired.append($0) }
        try table.set(app, Self.schedule(seconds: (1 << 60) - 1, minutes: (1 << 60) - 1))
        try loop.turn(until: "it has fired twice") { fired.count >= 2 }
        #expect(Set(fired) == [app])
        try table.set(app, nil)
        let count = fired.count
        try loop.turn(for: .milliseconds(1_200))
        #expect(fired.count == count)
    }
}
