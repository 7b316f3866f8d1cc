import KoomyModel
import KoomyWire
import TestSupport
import Testing

@testable import koomyctl

@Suite struct LogJSONTests {
    private func json(_ line: [UInt8], _ format: LineFormat = .raw, ends: Bool = true) -> String {
        var parser = LineParser(format)
        var entry = parser.entry(LogPiece(bytes: line))
        entry.piece.ends = ends
        var buffer: [UInt8] = []
        LogJSON.append(entry, of: LogOrigin(app: "api", slot: 1, stream: .error), to: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    @Test func `a line has what is known of it`() {
        #expect(json(Array("hi".utf8)) == #"{"app":"api","slot":1,"stream":"error","message":"hi"}"# + "\n")
        let stamped = LineFormat(("stamped", "YYYY-MM-DDTHH:mm:ssZ"))
        let line = Array("2026-11-20T17:04:56+00:00: hi: there".utf8)
        let text = json(line, stamped)
        #expect(text.hasSuffix(#","app":"api","slot":1,"stream":"error","message":"hi: there"}"# + "\n"), "\(text)")
        #expect(text.hasPrefix(#"{"timestamp":"2026-11-"#))
        #expect(json(Array("x".utf8), ends: false).contains(#""message":"x","partial":true}"#))
    }

    @Test func `what is an object already stays as it is`() {
        let line = #"{"timestamp":"2026-11-20T17:04:56.123+01:00","app":"api","slot":0,"message":"x","new":1}"#
        #expect(json(Array(line.utf8), .json) == line + "\n")
        #expect(json(Array("foreign".utf8), .json).contains(#""message":"foreign""#))
    }

    @Test func `every byte comes back out of it`() throws {
        var random = SeededNumbers(seed: 1)
        var lines = (0..<200).map { _ in
            (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        lines += [Array(0..<0x80), Array("é€😀\"\\/\u{1F}".utf8), [0xC3], [0xED, 0xA0, 0x80]]
        for line in lines {
            let text = Array(json(line).utf8.dropLast())
            #expect(LogRecord(line: text[...])?.message == line)
            // Another reader takes it for JSON too.
            guard case .object(let members)? = try? WireCoding.decode(JSONValue.self, from: text) else {
                Issue.record("no JSON: \(String(decoding: text, as: UTF8.self))")
                continue
            }
            #expect(members["message"] == .string(String(decoding: line, as: UTF8.self)))
        }
    }
}
