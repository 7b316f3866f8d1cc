import KoomyModel
import TestSupport
import Testing

@testable import KoomySupervisor

struct LogSinkTests {
    /// What is in the file once these have been written, one call for each.
    private func write(_ texts: [String], stamp: LogStamp? = nil) throws -> String? {
        try Workspace.with { files in
            let sink = LogSink(.file(LogFile(path: files("log"))), stamp: stamp)
            for text in texts { Array(text.utf8).withUnsafeBytes { sink.write($0) } }
            return Files.text(of: files("log"))
        }
    }

    /// The same at every time.
    private let stamp = LogStamp(LogDateFormat(text: "[noon]", tokens: [.literal("noon")]))

    @Test func `without a stamp the lines are as they were written`() throws {
        #expect(try write(["one\n", "two\nthree\n", "\0\n\n"]) == "one\ntwo\nthree\n\0\n\n")
        #expect(try write(["last"]) == "last")
    }

    @Test(arguments: [
        ("one\n", "noon: one\n"), ("one\ntwo\n", "noon: one\nnoon: two\n"), ("\n\n", "noon: \nnoon: \n"),
        ("one\nlast", "noon: one\nnoon: last"), ("last", "noon: last"), ("a\0b\r\n", "noon: a\0b\r\n"),
    ])
    func `each line begins with the stamp`(_ text: String, _ expected: String) throws {
        #expect(try write([text], stamp: stamp) == expected)
    }

    @Test func `a stamp is that of now`() throws {
        let seconds = LogStamp(LogDateFormat(text: "X", tokens: [.unixSeconds]))
        let text = try #require(try write(["a\n"], stamp: seconds))
        let now = try #require(try write(["b\n"], stamp: seconds))
        let numbers = [text, now].compactMap { $0.split(separator: ":").first.flatMap { Int64($0) } }
        #expect(numbers.count == 2 && numbers[0] <= numbers[1] && numbers[1] - numbers[0] < 60)
        #expect(numbers[0] > 1_700_000_000)
        #expect(text.hasSuffix(": a\n"))
    }

    @Test func `many lines keep their order`() throws {
        let lines = (0..<5_000).map { "line \($0)\n" }
        #expect(try write([lines.joined()], stamp: stamp) == lines.map { "noon: " + $0 }.joined())
    }
}
