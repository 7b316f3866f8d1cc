import Testing

@testable import koomyctl

@Suite struct StartWordTests {
    private func word(_ text: String, isFile: Bool = false, isApp: Bool = false) -> StartWord {
        StartWord(text, isFile: isFile) { isApp }
    }

    @Test func `a slash makes a file`() {
        #expect(word("./api") == .file("./api"))
        #expect(word("/srv/api", isFile: true, isApp: true) == .file("/srv/api"))
    }

    @Test func `a known ending makes a file, unless an app has that name`() {
        for name in ["a.json", "a.yaml", "a.yml", "ecosystem.config.js", "ecosystem.config.cjs"] {
            #expect(word(name) == .file(name))
            #expect(word(name, isApp: true) == .app(name))
        }
        #expect(word("a.toml") == .app("a.toml"))
    }

    @Test func `a file that is there makes a file, unless an app has that name`() {
        #expect(word("ecosystem", isFile: true) == .file("ecosystem"))
        #expect(word("api", isFile: true, isApp: true) == .either("api"))
        #expect(word("api") == .app("api"))
    }

    @Test func `the daemon is asked only where it matters`() {
        #expect(
            StartWord("api", isFile: false) {
                Issue.record("asked")
                return false
            } == .app("api")
        )
    }

    @Test func `paths become absolute, and keep what a link may stand before`() {
        #expect(StartWord.absolutePath(of: "a.json", from: "/srv") == "/srv/a.json")
        #expect(StartWord.absolutePath(of: "./x/./a.json", from: "/srv/app") == "/srv/app/x/a.json")
        #expect(StartWord.absolutePath(of: "../a.json", from: "/srv/app") == "/srv/app/../a.json")
        #expect(StartWord.absolutePath(of: "/etc//koomy/a.json", from: "/srv") == "/etc/koomy/a.json")
    }
}
