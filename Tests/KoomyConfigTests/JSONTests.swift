import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct JSONTests {
    /// The value of the variable A in a JSON file that has it in `env` as `literal`.
    private func value(_ literal: String, name: String = "/srv/a.json") throws -> String? {
        try load("{\"script\": \"./a\", \"env\": {\"A\": \(literal)}}", name: name).apps[0].environment["A"]
    }

    @Test(arguments: [
        (#""\/x""#, "/x"), (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00!""#, "😀!"), (#""\u0041""#, "A"),
        (#""\"\\\b\f\n\r\t""#, "\"\\\u{8}\u{C}\n\r\t"), (#""a: b # c""#, "a: b # c"), (#""- x""#, "- x"),
        (#""null""#, "null"), ("\"\u{7F}\"", "\u{7F}"), ("\"\u{85}\"", "\u{85}"),
        ("\"a\u{2028}b\u{2029}c\"", "a\u{2028}b\u{2029}c"),
        ("\"\u{9F}\"", "\u{9F}"), ("\"\u{FEFF}x\"", "\u{FEFF}x"), ("\"\u{FFFF}\"", "\u{FFFF}"), ("\"  \"", "  "),
        (#""""#, ""), ("\"é😀\"", "é😀"), ("\"tab\tin\"", nil), ("'single \"quoted\"'", "single \"quoted\""),
        ("0", "0"), ("-0", "-0"), ("1.10", "1.10"), ("1e5", "1e5"), ("1E+2", "1E+2"), ("-1.5e-3", "-1.5e-3"),
        ("12345678901234567890", "12345678901234567890"), ("true", "true"), ("false", "false"),
        ("{\"a\": [1, \"x\", null, true, {}]}", #"{"a":[1,"x",null,true,{}]}"#), ("[]", "[]"),
        (#""<<""#, "<<"), (#""*a""#, "*a"), (#""&a""#, "&a"), (#""!!int""#, "!!int"), (#""%x""#, "%x"),
    ])
    func `what JSON's values are`(literal: String, expected: String?) throws {
        if let expected {
            #expect(try value(literal) == expected)
        } else {
            #expect(try value(literal) == "tab\tin")
        }
    }

    @Test func `null is nothing`() throws {
        #expect(try value("null") == nil)
    }

    @Test(arguments: [
        "{\t\"script\"\t:\t\"./a\"\t}", "\t{\"script\":\"./a\"}", "{\"script\"\n:\n\"./a\"\n}\n\n",
        "{\"script\"\r\n\t:\"./a\"}\r\n", "\n\n  {\n\n\"script\": \"./a\"}", "[{\"script\":\"./a\"}]",
        "{\"script\":\"./a\",\"args\":[\"-1\",-1,1]}", "{\"script\":\"./a\",\"env\":{},\"args\":[]}",
        "{\"script\" /* which */ : \"./a\" // the program\n}", "/* first */ {\"script\": \"./a\",}",
        "{script: './a', args: ['b',],}", "{\"script\":\"./a\"/**/}", "{'script':'./a'}//",
    ])
    func `blanks and what JavaScript allows`(text: String) throws {
        #expect(try load(text, name: "/srv/a.json").apps[0].command.script == "/srv/a")
        #expect(try load(text, name: "/srv/config").apps[0].command.script == "/srv/a")
    }

    @Test func `a long key`() throws {
        let key = String(repeating: "K", count: 3000)
        let text = "{\"script\": \"./a\", \"env\": {\"\(key)\": \"v\", \"B\": \"w\"}}"
        #expect(try load(text, name: "/srv/a.json").apps[0].environment == [key: "v", "B": "w"])
    }

    @Test(arguments: [
        (#"{"script": "./a" «"name": "b"}"#, "a comma is missing before this"),
        ("{\"script\": \"./a\"\n «\"name\": \"b\"}", "a comma is missing before this"),
        (#"{"script": "./a", "nice": 1 «"name": "b"}"#, "a comma is missing before this"),
        (#"[{"script": "./a"} «{"script": "./b"}]"#, "a comma is missing before this"),
        (#"{"script": «./a}"#, "\"./a\" is not JSON | double quotes"),
        (#"{"autorestart": «yes}"#, "\"yes\" is not JSON"),
        (#"{"autorestart": «True}"#, "\"True\" is not JSON"),
        (#"{"nice": «01}"#, "\"01\" is not JSON"), (#"{"nice": «.5}"#, "\".5\" is not JSON"),
        (#"{"nice": «+1}"#, "\"+1\" is not JSON"), (#"{"nice": «1.}"#, "\"1.\" is not JSON"),
        (#"{"nice": «0x1F}"#, "\"0x1F\" is not JSON"), (#"{"nice": «NaN}"#, "\"NaN\" is not JSON"),
        (#"{"nice": «1.e3}"#, "\"1.e3\" is not JSON"), (#"{"nice": «-}"#, "\"-\" is not JSON"),
        (#"{"nice": «*a}"#, "\"*a\" is not JSON"), (#"{«# x"#, "\"#\" is not JSON"),
        (#"{«a-b: 1}"#, "\"a-b\" is not JSON"),
        ("{\"script\": «\"./a\n\"}", "the string is not closed on its line"),
        (#"{"script": «"./a"#, "the string is not closed"),
        (#"{"script": "a«\qb"}"#, "this is not an escape of JSON"),
        (#"{"script": "a«\x41"}"#, "this is not an escape of JSON"),
        (#"{"script": "a«\u12G4"}"#, "four hexadecimal digits"), (#"{"script": "a«\u12"#, "four hexadecimal digits"),
        (#"{"script": "«\ud800"}"#, "half of a surrogate pair"),
        (#"{"script": "«\udc00\ud800"}"#, "half of a surrogate"),
        (#"{"script": "«\ud800\u0041"}"#, "half of a surrogate"), ("{«/* x", "the comment is not closed"),
        (#"{"script": "é\ud83d\ude00" «"b": 1}"#, "a comma is missing"),
        (#"{"script": "./\ud83d\ude00\/e", "name": "a", «"bad": 1}"#, "unknown attribute \"bad\""),
        (
            #"{"env": {"A": "\ud83d\ude00\ud83d\ude00", "«B=": "x"}, "script": "./a"}"#.replacing(
                "\"«B=",
                with: "«\"B="
            ),
            "not a name for a variable"
        ),
        ("{\"script\"\n\n:\"./a\", «\"bad\": 1}", "unknown attribute \"bad\""),
        ("{\"script\":\"./a\",\n\t\t«\"bad\":\t1}", "unknown attribute \"bad\""),
        (#"{"script": "./a"«"#, "expected ',' or '}'"), (#"{"script": "./a"}«}"#, ""), (#"{"script": «}"#, "no script"),
        (#"{"a" «/ 1}"#, "a comma is missing"), ("", "the file is empty"),
    ])
    func `what is wrong with a JSON text and where`(text: String, message: String) throws {
        let marked = Marked(text)
        let error = try #require(throws: ConfigurationError.self) { _ = try load(marked.text, name: "/srv/a.json") }
        let first = try #require(error.errors.first)
        let parts = message.components(separatedBy: " | ")
        #expect(first.message.contains(parts[0]), "\(error)")
        if parts.count > 1 { #expect(first.hint?.contains(parts[1]) == true, "\(error)") }
        if !text.contains("{\"script\": «}"), let place = marked.places.first {
            #expect("\(first.line):\(first.column)" == place, "\(error)")
        }
    }

    @Test func `JSON in a YAML file is read as YAML`() throws {
        #expect(try value(#""\/x""#, name: "/srv/a.yaml") == "/x")
        #expect(try value("[1, 2]", name: "/srv/a.yaml") == "[1,2]")
    }

    @Test func `the place of each token comes through`() throws {
        let text = "{ \"a\\ud83d\\ude00\" : [ \"\\u0041\", 'x' , true ],\n\"b\":{}}"
        let source = try SourceText(bytes: Array(text.utf8), name: "a.json")
        let report = Report(source: source)
        let root = try Composer.compose(source, format: .json, report: report)
        guard case .mapping(let pairs) = root.content, case .sequence(let items) = pairs[0].value.content else {
            Issue.record("not what was written")
            return
        }
        #expect(pairs.map(\.key) == ["a😀", "b"])
        #expect(pairs.map { "\($0.keyPlace.line):\($0.keyPlace.column)" } == ["1:3", "2:1"])
        #expect(pairs.map { "\($0.value.place.line):\($0.value.place.column)" } == ["1:21", "2:5"])
        #expect(items.map(\.place.column) == [23, 33, 39])
        #expect(root.weight == 6)
        #expect(root.height == 3)
    }
}
