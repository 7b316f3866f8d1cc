import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct SourceTextTests {
    private func problem(_ bytes: [UInt8], name: String = "/srv/a.yaml") throws -> Diagnostic {
        let error = try #require(throws: ConfigurationError.self) {
            _ = try EcosystemFile.parse(bytes: bytes, name: name, context: .sample)
        }
        #expect(error.diagnostics.count == 1, "\(error)")
        return try #require(error.diagnostics.first)
    }

    @Test func `a byte order mark is no part of the text`() throws {
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("script: ./a\nbad: 1\n".utf8)
        #expect(try problem(bytes).line == 2)
        #expect(try problem(bytes).column == 1)
        let json: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(#"{"bad": 1, "script": "./a"}"#.utf8)
        #expect(try problem(json, name: "a.json").column == 2)
    }

    @Test(arguments: [[0xFF, 0xFE, 0x61, 0x00], [0xFE, 0xFF, 0x00, 0x61]] as [[UInt8]])
    func `UTF-16 is told from garbage`(bytes: [UInt8]) throws {
        #expect(try problem(bytes).message == "the file is UTF-16")
    }

    @Test(arguments: ["/srv/a.yaml", "/srv/a.json"])
    func `bytes that are no UTF-8 have a place`(name: String) throws {
        let found = try problem(Array("a: é\nb: x".utf8) + [0xC3, 0x28] + Array("\n".utf8), name: name)
        #expect([found.line, found.column] == [2, 5])
        #expect(found.message == "this is not UTF-8")
        for bytes: [UInt8] in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] {
            #expect(try problem(Array("x: ".utf8) + bytes, name: name).message == "this is not UTF-8")
        }
    }

    @Test(arguments: [0x00, 0x01, 0x07, 0x0B, 0x1B, 0x1F] as [UInt8])
    func `control characters have a place`(byte: UInt8) throws {
        let found = try problem(Array("script: ./a\nname: ".utf8) + [byte])
        #expect([found.line, found.column] == [2, 7])
        let digits = String(byte, radix: 16, uppercase: true)
        #expect(found.message.contains("U+00\(digits.count == 1 ? "0" : "")\(digits)"))
        #expect(try problem(Array("{\"a\":\"".utf8) + [byte, 0x22, 0x7D], name: "a.json").column == 7)
    }

    @Test(arguments: ["\u{7F}", "\u{80}", "\u{9F}", "\u{FEFF}", "\u{FFFE}"])
    func `characters that YAML does not allow have a place`(text: String) throws {
        let found = try problem(Array("script: ./é\nname: a\(text)".utf8))
        #expect([found.line, found.column] == [2, 8])
        #expect(found.message.hasPrefix("YAML does not allow the character U+"))
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `each kind of line break counts once`(lineBreak: String) {
        let text = ["apps:", "  - script: ./a", "    args: é", "    «bad: 1", ""].joined(separator: lineBreak)
        let marked = text.replacing("«", with: "")
        do {
            _ = try load(marked)
            Issue.record("accepted")
        } catch {
            #expect(error.errors.map { [$0.line, $0.column] } == [[4, 5]])
            #expect(error.errors[0].excerpt?.text == "    bad: 1")
        }
    }

    @Test func `a file of five megabytes is refused`() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 5 << 20)
        #expect(try problem(bytes).message == "the file is larger than 4 MiB")
    }

    @Test func `a large file within the limits is read in reasonable time`() throws {
        var text = "apps:\n"
        for index in 0..<2000 {
            text += "  - name: app-\(index)\n    script: ./server\n    listen: \(10_000 + index)\n"
            text += "    env: {A: 'x', B: \"\(String(repeating: "y", count: 400))\"}\n"
        }
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure { count = try load(text).apps.count }
        #expect(count == 2000)
        #expect(time < .seconds(20))
    }

    @Test func `a position of every scalar lies in its line`() throws {
        let text = "aé\r\nb😀c\n\nlast"
        let source = try SourceText(bytes: Array(text.utf8), name: "a")
        #expect(source.lineCount == 4)
        let places = (0...12).map { source.place(ofScalars: $0..<$0 + 1) }
        #expect(
            places.map { "\($0.line):\($0.column)" } == [
                "1:1", "1:2", "1:3", "1:3", "2:1", "2:2", "2:3", "2:4", "3:1", "4:1", "4:2", "4:3", "4:4",
            ]
        )
        #expect(source.place(ofScalars: 99..<200) == SourceText.Place(line: 4, column: 5, length: 1))
        #expect(source.place(ofByte: 8) == SourceText.Place(line: 2, column: 3))
        #expect(String(String.UnicodeScalarView(source.scalars(ofLine: 1))) == "aé")
    }

    @Test func `a last line break begins no line`() throws {
        #expect(try SourceText(bytes: Array("a\n".utf8), name: "").lineCount == 1)
        #expect(try SourceText(bytes: Array("\n\n".utf8), name: "").lineCount == 2)
        #expect(try SourceText(bytes: [], name: "").lineCount == 1)
    }
}
