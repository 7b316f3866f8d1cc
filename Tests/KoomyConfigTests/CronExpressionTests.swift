import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct CronExpressionTests {
    private func values(_ bits: UInt64) -> [Int] { (0..<64).filter { bits >> UInt64($0) & 1 == 1 } }

    @Test func `five fields`() throws {
        let schedule = try CronExpression.parse("30 4 1,15 6-8 mon-fri")
        #expect(schedule.text == "30 4 1,15 6-8 mon-fri")
        #expect(values(schedule.seconds) == [0])
        #expect(values(schedule.minutes) == [30])
        #expect(values(schedule.hours) == [4])
        #expect(values(schedule.days) == [1, 15])
        #expect(values(schedule.months) == [6, 7, 8])
        #expect(values(schedule.weekdays) == [1, 2, 3, 4, 5])
        #expect(!schedule.anyDay && !schedule.anyWeekday)
    }

    @Test func `six fields begin with seconds`() throws {
        let schedule = try CronExpression.parse("*/15 1 2 * * *")
        #expect(values(schedule.seconds) == [0, 15, 30, 45])
        #expect(values(schedule.minutes) == [1])
        #expect(values(schedule.hours) == [2])
        #expect(values(schedule.days) == Array(1...31))
        #expect(values(schedule.weekdays) == Array(0...6))
        #expect(schedule.anyDay && schedule.anyWeekday)
    }

    @Test(arguments: [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"), ("@Daily", "0 0 * * *"),
    ])
    func `nicknames`(nickname: String, meaning: String) throws {
        var schedule = try CronExpression.parse(nickname)
        #expect(schedule.text == nickname)
        schedule.text = meaning
        #expect(schedule == (try CronExpression.parse(meaning)))
    }

    @Test(arguments: [
        ("*", Array(0...59)), ("?", Array(0...59)), ("*/20", [0, 20, 40]), ("5", [5]), ("1-4", [1, 2, 3, 4]),
        ("10-20/5", [10, 15, 20]), ("50/4", [50, 54, 58]), ("1,2,1", [1, 2]), ("0-0", [0]), ("*/90", [0]),
        ("1-3,5,57/2", [1, 2, 3, 5, 57, 59]), ("007", [7]),
    ])
    func `what a field may be`(field: String, expected: [Int]) throws {
        #expect(values(try CronExpression.parse("\(field) * * * *").minutes) == expected)
    }

    @Test(arguments: [
        ("7", [0]), ("0,7", [0]), ("5-7", [0, 5, 6]), ("SUN", [0]), ("sat", [6]), ("Mon-Wed", [1, 2, 3]),
        ("0-7", Array(0...6)),
        ("*/2", [0, 2, 4, 6]), ("5/1", [5, 6]), ("7/1", [0]),
    ])
    func `weekdays`(field: String, expected: [Int]) throws {
        #expect(values(try CronExpression.parse("0 0 * * \(field)").weekdays) == expected)
    }

    @Test func `months have names`() throws {
        #expect(values(try CronExpression.parse("0 0 1 JAN,mar-May *").months) == [1, 3, 4, 5])
        #expect(values(try CronExpression.parse("0 0 1 dec *").months) == [12])
    }

    @Test func `a field that begins with a star is unrestricted`() throws {
        #expect(try CronExpression.parse("0 0 */2 * mon").anyDay)
        #expect(try CronExpression.parse("0 0 1 * ?").anyWeekday)
        #expect(!(try CronExpression.parse("0 0 1-31 * *").anyDay))
    }

    @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 feb *", "0 0 31 2-2 */2"])
    func `a day that never comes`(text: String) throws {
        let problem = try #require(throws: ValueProblem.self) { _ = try CronExpression.parse(text) }
        #expect(problem.message.hasPrefix("this time never comes"))
    }

    @Test(arguments: ["0 0 29 2 *", "0 0 31 * *", "0 0 30 2 mon", "0 0 31 4,5 *", "0 0 */30 2 *"])
    func `a day that comes, if seldom`(text: String) throws {
        _ = try CronExpression.parse(text)
    }

    @Test(arguments: [
        ("", "not 0"), ("* * * *", "not 4"), ("* * * * * * *", "not 7"), ("60 * * * *", "\"60\" is no minute"),
        ("* 24 * * *", "\"24\" is no hour"), ("* * 0 * *", "\"0\" is no day of the month"),
        ("* * 32 * *", "\"32\" is no day"), ("* * * 13 *", "\"13\" is no month"), ("* * * 0 *", "\"0\" is no month"),
        ("* * * * 8", "\"8\" is no weekday"), ("* * * foo *", "\"foo\" is no month"),
        ("5-1 * * * *", "ends before it begins"),
        ("*/0 * * * *", "the step \"0\""), ("*/x * * * *", "the step \"x\""), ("*/ * * * *", "the step \"\""),
        ("1,,2 * * * *", "\"\" is no minute"), (", * * * *", "\"\" is no minute"), ("-5 * * * *", "\"\" is no minute"),
        ("1- * * * *", "\"\" is no minute"), ("@reboot", "@reboot is not a time"), ("@daily 5", "@daily is not a time"),
        ("* * L * *", "\"L\" is no day"), ("* * * * 5#2", "\"5#2\" is no weekday"),
        ("fri-mon * * * *", "\"fri\" is no minute"),
        ("* * * * fri-mon", "ends before it begins"), ("60 * * * * *", "\"60\" is no second"),
        ("99999999999999999999 * * * *", "is no minute"), ("* * * jan-jan-feb *", "is no month"),
    ])
    func `what is no expression`(text: String, message: String) throws {
        let problem = try #require(throws: ValueProblem.self) { _ = try CronExpression.parse(text) }
        #expect(problem.message.contains(message), "\(problem)")
    }
}
