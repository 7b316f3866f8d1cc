import Testing

@testable import koomy_api

struct JSONTests {
    private func text(_ value: JSON) -> String { String(decoding: value.bytes, as: UTF8.self) }
    private func parse(_ text: String) -> JSON? { JSONParser.parse(Array(text.utf8)) }

    @Test func `values are written on one line in the order given`() {
        let value: JSON = [
            "b": true, "a": .array([.integer(-1), .number(0.5), .null]), "s": "x", "o": .object([]), "n": .number(1e21),
        ]
        #expect(text(value) == #"{"b":true,"a":[-1,0.5,null],"s":"x","o":{},"n":1e+21}"#)
    }

    @Test func `what is not finite is null`() {
        #expect(text(.array([.number(.infinity), .number(.nan)])) == "[null,null]")
    }

    @Test(arguments: [
        ("\"", #""\"""#), ("\\", #""\\""#), ("a\nb\r\t", #""a\nb\r\t""#),
        ("\u{0}\u{1f}\u{7f}", #""\u0000\u001f\u007f""#),
        ("é😀", "\"é😀\""), ("</script>", "\"</script>\""),
    ])
    func `text is escaped`(plain: String, written: String) {
        #expect(text(.string(plain)) == written)
        #expect(parse(written) == .string(plain))
    }

    @Test func `every character survives writing and reading`() {
        let all = (0..<0x3000).compactMap { Unicode.Scalar($0) }.map { String(Character($0)) }.joined()
        #expect(JSONParser.parse(JSON.string(all).bytes)?.text?.utf8.elementsEqual(all.utf8) == true)
    }

    private static let texts: [(String, JSON)] = [
        ("0", JSON.integer(0)), (" -12 ", .integer(-12)), ("1.5e3", .number(1500)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("[]", .array([])), ("{ }", .object([])),
        ("[1 , [true,false,null]]", .array([.integer(1), .array([true, false, .null])])),
        (#""\u00e9\ud83d\ude00\/\b\f""#, .string("é😀/\u{8}\u{c}")),
        (#"{"a":{"b":[{}]},"a":1}"#, ["a": ["b": .array([.object([])])], "a": .integer(1)]),
    ]

    @Test(arguments: texts) func `JSON is read`(text: String, value: JSON) {
        #expect(parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "1.", ".5", "-", "+1", "1e", "nul",
        "truefalse", "1 2",
        "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"", "[1 2]", "NaN",
        "{\"a\"}", "\u{feff}1",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(JSONParser.parse([0x22, 0xFF, 0x22]) == nil)
        #expect(JSONParser.parse([0x22, 0xC0, 0x80, 0x22]) == nil)
    }

    @Test func `nesting has a limit`() {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(parse(deep) != nil)
        #expect(parse("[\(deep)]") == nil)
        #expect(parse(String(repeating: "[", count: 1_000_000)) == nil)
    }

    @Test func `members are found by name`() {
        let value = parse(#"{"id":"evt_1","data":{"id":"inner"},"n":1}"#)
        #expect(value?["id"]?.text == "evt_1")
        #expect(value?["n"]?.text == nil)
        #expect(value?["x"] == nil)
        #expect(parse("[1]")?["id"] == nil)
    }
}
