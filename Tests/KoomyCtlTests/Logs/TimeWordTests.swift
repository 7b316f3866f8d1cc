import Glibc
import KoomyModel
import Testing

@testable import koomyctl

@Suite struct TimeWordTests {
    /// 20 November 2026, 17:04:05.6 in UTC.
    private let now = WallTime(nanoseconds: 1_795_194_245_600_000_000)

    /// To the millisecond, for a Double has no more.
    private func seconds(_ text: String) throws -> Double {
        Double(try #require(TimeWord(parsing: text)).time(now: now).nanoseconds / 1_000_000) / 1_000
    }

    @Test(arguments: [
        ("10m", 1_795_193_645.6), ("2h", 1_795_187_045.6), ("1d", 1_795_107_845.6), ("1h30m", 1_795_188_845.6),
        ("now", 1_795_194_245.6), ("@1700000000", 1_700_000_000), ("@1700000000.25", 1_700_000_000.25),
        ("2026-11-20T17:04:05Z", 1_795_194_245), ("2026-11-20T17:04:05.5Z", 1_795_194_245.5),
        ("2026-11-20 18:04:05+01:00", 1_795_194_245), ("2026-11-20T11:34:05-0530", 1_795_194_245),
        ("2026-11-20T17:04Z", 1_795_194_240), ("1970-01-01T00:00:00Z", 0), ("2024-02-29T00:00:00Z", 1_709_164_800),
    ])
    func `a moment that needs no zone`(text: String, expected: Double) throws {
        #expect(try seconds(text) == expected)
    }

    @Test func `what has no zone is local`() throws {
        /// What mktime(3) makes of it.
        func local(_ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32 = 0, _ minute: Int32 = 0) -> Double {
            var fields = tm()
            (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year - 1900, month - 1, day)
            (fields.tm_hour, fields.tm_min, fields.tm_isdst) = (hour, minute, -1)
            return Double(mktime(&fields))
        }
        #expect(try seconds("2026-11-20") == local(2026, 11, 20))
        #expect(try seconds("2026-07-01 17:04") == local(2026, 7, 1, 17, 4))
        #expect(try seconds("2026-07-01 17:04:30") == local(2026, 7, 1, 17, 4) + 30)
        #expect(try seconds("2026-07-01T17:04:30.25") == local(2026, 7, 1, 17, 4) + 30.25)
        let today = CalendarTime(local: now)
        let (year, month, day) = (Int32(today.year), Int32(today.month), Int32(today.day))
        #expect(try seconds("17:04") == local(year, month, day, 17, 4))
        #expect(try seconds("17:04:09") == local(year, month, day, 17, 4) + 9)
        #expect(try seconds("today") == local(year, month, day))
        #expect(try seconds("yesterday") == local(year, month, day - 1))
    }

    @Test(arguments: [
        "", "10", "m", "-10m", "2026", "2026-11", "2026-13-01", "2026-02-29", "2026-11-20 25:00", "24:00", "17:60",
        "2026-11-20 17", "2026-11-20T17:04:05+1", "2026-11-20T17:04:05Zx", "@", "@x", "@1700000000x", "@99999999999",
        "7:04", "2026/11/20", "9999-01-01",
    ])
    func `anything else is no time`(text: String) {
        #expect(TimeWord(parsing: text) == nil)
    }

    @Test func `a moment is read back from its text`() throws {
        for step in 0..<200 {
            let time = WallTime(nanoseconds: Int64(step) * 12_345_678_901_000_000)
            let text = CalendarTime(local: time).text
            #expect(TimeWord(parsing: text)?.time(now: now) == time, "\(text)")
        }
    }
}
