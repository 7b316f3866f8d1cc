import Testing

@testable import KoomyConfig

@Suite struct DiagnosticTests {
    private func first(_ text: String, name: String = "api.yaml") throws -> Diagnostic {
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text, name: name) }
        return try #require(error.diagnostics.first)
    }

    @Test func `the form for a terminal`() throws {
        let diagnostic = try first("apps:\n  - script: ./a\n    max_memry: 300M\n")
        #expect(
            diagnostic.rendered() == """
                api.yaml:3:5: error: unknown attribute "max_memry" of an app
                    3 |     max_memry: 300M
                      |     ^~~~~~~~~
                  hint: did you mean "max_memory"?
                """
        )
        #expect(
            diagnostic.description
                == #"api.yaml:3:5: error: unknown attribute "max_memry" of an app (did you mean "max_memory"?)"#
        )
        #expect(diagnostic.keyPath == "apps[0].max_memry")
    }

    @Test func `a warning says that it is one`() throws {
        let warning = try #require(try load("script: ./a\nvizion: true\n").warnings.first)
        #expect(warning.severity == .warning)
        #expect(warning.rendered().hasPrefix("/srv/shop/ecosystem.yaml:2:1: warning: \"vizion\" has no effect: koomy"))
    }

    @Test func `the mark stands under the place after tabs and wide text`() throws {
        let diagnostic = try first("{\"name\":\t\"äöü\", \"script\": 5, \t\"bad\": 1}", name: "a.json")
        let lines = diagnostic.rendered().components(separatedBy: "\n")
        let caret = try #require(lines[2].firstIndex(of: "^"))
        #expect(lines[1][caret...].hasPrefix("\"äöü\""), "\(lines)")
        #expect(!lines[1].contains("\t"))
        #expect(lines[2].hasSuffix("^~~~~"))
    }

    @Test func `only a part of a long line is shown`() throws {
        let line =
            "{name: api, env: {A: \(String(repeating: "x", count: 5000))}, script: ./a, nonsense: 1, args: [\(String(repeating: "y ,", count: 100))]}"
        let diagnostic = try first(line)
        let excerpt = try #require(diagnostic.excerpt)
        #expect(excerpt.text.count <= 100)
        #expect(excerpt.text.dropFirst(excerpt.offset).hasPrefix("nonsense"))
        #expect(excerpt.length == 8)
        #expect(diagnostic.column > 5000)
    }

    @Test func `what was found stands in the order of the lines with its warnings`() throws {
        let text = "script: ./a\nwatch: true\nbad: 1\nvizion: true\nworse: 2\n"
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.diagnostics.map(\.line) == [2, 3, 4, 5])
        #expect(error.diagnostics.map(\.severity) == [.warning, .error, .warning, .error])
        #expect(error.errors.count == 2)
        #expect(error.description.components(separatedBy: "\n").count == 4)
    }

    @Test func `what a file holds cannot move the cursor`() throws {
        let text = #"{"script": "./a", "stop_signal": "a\u001b[2Jb\nc\t\u0085", "x\r": 1}"#
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text, name: "a.json") }
        #expect(
            error.errors.map(\.message) == [
                #""a\u{1b}[2Jb\nc\t\u{85}" is not a signal"#, #"unknown attribute "x\r" of an app"#,
            ]
        )
        let raw = try first("{\"script\": \"./a\", \"stop_signal\": \"a\u{9B}b\"}", name: "a.json")
        #expect(raw.excerpt?.text.contains("\"a b\"") == true)
    }

    @Test func `a message does not quote a whole file`() throws {
        let diagnostic = try first("script: " + String(repeating: "a b ", count: 100_000))
        #expect(diagnostic.message.count < 600 && diagnostic.message.hasSuffix("..."))
        #expect((diagnostic.hint?.count ?? 0) < 600)
    }
}
