import Testing

@testable import KoomySupervisor

struct StatusTextTests {
    @Test(arguments: [
        ("  ready to serve \t", "ready to serve"), ("", ""), ("   ", ""), ("\u{1B}[2Jgone", "[2Jgone"),
        ("one\rtwo\tthree\u{7}", "one two three"), ("a\u{85}b\u{2028}c\u{2029}d\u{9B}e", "a b c d e"),
        ("user\u{202E}gpj.exe", "user gpj.exe"), ("naïve – 日本語 🇨🇭", "naïve – 日本語 🇨🇭"), ("👩\u{200D}🚀", "👩\u{200D}🚀"),
    ])
    func `it is trimmed and cannot disturb a terminal`(_ text: String, _ expected: String) {
        #expect(StatusText.sanitized(text) == expected)
    }

    @Test func `it is cut to 256 bytes between characters`() {
        #expect(StatusText.sanitized(String(repeating: "a", count: 300)).utf8.count == 256)
        // 256 is no multiple of 3, and none of 4 and 8 together.
        let wide = StatusText.sanitized(String(repeating: "語", count: 300))
        #expect(wide == String(repeating: "語", count: 85))
        let flags = StatusText.sanitized("x" + String(repeating: "🇨🇭", count: 100))
        #expect(flags == "x" + String(repeating: "🇨🇭", count: 31))
    }

    @Test func `a character without end is left out whole`() {
        let endless = "ok " + "e" + String(repeating: "\u{301}", count: 10_000)
        #expect(StatusText.sanitized(endless) == "ok")
    }
}
