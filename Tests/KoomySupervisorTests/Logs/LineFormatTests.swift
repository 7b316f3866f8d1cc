import KoomyModel
import KoomySystem
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

struct LineFormatTests {
    private func render(_ text: String, _ format: LineFormat = .raw, isInsideLine: Bool = false) -> String {
        let buffer = LineBuffer()
        Array(text.utf8).withUnsafeBytes {
            format.render($0, at: Self.time, isInsideLine: isInsideLine, into: buffer)
        }
        return String(decoding: buffer.bytes, as: UTF8.self)
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

    /// Lines whose lengths lie around those of the pieces in which they are copied, in many orders.
    private func texts() -> [String] {
        var random = SystemRandomNumberGenerator()
        let lengths = [0, 1, 2, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 300]
        return (0..<20).map { _ in
            (0..<Int.random(in: 0...40, using: &random)).map { number in
                String(repeating: "\(number % 10)", count: lengths.randomElement(using: &random) ?? 0) + "\n"
            }.joined()
        } + [
            String(repeating: "\n", count: 10_000), "last", String(repeating: "x\n", count: 6_000) + "last",
            String(repeating: "x", count: 70_000) + "\n",
        ]
    }

    @Test(arguments: [1, 4, 31, 32, 33, 200, 223, 224, 225, 256, 300])
    func `lines and stamps of any length are put together as they are`(_ length: Int) {
        let word = String(repeating: "s", count: length)
        let format = LineFormat.stamped(LogStamp(LogDateFormat(text: "[s]", tokens: [.literal(word)])))
        for text in texts() {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "\(word): \($0)" }
            if text.isEmpty || text.hasSuffix("\n") { lines[lines.count - 1] = "" }
            #expect(render(text, format) == lines.joined(separator: "\n"))
        }
    }

    @Test func `JSON lines of any length are put together as they are`() throws {
        let format = try json
        let empty = render("\n", format)
        let parts = empty.split(separator: "\"message\":\"", maxSplits: 1)
        let (lead, trail) = (parts[0] + "\"message\":\"", parts[1])
        for text in texts() where text.hasSuffix("\n") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            #expect(render(text, format) == lines.map { lead + $0 + trail }.joined())
        }
    }

    @Test func `an escape is found wherever it is`() throws {
        let format = try json
        for length in [1, 31, 32, 33, 64, 100] {
            for place in 0..<length {
                for (letter, escaped) in [
                    ("\"", "\\\""), ("\\", "\\\\"), ("\t", "\\t"), ("\u{1f}", "\\u001f"), ("ż", "ż"),
                ] {
                    let before = String(repeating: "a", count: place)
                    let after = String(repeating: "z", count: length - place - 1)
                    let line = render(before + letter + after + "\n", format)
                    #expect(line.hasSuffix("\"message\":\"\(before)\(escaped)\(after)\"}\n"))
                }
            }
        }
    }

    @Test func `nothing becomes more than is reckoned with`() throws {
        let samples: [[UInt8]] = [
            [0x0A], [0x61], [0x01, 0x0A], [0xFF, 0x0A], [0xFF], Array(repeating: 0xFF, count: 1_000) + [0x0A],
            Array(repeating: 0x22, count: 1_000), Array(repeating: 0x0A, count: 1_000), [0xFF, 0x01, 0x01],
            (0..<2_000).map { UInt8($0 % 256) },
        ]
        let buffer = LineBuffer()
        for format in [.raw, stamp, try json] {
            for bytes in samples {
                bytes.withUnsafeBytes {
                    format.render($0, at: Self.time, into: buffer)
                    #expect(buffer.bytes.count <= format.most(of: $0, at: Self.time), "\(bytes.prefix(9))")
                }
            }
        }
    }

    @Test func `the rest of a line has no stamp of its own`() {
        #expect(render("rest\nnext\n", stamp, isInsideLine: true) == "rest\nnoon: next\n")
        #expect(render("rest", stamp, isInsideLine: true) == "rest")
    }

    // MARK: - JSON

    private func objects(_ bytes: [UInt8]) throws -> [[String: JSONValue]] {
        let buffer = LineBuffer()
        let json = try json
        bytes.withUnsafeBytes { json.render($0, at: Self.time, into: buffer) }
        #expect(buffer.bytes.last == UInt8(ascii: "\n"))
        return try buffer.bytes.split(separator: UInt8(ascii: "\n")).map { try WireCoding.decode(from: Array($0)) }
    }

    private var json: LineFormat {
        get throws {
            let app = try #require(AppName("api"))
            return .json(JSONLines(app: app, slot: 1, generation: Generation(3), stream: .error))
        }
    }

    @Test func `a line becomes an object that says whose it is`() throws {
        try inTimeZone("Europe/Zurich") {
            let text = render("one\ntwo\n", try json)
            let lead =
                #"{"timestamp":"2023-11-14T23:13:20.123+01:00","app":"api","slot":1,"generation":3,"stream":"error""#
            #expect(
                text == lead + ",\"message\":\"one\"}\n" + lead
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

    @Test func `what is UTF-8 and what is not is told apart as the standard library does`() throws {
        var random = SystemRandomNumberGenerator()
        let buffer = LineBuffer()
        /// Bytes near the borders of what is allowed (RFC 3629, 4), which chance alone seldom meets.
        let borders: [UInt8] = [
            0x00, 0x1F, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
            0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var valid = 0
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                borders.randomElement(using: &random) ?? 0
            }
            buffer.removeAll()
            let isText = bytes.withUnsafeBytes { buffer.appendEscaped($0) }
            #expect(isText == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
            if isText { valid += 1 }
        }
        #expect(valid > 500)
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
