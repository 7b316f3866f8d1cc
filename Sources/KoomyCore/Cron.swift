package import KoomyModel

/// A point on a calendar without a time zone.
package struct CivilTime: Hashable, Sendable, Comparable {
    package var year: Int
    /// 1 to 12, 1 to 31, 0 to 23, 0 to 59, 0 to 59.
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    package static func < (left: CivilTime, right: CivilTime) -> Bool {
        (left.year, left.month, left.day, left.hour, left.minute, left.second)
            < (right.year, right.month, right.day, right.hour, right.minute, right.second)
    }

    /// 0 for Sunday; Sakamoto's method (comp.lang.c, 1993) for the Gregorian calendar.
    package var weekday: Int {
        let offsets = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
        let y = month < 3 ? year - 1 : year
        return (y + y / 4 - y / 100 + y / 400 + offsets[month - 1] + day) % 7
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension CronSchedule {
    /// The first matching time after this one; nil when none comes within 30 years.
    package func next(after time: CivilTime) -> CivilTime? {
        var t = time
        t.second += 1
        if t.second > 59 { (t.second, t.minute) = (0, t.minute + 1) }
        if t.minute > 59 { (t.minute, t.second, t.hour) = (0, 0, t.hour + 1) }
        if t.hour > 23 { t.startNextDay() }
        while t.year <= time.year + 30 {
            guard months.has(t.month), matchesDay(t) else {
                t.startNextDay()
                continue
            }
            guard let hour = hours.first(from: t.hour) else {
                t.startNextDay()
                continue
            }
            if hour > t.hour { (t.hour, t.minute, t.second) = (hour, 0, 0) }
            guard let minute = minutes.first(from: t.minute) else {
                t.startNextHour()
                continue
            }
            if minute > t.minute { (t.minute, t.second) = (minute, 0) }
            guard let second = seconds.first(from: t.second) else {
                (t.second, t.minute) = (0, t.minute + 1)
                if t.minute > 59 { t.startNextHour() }
                continue
            }
            t.second = second
            return t
        }
        return nil
    }

    /// Where both the day of the month and the weekday are restricted, either is enough (crontab(5)).
    private func matchesDay(_ time: CivilTime) -> Bool {
        let day = days.has(time.day)
        let weekday = weekdays.has(time.weekday)
        return anyDay || anyWeekday ? day && weekday : day || weekday
    }
}

extension CivilTime {
    fileprivate mutating func startNextHour() {
        (hour, minute, second) = (hour + 1, 0, 0)
        if hour > 23 { startNextDay() }
    }

    fileprivate mutating func startNextDay() {
        (hour, minute, second) = (0, 0, 0)
        day += 1
        guard day > Self.days(inMonth: month, of: year) else { return }
        (day, month) = (1, month + 1)
        if month > 12 { (month, year) = (1, year + 1) }
    }
}

extension UInt64 {
    fileprivate func has(_ bit: Int) -> Bool { self >> UInt64(bit) & 1 == 1 }

    fileprivate func first(from bit: Int) -> Int? {
        guard bit < 64 else { return nil }
        let rest = self >> UInt64(bit)
        return rest == 0 ? nil : bit + rest.trailingZeroBitCount
    }
}
