import KoomyModel
import Testing

@testable import KoomyCore

struct CronTests {
    /// A schedule out of the values that match; nil for all.
    private func schedule(
        seconds: [Int] = [0],
        minutes: [Int]? = nil,
        hours: [Int]? = nil,
        days: [Int]? = nil,
        months: [Int]? = nil,
        weekdays: [Int]? = nil
    ) -> CronSchedule {
        func bits(_ values: [Int]?) -> UInt64 { values.map { $0.reduce(0) { $0 | 1 << UInt64($1) } } ?? .max }
        return CronSchedule(
            text: "",
            seconds: bits(seconds),
            minutes: bits(minutes),
            hours: bits(hours),
            days: bits(days),
            months: bits(months),
            weekdays: bits(weekdays),
            anyDay: days == nil,
            anyWeekday: weekdays == nil
        )
    }

    private func time(
        _ year: Int,
        _ month: Int,
        _ day: Int,
        _ hour: Int = 0,
        _ minute: Int = 0,
        _ second: Int = 0
    )
        -> CivilTime
    {
        CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    @Test func `the next time is never the present one`() {
        let everyMinute = schedule()
        #expect(everyMinute.next(after: time(2026, 5, 1, 10, 20, 0)) == time(2026, 5, 1, 10, 21))
        #expect(everyMinute.next(after: time(2026, 5, 1, 10, 20, 59)) == time(2026, 5, 1, 10, 21))
        let everySecond = schedule(seconds: Array(0...59))
        #expect(everySecond.next(after: time(2026, 12, 31, 23, 59, 59)) == time(2027, 1, 1))
    }

    @Test func `every field carries over into the next`() {
        let nightly = schedule(minutes: [30], hours: [3])
        #expect(nightly.next(after: time(2026, 5, 1, 3, 29, 59)) == time(2026, 5, 1, 3, 30))
        #expect(nightly.next(after: time(2026, 5, 1, 3, 30)) == time(2026, 5, 2, 3, 30))
        #expect(nightly.next(after: time(2026, 5, 31, 4)) == time(2026, 6, 1, 3, 30))
        #expect(nightly.next(after: time(2026, 12, 31, 4)) == time(2027, 1, 1, 3, 30))
    }

    @Test func `ranges and steps`() {
        let office = schedule(minutes: [0, 15, 30, 45], hours: Array(9...17), weekdays: Array(1...5))
        // A Friday.
        #expect(office.next(after: time(2026, 5, 1, 12, 7)) == time(2026, 5, 1, 12, 15))
        #expect(office.next(after: time(2026, 5, 1, 17, 45)) == time(2026, 5, 4, 9))
        let twice = schedule(seconds: [10, 40], minutes: [59])
        #expect(twice.next(after: time(2026, 5, 1, 0, 59, 10)) == time(2026, 5, 1, 0, 59, 40))
        #expect(twice.next(after: time(2026, 5, 1, 0, 59, 40)) == time(2026, 5, 1, 1, 59, 10))
    }

    @Test func `months have their lengths`() {
        let last = schedule(minutes: [0], hours: [0], days: [31])
        #expect(last.next(after: time(2026, 4, 1)) == time(2026, 5, 31))
        #expect(schedule(minutes: [0], hours: [0], days: [30]).next(after: time(2026, 2, 1)) == time(2026, 3, 30))
    }

    @Test func `leap years`() {
        let leap = schedule(minutes: [0], hours: [0], days: [29], months: [2])
        #expect(leap.next(after: time(2026, 3, 1)) == time(2028, 2, 29))
        // 2100 is none.
        #expect(leap.next(after: time(2096, 3, 1)) == time(2104, 2, 29))
        #expect(leap.next(after: time(1999, 1, 1)) == time(2000, 2, 29))
    }

    @Test func `day of month and weekday together mean either`() {
        // The 13th, and every Friday (crontab(5)).
        let either = schedule(minutes: [0], hours: [0], days: [13], weekdays: [5])
        #expect(either.next(after: time(2026, 5, 1)) == time(2026, 5, 8))
        #expect(either.next(after: time(2026, 5, 8)) == time(2026, 5, 13))
        // Alone, each of them means itself.
        #expect(schedule(minutes: [0], hours: [0], days: [13]).next(after: time(2026, 5, 1)) == time(2026, 5, 13))
        #expect(schedule(minutes: [0], hours: [0], weekdays: [0]).next(after: time(2026, 5, 1)) == time(2026, 5, 3))
    }

    @Test func `what never comes is not waited for`() {
        #expect(schedule(days: [30, 31], months: [2]).next(after: time(2026, 1, 1)) == nil)
        #expect(schedule(minutes: []).next(after: time(2026, 1, 1)) == nil)
        #expect(schedule(seconds: []).next(after: time(2026, 1, 1)) == nil)
    }

    @Test(arguments: [
        (2026, 5, 1, 5), (2000, 2, 29, 2), (1999, 12, 31, 5), (2024, 2, 29, 4), (2100, 3, 1, 1), (1970, 1, 1, 4),
        (2026, 11, 22, 0),
    ])
    func `weekdays of known dates`(_ year: Int, _ month: Int, _ day: Int, _ weekday: Int) {
        #expect(time(year, month, day).weekday == weekday)
    }

    @Test func `civil time is ordered as a calendar is`() {
        let times = [
            time(2025, 12, 31, 23, 59, 59), time(2026, 1, 1), time(2026, 1, 1, 0, 0, 1), time(2026, 1, 1, 0, 1),
            time(2026, 1, 1, 1), time(2026, 1, 2), time(2026, 2, 1),
        ]
        #expect(times.shuffled().sorted() == times)
    }

    @Test func `an hour by hour walk meets every match once`() {
        let often = schedule(minutes: [0, 20, 40], hours: [0, 12], days: [1, 15])
        var now = time(2027, 12, 31, 23)
        var found: [CivilTime] = []
        while let next = often.next(after: now), next < time(2029, 1, 1) {
            found.append(next)
            now = next
        }
        // Two days a month, two hours, three times an hour.
        #expect(found.count == 12 * 2 * 2 * 3)
        #expect(found == found.sorted())
    }
}
