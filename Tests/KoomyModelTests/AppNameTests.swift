import KoomyModel
import Testing

struct AppNameTests {
    @Test(arguments: ["a", "api", "koomy-api", "a.b_c-d", "0", "A1", "All", String(repeating: "x", count: 64)])
    func `a name`(_ text: String) {
        #expect(AppName(text)?.text == text)
    }

    @Test(arguments: [
        "", "-a", ".a", "_a", "a b", "a/b", "a:0", "ä", "a\n", "all", String(repeating: "x", count: 65), "a\u{0}",
        "e\u{301}",
    ])
    func `no name`(_ text: String) {
        #expect(AppName(text) == nil)
    }

    @Test func `workers are ordered by app and serial`() {
        guard let a = AppName("a"), let b = AppName("b") else {
            Issue.record("not names")
            return
        }
        let workers = [WorkerID(app: a, serial: 9), WorkerID(app: b, serial: 1), WorkerID(app: a, serial: 10)]
        #expect(workers.sorted() == [workers[0], workers[2], workers[1]])
        #expect(Generation(9) < Generation(10))
    }
}
