import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct ComposerTests {
    @Test func `anchors and aliases`() throws {
        let apps = try load(
            """
            apps:
              - {name: a, script: ./a, env: &shared {A: 1, B: [x, 2]}}
              - {name: b, script: ./b, env: *shared}
            """
        ).apps
        #expect(apps[0].environment == ["A": "1", "B": #"["x",2]"#])
        #expect(apps[1].environment == apps[0].environment)
    }

    @Test func `merge keys bring in what is not there`() throws {
        let apps = try load(
            """
            x-base: &base {cwd: /base, max_memory: 300M, env: {A: 1}}
            x-more: &more {cwd: /more, kill_timeout: 5s}
            apps:
              - {<<: *base, name: a, script: ./a, max_memory: 400M}
              - {name: b, script: ./b, <<: [*more, *base]}
              - {name: c, script: ./c, <<: {cwd: /inline}}
            """
        ).apps
        #expect(apps.map(\.workingDirectory) == ["/base", "/more", "/inline"])
        #expect(apps.map(\.recycle.maxMemory?.description) == ["400M", "300M", nil])
        #expect(apps[1].stop.killTimeout == .seconds(5))
        #expect(apps[1].environment == ["A": "1"])
    }

    @Test func `a merge is for mappings`() {
        expectProblems("script: ./a\n<<: «5\n", "<< brings in a mapping, not the number 5 | <<: *defaults")
        expectProblems("script: ./a\n<<: [«x]\n", "<< brings in a mapping, not the text \"x\"")
    }

    @Test func `a quoted merge key is a key`() {
        expectProblems("script: ./a\n«\"<<\": {cwd: /}\n", "unknown attribute \"<<\"")
    }

    @Test func `a problem in an anchored value stands where the value stands`() {
        expectProblems(
            "x-a: &a {max_memory: «lots}\napps:\n- <<: *a\n  script: ./a\n",
            "an amount of memory, not the text"
        )
    }

    @Test func `a key twice in one mapping`() {
        expectProblems("script: ./a\nname: a\n«name: b\n", "the key \"name\" stands twice | the first one is at 2:1")
        expectProblems(
            "{\"script\": \"./a\", \"env\": {\"A\": 1,\n «\"A\": 2}}",
            "the key \"A\" stands twice | 1:27",
            name: "/srv/a.json"
        )
    }

    @Test func `aliases of nothing and of themselves`() {
        expectProblems("script: «*nowhere\n", "no anchor &nowhere before this")
        expectProblems("x-a: &a [«*a]\nscript: ./a\n", "*a is inside of the value it stands for")
        expectProblems("x-a: «*b\nx-b: &b 1\nscript: ./a\n", "no anchor &b before this")
    }

    @Test func `nested aliases do not fill the memory`() throws {
        var text = "x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...30 {
            let items = Array(repeating: "*x\(level - 1)", count: 10).joined(separator: ", ")
            text += "x\(level): &x\(level) [\(items)]\n"
        }
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.diagnostics.map(\.message) == ["the file has more than 200000 values, aliases written out"])
        #expect(error.diagnostics[0].line == 6)
    }

    @Test func `nested merges do not fill the memory`() throws {
        var text = "x0: &x0 {\((0..<100).map { "k\($0): {a: 1}" }.joined(separator: ", "))}\n"
        for level in 1...2_100 { text += "y\(level): {<<: *x0}\n" }
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.diagnostics[0].message.contains("more than 200000 values"))
    }

    @Test(arguments: ["/srv/a.yaml", "/srv/a.json"], [50, 1000, 20_000])
    func `deep nesting is refused`(name: String, depth: Int) throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            let error = try #require(throws: ConfigurationError.self) { _ = try load(text, name: name) }
            #expect(error.diagnostics.map(\.message) == ["values lie more than 48 deep in one another"])
            #expect(error.diagnostics[0].line == 1)
        }
    }

    @Test func `depth cannot be had by aliases either`() throws {
        var text = "x0: &x0 [1]\n"
        for level in 1...5000 { text += "x\(level): &x\(level) [*x\(level - 1)]\n" }
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.diagnostics.map(\.message) == ["values lie more than 48 deep in one another"])
        #expect((40...50).contains(error.diagnostics[0].line))
    }

    @Test func `tags of YAML are understood and others refused`() throws {
        let environment = try app("env: {A: !!str 5, B: !!int \"7\", C: !!null '', D: ! x, E: !!map {a: 1}}\n")
            .environment
        #expect(environment == ["A": "5", "B": "7", "D": "x", "E": #"{"a":1}"#])
        expectAttributeProblems("nice: «!!int x\n", "the value does not fit its tag !!int")
        expectAttributeProblems("env: «!secret {A: 1}\n", "the tag !secret means nothing here | take the tag out")
        expectAttributeProblems("env: {A: «!!binary aGk=}\n", "the tag !!binary means nothing here")
        expectAttributeProblems("args: «!!set [a]\n", "the tag !!set means nothing here")
    }

    @Test func `keys are texts`() throws {
        #expect(try app("env: {1: a, true: b}\n").environment == ["1": "a", "true": "b"])
        expectAttributeProblems("env: {«[a]: b}\n", "a key has to be a text, not a list")
        expectAttributeProblems("? «{a: b}\n: c\n", "a key has to be a text, not a mapping")
    }

    @Test func `a NUL is no text`() {
        expectAttributeProblems("env: {A: «\"a\\0b\"}\n", "a text cannot hold a NUL character")
    }

    @Test func `one document`() {
        expectProblems("script: ./a\n«---\nscript: ./b\n", "a second document begins here | take out the ---")
    }

    @Test func `styles of scalars`() throws {
        let text = """
            env:
              PLAIN: a b
              SINGLE: 'it''s'
              DOUBLE: "a\\tb\\u00e9\\x41"
              LITERAL: |
                one
                two
              FOLDED: >-
                one
                two
              NUMBER: "5"
              OCTAL: 0o17
              VERSION: 1.10
              YES: yes
              EMPTY: ""
              NOTHING:
            """
        #expect(
            try app(text).environment == [
                "PLAIN": "a b", "SINGLE": "it's", "DOUBLE": "a\tbéA", "LITERAL": "one\ntwo\n", "FOLDED": "one two",
                "NUMBER": "5", "OCTAL": "0o17", "VERSION": "1.10", "YES": "yes", "EMPTY": "",
            ]
        )
    }
}

@Suite struct SyntaxAdviceTests {
    @Test func `what libyaml says has a place and advice`() {
        expectProblems("apps:\n«\t- script: ./a\n", "cannot start any token | spaces, not with tabs")
        expectProblems("script: «@home/x\n", "cannot start any token | begins with @ needs quotes")
        expectProblems("script: ./a\nname«: b: c\n".replacing("«: b", with: ": b«"), "mapping values | needs quotes")
        expectProblems("listen: [«::1]:5000\n", "node content | IPv6 address needs quotes")
        expectProblems("script: \"./a«\n", "unexpected end of stream | a quote is not closed")
        expectProblems("apps: [{script: ./a}«\n", "',' or ']' | comma or a closing bracket")
        expectProblems("apps:\n  - script: ./a\n «name: b\n", "expected key | indentation")
    }
}
