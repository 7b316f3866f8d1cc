import KoomyConfig
import KoomyModel
import Testing

@testable import koomyctl

@Suite struct StampReaderTests {
    private func reader(_ text: String) throws -> StampReader {
        try StampReader(try #require(LogDateFormat(moment: text)))
    }

    @Test(arguments: [
        ("HH:mm:ss", "the year"), ("MM-DD HH:mm:ss", "the year"), ("YYYY HH:mm", "the month"),
        ("YYYY-MM HH:mm", "the day"), ("YYYY-MM-DD", "the hour"), ("YYYY-MM-DD hh:mm:ss", "half of the day"),
        ("YYYY-MM-DD HH", "the minute"), ("YYYY-MM-DD h A", "the minute"),
    ])
    func `a format that leaves something open is refused, with what it is`(text: String, missing: String) throws {
        #expect {
            _ = try reader(text)
        } throws: { error in
            guard let problem = error as? StampProblem else { return false }
            return problem.message.contains(text) && problem.message.contains(missing) && problem.hint != nil
        }
    }

    @Test(arguments: ["MDYYYY HH:mm", "YYYY-M-DHH:mm", "YYYY-MM-DD Hmm", "D1/MM/YYYY HH:mm", "XSSS", "x1"])
    func `a format in which a number has no end is refused`(text: String) throws {
        #expect(throws: StampProblem.self) { _ = try reader(text) }
    }

    @Test(arguments: ["2026-11-20 17:04:56", "2026-11-20 17:04:56 x", "17:04: x", "", ": x", "2026-13-20 17:04:56: x"])
    func `a line that does not begin with the stamp has none`(line: String) throws {
        var reader = try reader("YYYY-MM-DD HH:mm:ss")
        #expect(reader.read(Array(line.utf8)[...]) == nil)
    }

    @Test func `what is written in brackets, and words that look like numbers, are gone over`() throws {
        var reader = try reader("[at] X[s 2026]")
        #expect(reader.read(Array("at 1700000000s 2026: 5: x".utf8)[...])?.length == 21)
        #expect(reader.latest.seconds == 1_700_000_000)
    }
}
