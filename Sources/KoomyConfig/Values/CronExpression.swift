import KoomyModel

/// Reads cron expressions: five fields, six with seconds first, or a nickname such as `@daily`.
///
/// The rules are those of crontab(5); names, lists, ranges and steps are in every field.
enum CronExpression {
    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// The nicknames without their sign, as other settings than crontabs have them.
    static var words: [String] { ["hourly", "daily", "weekly", "monthly"] }

    /// The schedule of such a word; its text stays the word.
    static func schedule(ofWord word: String) -> CronSchedule? {
        guard words.contains(word), var schedule = try? parse("@" + word) else { return nil }
        schedule.text = word
        return schedule
    }

    static func parse(_ text: String) throws(ValueProblem) -> CronSchedule {
        var words = split(text)
        if let nickname = words.first, nickname.hasPrefix("@") {
            guard words.count == 1, let meaning = nicknames[nickname.lowercased()] else {
                throw ValueProblem(
                    message: "\(nickname) is not a time of day",
                    hint: "known are " + nicknames.keys.sorted().joined(separator: " ")
                )
            }
            words = split(meaning)
        }
        guard words.count == 5 || words.count == 6 else {
            throw ValueProblem(
                message: "a cron expression has 5 fields, or 6 with seconds first, not \(words.count)",
                hint: #"for example "0 4 * * *" for every day at 4 o'clock"#
            )
        }
        if words.count == 5 { words.insert("0", at: 0) }
        let fields = CronField.allCases
        var bits: [UInt64] = []
        for (field, word) in zip(fields, words) { bits.append(try field.values(of: word)) }
        // crontab(5) asks only whether the field begins with the star.
        let isAny = words.map { $0.hasPrefix("*") || $0.hasPrefix("?") }
        let schedule = CronSchedule(
            text: text,
            seconds: bits[0],
            minutes: bits[1],
            hours: bits[2],
            days: bits[3],
            months: bits[4],
            weekdays: bits[5],
            anyDay: isAny[3],
            anyWeekday: isAny[5]
        )
        guard canHappen(schedule) else {
            throw ValueProblem(
                message: "this time never comes: none of the months has such a day",
                hint: "\"\(words[3])\" is the day of the month, \"\(words[4])\" the month"
            )
        }
        return schedule
    }

    private static func split(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// Whether there is a day at all: a weekday that was named comes even where the day of the month does not.
    private static func canHappen(_ schedule: CronSchedule) -> Bool {
        if !schedule.anyDay, !schedule.anyWeekday { return true }
        return (1...12).contains { month in
            guard schedule.months >> month & 1 == 1 else { return false }
            let length = month == 2 ? 29 : [4, 6, 9, 11].contains(month) ? 30 : 31
            return (1...length).contains { schedule.days >> $0 & 1 == 1 }
        }
    }
}
