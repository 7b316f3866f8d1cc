/// A cron expression of five fields, or six with seconds first, in local time: each field as the set of values that match.
package struct CronSchedule: Hashable, Sendable, Codable {
    /// As it was written, for people.
    package var text: String
    /// Bit n is set where n matches.
    ///
    /// Seconds, minutes and hours from 0; days from 1; months from 1; weekdays from 0, Sunday.
    package var seconds: UInt64
    package var minutes: UInt64
    package var hours: UInt64
    package var days: UInt64
    package var months: UInt64
    package var weekdays: UInt64
    /// Whether day of month, or weekday, was written as `*`: where neither was, a day that matches either counts (crontab(5)).
    package var anyDay: Bool
    package var anyWeekday: Bool

    package init(
        text: String,
        seconds: UInt64,
        minutes: UInt64,
        hours: UInt64,
        days: UInt64,
        months: UInt64,
        weekdays: UInt64,
        anyDay: Bool,
        anyWeekday: Bool
    ) {
        self.text = text
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = weekdays
        self.anyDay = anyDay
        self.anyWeekday = anyWeekday
    }
}
