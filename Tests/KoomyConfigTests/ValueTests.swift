import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct ShellWordsTests {
    private static let lines: [(String, [String]?)] = [
        ("", []), ("   ", []), ("a", ["a"]), (" a  b\tc\n", ["a", "b", "c"]), ("'a b' c", ["a b", "c"]),
        (#""a b"c"#, ["a bc"]), (#"a\ b"#, ["a b"]), (#"'a\b'"#, [#"a\b"#]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]),
        ("''", [""]), (#"a "" b"#, ["a", "", "b"]), ("--x='y z'", ["--x=y z"]),
        ("$HOME *.js `ls` ~", ["$HOME", "*.js", "`ls`", "~"]),
        ("it's", nil), (#""a"#, nil), (#"a\"#, nil), ("a\r\nb", ["a", "b"]), ("é 'ü ß'", ["é", "ü ß"]),
    ]

    @Test(arguments: lines)
    func `a line is split as a shell splits it`(line: String, words: [String]?) {
        #expect(ShellWords.split(line) == words)
    }

    @Test(arguments: ["", "a", "a b", "it's", "$x", "\"", "a\\b", "'", "ä"])
    func `a quoted word comes back as one`(word: String) {
        #expect(ShellWords.split(ShellWords.quoted(word)) == [word])
    }

    @Test func `a harmless word needs no quotes`() {
        #expect(ShellWords.quoted("./a-b_c.json") == "./a-b_c.json")
        #expect(ShellWords.quoted("a b") == "'a b'")
    }
}

@Suite struct SpellingTests {
    @Test(arguments: [
        ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("ab", "abc", 1),
        ("abc", "axc", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
    ])
    func `distances`(left: String, right: String, distance: Int) {
        #expect(Spelling.distance(Array(left.utf8), Array(right.utf8)) == distance)
    }

    @Test func `only what is close is meant`() {
        #expect(Spelling.suggestion(for: "prot", among: ["port", "path"]) == "port")
        #expect(Spelling.suggestion(for: "xyz", among: ["port", "path"]) == nil)
        #expect(Spelling.suggestion(for: "", among: ["port"]) == nil)
        #expect(Spelling.suggestion(for: "PORT", among: ["port"]) == "port")
    }

    @Test(arguments: [
        ("maxMemoryRestart", "max_memory_restart"), ("max_memory", "max_memory"), ("nodeArgs", "node_args"),
        ("Name", "name"), ("windowsHide", "windows_hide"), ("max_Memory", "max_memory"), ("é", "é"), ("", ""),
    ])
    func `camelCase is snake_case in other clothes`(camel: String, snake: String) {
        #expect(Spelling.snakeCase(camel) == snake)
    }
}

@Suite struct CompactJSONTests {
    @Test(arguments: [
        ("{a: 1, b: [true, null, x], c: {}}", #"{"a":1,"b":[true,null,"x"],"c":{}}"#),
        ("[1.10, 1e3, 0x10, 1.5, -0.0, .inf, 1e21]", "[1.1,1000,16,1.5,0,null,1e+21]"),
        (#"["a\"b\\c\n\r\t\b\f\u0001é/"]"#, #"["a\"b\\c\n\r\t\b\f\u0001é/"]"#),
        (
            "[9223372036854775808, 9007199254740993]",
            "[9.223372036854775808e+18,9007199254740993]".replacing(
                "9.223372036854775808e+18",
                with: "9.223372036854776e+18"
            )
        ),
        ("[2024-01-01, yes, ~, '5']", #"["2024-01-01","yes",null,"5"]"#),
    ])
    func `objects in the environment are JSON`(yaml: String, json: String) throws {
        #expect(try app("env: {A: \(yaml)}\n").environment["A"] == json)
    }
}

@Suite struct PathResolverTests {
    @Test(arguments: [
        ("/a", "b", "/a/b"), ("/a", "./b", "/a/b"), ("/a/b", "../c", "/a/c"), ("/a", "/c", "/c"), ("/a", "..", "/"),
        ("/a", "../../..", "/"), ("/", "a", "/a"), ("/a//b/", "c//d/", "/a/b/c/d"), ("/a", ".", "/a"),
    ])
    func `paths are joined by their spelling`(base: String, path: String, joined: String) {
        #expect(PathResolver.join(base, path) == joined)
    }

    @Test(arguments: [
        ("a.js", "js"), ("/x.y/a", ""), ("A.YML", "yml"), (".json", ""), ("a.", ""), ("a.config.cjs", "cjs"), ("", ""),
    ])
    func `extensions`(path: String, expected: String) {
        #expect(PathResolver.fileExtension(of: path) == expected)
    }

    @Test func `the folder of the file`() {
        #expect(PathResolver(file: "/srv/a.yaml", context: .sample).folder == "/srv")
        #expect(PathResolver(file: "a.yaml", context: .sample).folder == "/home/dev")
        #expect(PathResolver(file: "sub/../a.yaml", context: .sample).folder == "/home/dev")
        #expect(PathResolver(file: "../a.yaml", context: .sample).folder == "/home")
        #expect(PathResolver(file: "/a.yaml", context: .sample).folder == "/")
    }

    @Test func `home`() {
        let paths = PathResolver(file: "/srv/a.yaml", context: .sample)
        #expect(paths.absolute("~/x", from: "/b") == "/home/ann/x")
        #expect(paths.absolute("~", from: "/b") == "/home/ann")
        #expect(paths.absolute("~x", from: "/b") == "/b/~x")
        let homeless = PathResolver(file: "/a", context: LoadContext(currentDirectory: "/", processorCount: 1))
        #expect(homeless.absolute("~/x", from: "/b") == nil)
    }
}

@Suite struct MomentFormatTests {
    private func tokens(_ text: String) throws -> [LogDateFormat.Token] { try MomentFormat.parse(text).tokens }

    @Test func `PM2's usual formats`() throws {
        #expect(
            try tokens("YYYY-MM-DD HH:mm:ss Z") == [
                .year, .literal("-"), .month, .literal("-"), .day, .literal(" "), .hour, .literal(":"), .minute,
                .literal(":"), .second, .literal(" "), .offset,
            ]
        )
        #expect(try tokens("YYYY-MM-DDTHH:mm:ss").contains(.literal("T")))
        #expect(try MomentFormat.parse("HH:mm").text == "HH:mm")
    }

    private static let everyToken: [String: LogDateFormat.Token] = [
        "YYYY": .year, "YY": .year2, "MM": .month, "MMM": .monthShort, "MMMM": .monthName, "M": .month1, "DD": .day,
        "D": .day1, "HH": .hour, "H": .hour1, "h": .hour12, "hh": .hour12Padded, "mm": .minute, "ss": .second,
        "S": .tenth, "SS": .hundredth, "SSS": .millisecond, "SSSSSS": .microsecond, "Z": .offset,
        "ZZ": .offsetCompact, "X": .unixSeconds, "x": .unixMilliseconds, "ddd": .weekdayShort, "dddd": .weekdayName,
        "A": .meridiemUpper, "a": .meridiemLower,
    ]

    @Test(arguments: everyToken)
    func `every token`(text: String, token: LogDateFormat.Token) throws {
        #expect(try tokens(text) == [token])
        #expect(try tokens("[\(text)]\(text)|") == [.literal(text), token, .literal("|")])
    }

    @Test func `text that stands for itself`() throws {
        #expect(try tokens("[at] HH[h]") == [.literal("at "), .hour, .literal("h")])
        #expect(try tokens("YYYYMMDDHHmmss").count == 6)
        #expect(try tokens("T | é, → 12") == [.literal("T | é, → 12")])
        #expect(try tokens("[]") == [])
        #expect(try tokens("[YYYY][MM]") == [.literal("YYYYMM")])
    }

    @Test(arguments: [
        "Do", "DDD", "d", "dd", "m", "s", "Y", "YYY", "YYYYY", "SSSS", "Q", "W", "ww", "E", "L", "LLL", "k", "z", "N",
        "gg", "GGGG", "ZZZ", "AA", "Mo", "y",
    ])
    func `a token that is not known is named`(text: String) throws {
        let problem = try #require(throws: ValueProblem.self) { _ = try MomentFormat.parse("HH:mm " + text + " x") }
        #expect(problem.message == "unknown token \"\(text)\" in a date format")
        #expect(problem.hint?.contains("[\(text)]") == true)
    }

    @Test func `brackets are closed and lines stay lines`() throws {
        #expect(
            try #require(throws: ValueProblem.self) { _ = try MomentFormat.parse("HH [x") }.message.contains(
                "not closed"
            )
        )
        #expect(
            try #require(throws: ValueProblem.self) { _ = try MomentFormat.parse("HH\nmm") }.message.contains(
                "one line"
            )
        )
    }
}

@Suite struct AddressTextTests {
    @Test(arguments: [
        ("5000", "tcp://*:5000"), (":5000", "tcp://*:5000"), ("*:5000", "tcp://*:5000"), ("0", "tcp://*:0"),
        ("127.0.0.1:5000", "tcp://127.0.0.1:5000"), ("[::1]:5000", "tcp://[::1]:5000"),
        ("localhost:80", "tcp://localhost:80"),
        ("tcp://[::]:1", "tcp://[::]:1"), ("tcp://0.0.0.0:65535", "tcp://0.0.0.0:65535"),
        ("tcp://5000", "tcp://*:5000"),
        ("tcp://*:80", "tcp://*:80"), ("[fe80::1%eth0]:80", "tcp://[fe80::1%eth0]:80"),
        ("my-host.example:80", "tcp://my-host.example:80"),
        ("unix:/run/a.sock", "unix:/run/a.sock"), ("unix:///run/a.sock", "unix:/run/a.sock"),
        ("unix:a.sock", "unix:a.sock"),
    ])
    func `addresses as people write them`(text: String, address: String) throws {
        #expect(try AddressText.parse(text).description == address)
    }

    @Test(arguments: [
        ("70000", "\"70000\" is not a port"), ("127.0.0.1", "has no port"), ("127.0.0.1:", "\"\" is not a port"),
        ("256.0.0.1:80", "not an IPv4 address"), ("1.2.3:80", "not an IPv4 address"), ("::1:5000", "in brackets"),
        ("[::g]:80", "not an IPv6 address"), ("http://a:80", "is not an address"), ("/run/a.sock", "is a path"),
        ("./a.sock", "is a path"), ("a b:80", "is not a host"), ("unix:", "has no path"), ("", "has no port"),
        ("localhost:http", "\"http\" is not a port"), (":-1", "\"-1\" is not a port"), ("[::1]", "not a port"),
        ("tcp://", "has no port"), ("[::1:80", "in brackets"),
    ])
    func `what is no address`(text: String, message: String) throws {
        let problem = try #require(throws: ValueProblem.self) { _ = try AddressText.parse(text) }
        #expect(problem.message.contains(message), "\(problem)")
        #expect(problem.hint != nil)
    }

    @Test(arguments: [
        ("5000", "5000", true), ("5000", "5001", false), ("*:80", "127.0.0.1:80", true), ("[::1]:80", "80", true),
        ("0.0.0.0:80", "127.0.0.1:80", true), ("0.0.0.0:80", "[::1]:80", false), ("[::]:80", "[::1]:80", true),
        ("[::]:80", "127.0.0.1:80", false), ("127.0.0.1:80", "127.0.0.2:80", false), ("0", "0", false),
        ("unix:/a", "unix:/a", true), ("unix:/a", "unix:/b", false), ("unix:/a", "80", false),
    ])
    func `addresses that exclude one another`(left: String, right: String, excludes: Bool) throws {
        let (left, right) = (try AddressText.parse(left), try AddressText.parse(right))
        #expect(left.excludes(right) == excludes)
        #expect(right.excludes(left) == excludes)
    }
}
