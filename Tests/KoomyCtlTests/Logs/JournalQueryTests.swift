import KoomyModel
import TestSupport
import Testing

@testable import koomyctl

@Suite struct JournalQueryTests {
    private func query(_ change: (inout LogsRequest) -> Void = { _ in }) -> JournalQuery {
        var request = LogsRequest()
        change(&request)
        return JournalQuery(
            apps: ["api", "web"],
            request: request,
            now: WallTime(nanoseconds: 1_795_194_245_600_000_000)
        )
    }

    @Test func `options are passed on`() {
        let begin = ["journalctl", "--no-pager", "--identifier=api", "--identifier=web"]
        #expect(query().arguments == begin + ["--lines=20"])
        let all = query { request in
            (request.follow, request.since, request.until) = (true, .ago(.seconds(600)), .ago(.zero))
            (request.pattern, request.ignoresCase) = ("a b", true)
        }
        #expect(
            all.arguments == begin + [
                "--lines=all", "--follow", "--since=@1795193645.600000", "--until=@1795194245.600000", "--grep=a b",
                "--case-sensitive=no",
            ]
        )
        #expect(query { $0.isRaw = true }.arguments == begin + ["--lines=20", "--output=cat"])
        var json = query { $0.lines = 3 }
        (json.isJSON, json.isQuiet) = (true, true)
        #expect(json.arguments == begin + ["--lines=3", "--output=json", "--quiet"])
    }

    @Test func `the newest line is the last one, also of those that a pattern finds`() {
        #expect(!query().isNewestFirst)
        #expect(query { $0.pattern = "x" }.isNewestFirst)
        #expect(!query { ($0.pattern, $0.follow) = ("x", true) }.isNewestFirst)
        #expect(!query { ($0.pattern, $0.since) = ("x", .ago(.seconds(600))) }.isNewestFirst)
    }

    @Test(.enabled(if: Binaries.installed("journalctl") != nil, "needs journalctl"))
    func `journalctl takes them`() throws {
        try Workspace.with { files in
            for isJSON in [false, true] {
                var query = query { request in
                    (request.since, request.until) = (.ago(.seconds(600)), .ago(.zero))
                    request.lines = isJSON ? 5 : nil
                }
                query.isJSON = isJSON
                // A journal with nothing in it.
                let run = try Command.run(query.arguments + ["--directory=\(files.path)"])
                #expect(run.code == 0, "\(run)")
            }
        }
    }
}
