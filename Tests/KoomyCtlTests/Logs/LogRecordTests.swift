import KoomyModel
import Testing

@testable import koomyctl

@Suite struct LogRecordTests {
    private func record(_ line: String) -> LogRecord? { LogRecord(line: Array(line.utf8)[...]) }

    @Test func `a line is read with all its members, in any order`() throws {
        let line = """
            {"timestamp":"2026-11-20T17:04:56.123+01:00","app":"api","slot":3,"generation":12,"stream":"error","message":"hi"}
            """
        let found = try #require(record(line))
        #expect(found.time == WallTime(nanoseconds: 1_795_190_696_123_000_000))
        #expect(found.app == Array("api".utf8) && found.slot == 3 && found.generation == 12 && found.stream == .error)
        #expect(found.message == Array("hi".utf8))
        let other = #" { "message" : "x" , "new" : {"a":[1,-2.5e3,{"b":null}],"c":"}\""} , "slot" : 0 } "#
        #expect(record(String(other.dropFirst()))?.slot == 0)
    }

    @Test(arguments: [
        (#"a\"b\\c\/d"#, #"a"b\c/d"#), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"), (#"\u0041\u00e9\u20AC"#, "Aé€"),
        (#"\uD83D\uDE00!"#, "😀!"), (#"\uD83D"#, "\u{FFFD}"), (#"\u0000"#, "\0"), ("é€😀", "é€😀"), ("", ""),
    ])
    func `every escape is undone`(text: String, expected: String) {
        #expect(record(#"{"message":"\#(text)"}"#)?.message == Array(expected.utf8))
    }

    @Test func `bytes that are no text come from their own member`() {
        #expect(record(#"{"message":"\ufffd","bytes":"/wBB"}"#)?.message == [0xFF, 0, 0x41])
    }

    @Test(arguments: [
        "", "x", "{}", "[]", #"{"message":1}"#, #"{"message":"x""#, #"{"message":"x"} y"#, #"{"message":"\x"}"#,
        #"{"message":"x",}"#, #"{"slot":1}"#, #"{"slot":"1","message":"x"}"#, #"{"message":"x","a":}"#, #"{"message""#,
        #"{"message":"\u12"}"#,
    ])
    func `anything else is no record`(line: String) {
        #expect(record(line) == nil)
    }

    @Test func `no cut or changed line is a trap`() {
        let line = Array(#"{"a":[1,{"b":"\u00e9"}],"message":"x\n","slot":2,"bytes":"QQ=="}"#.utf8)
        for end in 0..<line.count { #expect(LogRecord(line: line[..<end]) == nil) }
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var changed = line
            changed[Int.random(in: 0..<line.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            _ = LogRecord(line: changed[...])
        }
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(LogRecord(line: (Array(#"{"a":"#.utf8) + deep)[...]) == nil)
    }

    @Test func `times that nanoseconds do not reach are none`() throws {
        let line = #"{"timestamp":"9999-12-31T23:59:59Z","message":"x"}"#
        #expect(try #require(record(line)).time == nil)
        var parser = LineParser(.raw)
        let begin = WallTime(nanoseconds: .min)
        for text in ["9999-12-31 23:59:59 x", "0000-00-00 00:00:00 x", "0001-01-01 00:00:00 x"] {
            #expect(parser.entry(LogPiece(bytes: Array(text.utf8))).time == begin)
        }
        var stamped = LineParser(LineFormat(("stamped", "X.SSS")))
        #expect(!stamped.entry(LogPiece(bytes: Array("9999999999.999: x".utf8))).isTimed)
        #expect(!stamped.entry(LogPiece(bytes: Array("9223372036.999: x".utf8))).isTimed)
        #expect(stamped.entry(LogPiece(bytes: Array("1700000000.999: x".utf8))).isTimed)
        let name = try #require(RotatedName(parsing: "99999999T999999Z"))
        #expect(name.time == begin)
        #expect(try #require(RotatedName(parsing: "20261120T170405Z-3.gz")).time.seconds == 1_795_194_245)
    }

    @Test func `base 64 there and back`() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length * 101) }
            #expect(Base64.decoded(Base64.encoded(bytes)) == bytes)
        }
        #expect(String(decoding: Base64.encoded(Array("Man is".utf8)), as: UTF8.self) == "TWFuIGlz")
        #expect(String(decoding: Base64.encoded(Array("Ma".utf8)), as: UTF8.self) == "TWE=")
        #expect(Base64.decoded(Array("T*==".utf8)) == nil)
    }
}
