import KoomyModel
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

struct LineFormatTests {
    private func render(_ text: String, _ format: LineFormat = .raw, isInsideLine: Bool = false) -> String {
        let bytes = Array(text.utf8).withUnsafeBytes { format.render($0, at: Self.time, isInsideLine: isInsideLine) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let time = WallTime(nanoseconds: 1_700_000_000_123_000_000)

    /// The same at every time.
    private let stamp = LineFormat.stamped(LogStamp(LogDateFormat(text: "[noon]", tokens: [.literal("noon")])))

    @Test func `without a stamp the lines are as they were written`() {
        for text in ["", "one\n", "two\nthree\n", "\0\n\n", "last"] { #expect(render(text) == text) }
    }

    @Test(arguments: [
        ("one\n", "noon: one\n"), ("one\ntwo\n", "noon: one\nnoon: two\n"), ("\n\n", "noon: \nnoon: \n"),
        ("one\nlast", "noon: one\nnoon: last"), ("last", "noon: last"), ("a\0b\r\n", "noon: a\0b\r\n"),
    ])
    func `each line begins with the stamp`(_ text: String, _ expected: String) {
        #expect(render(text, stamp) == expected)
    }

    @Test func `many lines keep their order`() {
        let lines = (0..<5_000).map { "line \($0)\n" }
        #expect(render(lines.joined(), stamp) == lines.map { "noon: " + $0 }.joined())
    }

    @Test func `the rest of a line has no stamp of its own`() {
        #expect(render("rest\nnext\n", stamp, isInsideLine: true) == "rest\nnoon: next\n")
        #expect(render("rest", stamp, isInsideLine: true) == "rest")
    }

    // MARK: - JSON

    private func objects(_ bytes: [UInt8]) throws -> [[String: JSONValue]] {
        let json = try json
        let text = bytes.withUnsafeBytes { json.render($0, at: Self.time) }
        #expect(text.last == UInt8(ascii: "\n"))
        return try text.split(separator: UInt8(ascii: "\n")).map { try WireCoding.decode(from: Array($0)) }
    }

    private var json: LineFormat {
        get throws {
            let app = try #require(AppName("api"))
            return .json(JSONLines(app: app, slot: 1, generation: Generation(3), stream: .error))
        }
    }

    @Test func `a line becomes an object that says whose it is`() throws {
        try inTimeZone("Europe/Zurich") {
            let text = try Array("one\ntwo\n".utf8).withUnsafeBytes { try json.render($0, at: Self.time) }
            let lead =
                #"{"timestamp":"2023-11-14T23:13:20.123+01:00","app":"api","slot":1,"generation":3,"stream":"error""#
            #expect(
                String(decoding: text, as: UTF8.self) == lead + ",\"message\":\"one\"}\n" + lead
                    + ",\"message\":\"two\"}\n"
            )
        }
    }

    @Test(arguments: [
        "", "plain", "quote \" and \\ backslash", "tab\tand\rand\u{8}\u{c}\u{1}\u{1f}\0 end", "żółw 🐢 \u{2028}",
        "</script>",
    ])
    func `any text comes back as it was`(_ text: String) throws {
        let found = try objects(Array((text + "\n").utf8))
        #expect(found.map { $0["message"] } == [.string(text)])
        #expect(found.allSatisfy { $0["bytes"] == nil && $0["partial"] == nil })
    }

    @Test func `what is no text keeps its bytes`() throws {
        var random = SystemRandomNumberGenerator()
        for count in 1...20 {
            let line = [0xFF] + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }.filter { $0 != 0x0A }
            let found = try objects(line + [0x0A])
            #expect(found.count == 1)
            guard case .string(let text)? = found.first?["bytes"] else {
                Issue.record("no bytes: \(found)")
                return
            }
            let decoded = try Command.run(["sh", "-c", "base64 -d | od -An -v -tx1 | tr -d ' \\n'"], input: text)
            #expect(decoded.out == line.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
    }

    @Test func `a piece of a line says so`() throws {
        let found = try objects(Array("one\npiece".utf8))
        #expect(found.map { $0["message"] } == [.string("one"), .string("piece")])
        #expect(found.map { $0["partial"] } == [nil, .bool(true)])
    }

    @Test func `what koomyd says is an object too`() throws {
        let text = try json.note("2 lines (\"x\")", at: Self.time)
        let found: [String: JSONValue] = try WireCoding.decode(from: text)
        #expect(found["message"] == .string("2 lines (\"x\")") && found["stream"] == .string("koomyd"))
        #expect(found["app"] == .string("api") && found["slot"] == nil)
    }
}
