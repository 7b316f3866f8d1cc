import KoomyModel
import KoomyWire
import Testing

@testable import koomyctl

@Suite struct DeployArgumentTests {
    private func action(_ line: String) throws -> Action {
        try ArgumentParser.parse(line.split(separator: " ").map(String.init)).action
    }

    private func error(_ line: String) -> UsageError? {
        do throws(UsageError) {
            _ = try ArgumentParser.parse(line.split(separator: " ").map(String.init))
            return nil
        } catch {
            return error
        }
    }

    @Test func `the three forms of a source`() throws {
        let api = try #require(AppName("api"))
        let id = try #require(ReleaseID("20261120T170456Z-1a2b3c4"))
        #expect(try action("deploy api ./dist") == .deploy(DeployWish(app: api, source: .path("./dist"))))
        #expect(
            try action("deploy api --git main")
                == .deploy(DeployWish(app: api, source: .git(reference: "main", repository: nil)))
        )
        #expect(
            try action("deploy --repo /srv/r api --git v1.2")
                == .deploy(DeployWish(app: api, source: .git(reference: "v1.2", repository: "/srv/r")))
        )
        #expect(try action("deploy api --release \(id.text)") == .deploy(DeployWish(app: api, source: .release(id))))
    }

    @Test func `every option`() throws {
        let api = try #require(AppName("api"))
        var wish = DeployWish(app: api, source: .path("x.tgz"), file: "a.yaml")
        (wish.rehearses, wish.hasCanary, wish.keepsFailed, wish.waits, wish.isDry) = (false, false, true, true, true)
        let line = "deploy api x.tgz --file a.yaml --no-rehearsal --no-canary --keep-failed --wait --dry-run"
        #expect(try action(line) == .deploy(wish))
    }

    @Test func `a source that is none, or more than one`() {
        let forms = "as in deploy api ./dist, deploy api api.tar.gz, or deploy api --git main"
        #expect(error("deploy api") == UsageError(message: "deploy needs a source", hint: forms, command: .deploy))
        #expect(error("deploy")?.message == "deploy needs the name of an app")
        #expect(error("deploy a/b x")?.message == "\"a/b\" is not the name of an app")
        #expect(error("deploy api x --git main")?.message == "\"x\" and --git main exclude each other")
        #expect(
            error("deploy api --git main --release 20261120T170456Z-1a2b3c4")?.message
                == "--git main and --release 20261120T170456Z-1a2b3c4 exclude each other"
        )
        #expect(error("deploy api x y")?.message == "deploy does not take \"y\" as well")
        #expect(error("deploy api x --repo /srv/r")?.message == "--repo goes with --git")
        #expect(
            error("deploy api --git --upload-pack=evil")?.message
                == "--git --upload-pack=evil is no branch, tag or commit"
        )
        #expect(error("deploy api --release ../../etc")?.message == "--release ../../etc is no release")
        #expect(error("deploy api x --no-rehersal")?.hint == "did you mean --no-rehearsal?")
        #expect(error("reload api --git main")?.message == "reload has no option --git")
        #expect(error("depoly api x")?.hint == "did you mean deploy?")
    }

    @Test func `what follows a deployment`() throws {
        let api = try #require(AppName("api"))
        #expect(try action("rollback api") == .rollback(api, to: nil))
        #expect(try action("revert api 7") == .rollback(api, to: "7"))
        #expect(try action("history api") == .history(HistoryWish(app: api)))
        #expect(try action("releases api -n 3") == .history(HistoryWish(app: api, count: 3)))
        #expect(try action("history api 7") == .history(HistoryWish(app: api, generation: 7)))
        #expect(try action("pause api") == .pause([.app(api)]))
        #expect(try action("continue api") == .resume([.app(api)]))
        #expect(try action("promote api") == .promote([.app(api)]))
        #expect(try action("abort api") == action("reload --abort api"))
        #expect(try action("abort") == .abort([.all]))
        for line in [
            "rollback", "rollback api 7 8", "history", "history api seven", "history api -n x", "pause", "promote",
        ] {
            #expect(error(line) != nil, "\(line)")
        }
        #expect(error("rolback api")?.hint == "did you mean rollback?")
    }
}
