import Glibc
import KoomyWire
import TestSupport
import Testing

/// New code gets onto the host and serves, or nothing has happened.
@Suite(.serialized) struct DeployTests {
    @Test func `an app that is not known is started from its first release`() throws {
        try DeployHost.with("shared: data") { host in
            try host.files.write("kept", to: "root/shared/data/x")
            try host.deployFirst()
            let id = try #require(host.releases.first)
            #expect(host.releases == [id] && host.current == id && host.remains.isEmpty)
            #expect(try host.version() == "one" && host.workingFolders() == ["\(host.root)/releases/\(id)"])
            #expect(Files.text(of: "\(host.link)/data/x") == "kept")
            let app = try host.daemon.app("api")
            #expect(app.isSteady(2) && app.json.file.string == "\(host.link)/api.yaml", "\(app)")
            let status = try host.daemon.mustCtl("status", "api").out
            #expect(status.contains("release") && status.contains(id), "\(status)")
        }
    }

    @Test func `a first release that does not serve leaves nothing behind`() throws {
        try DeployHost.with { host in
            try host.write("broken", server: "exit 1")
            let run = try host.daemon.ctl("deploy", "api", "code", "--file", "code/api.yaml")
            #expect(run.code == 4, "\(run)")
            #expect(try host.daemon.find("api") == nil)
            #expect(host.current == nil && host.releases.isEmpty && host.remains.isEmpty)
            try host.write("one")
            try host.deployFirst()
            #expect(try host.version() == "one")
        }
    }

    @Test func `folders, tarballs and commits under load fail no request`() throws {
        try DeployHost.with { host in
            try host.deployFirst()
            let code = host.files("code")
            let git = ["git", "-C", code, "-c", "user.name=t", "-c", "user.email=t@example.org"]
            let (_, report) = try underLoad(host.daemon) {
                try host.write("two")
                try host.daemon.mustCtl("deploy", "api", "code")
                #expect(try host.version() == "two")

                try host.write("three")
                #expect(
                    try Command.run(["tar", "-czf", host.files("api.tgz"), "-C", host.files.path, "code"]).code == 0
                )
                try host.daemon.mustCtl("deploy", "api", "api.tgz")
                #expect(try host.version() == "three")

                try host.write("four")
                for words in [
                    ["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "-m", "4"],
                ] {
                    #expect(try Command.run(git + words).code == 0)
                }
                try host.daemon.mustCtl("deploy", "api", "--git", "main", "--repo", "code")
                #expect(try host.version() == "four")
            }
            #expect(report.failed == 0 && report.begun > 500, "\(report)")
            let ids = host.releases
            #expect(ids.count == 4 && host.current == ids.last && host.remains.isEmpty)
            #expect(try host.workingFolders() == ["\(host.root)/releases/\(ids.last ?? "")"])
            let commit = try Command.run(git + ["rev-parse", "HEAD"]).out.prefix { $0 != "\n" }
            let history = try host.history()
            #expect(history.prefix(3).map(\.outcome) == ["done", "done", "done"])
            #expect(history.first?.to?.revision == String(commit) && history.first?.from?.id == ids[2])
        }
    }

    @Test func `a version that does not start, or is not well, changes nothing`() throws {
        try DeployHost.with("rehearse: {paths: [/health]}") { host in
            try host.deployFirst()
            let before = try host.daemon.app("api")
            let release = host.current
            let cases: [(server: String?, deploy: String, options: [String])] = [
                ("exit 1", "rehearse: {paths: [/health]}", []), ("exit 1", "rehearse: false", []),
                (nil, "rehearse: {paths: [/nowhere]}", []), ("exit 1", "keep: 3", ["--no-rehearsal"]),
            ]
            let (_, report) = try underLoad(host.daemon) {
                for (server, deploy, options) in cases {
                    try host.write("bad", deploy: [deploy], server: server)
                    let run = try host.daemon.ctl(["deploy", "api", "code"] + options)
                    #expect([4, 6].contains(run.code), "\(deploy): \(run)")
                    #expect(host.current == release && host.releases == [release], "\(host.releases)")
                    #expect(host.remains.isEmpty)
                }
            }
            #expect(report.failed == 0, "\(report)")
            let after = try host.daemon.waitFor("api", "it is as it was") { $0.isSteady(2) }
            #expect(after.readyPids == before.readyPids, "\(before) \(after)")
            #expect(try host.version() == "one")
        }
    }

    @Test func `a build that fails is known before koomyd hears of it`() throws {
        try DeployHost.with { host in
            try host.deployFirst()
            let before = try host.daemon.app("api")
            try host.write("two", deploy: ["build: 'echo the reason; exit 3'"])
            let run = try host.daemon.ctl("deploy", "api", "code")
            #expect(run.code == 12 && run.error.contains("  the reason\n"), "\(run)")
            let after = try host.daemon.app("api")
            #expect(after.readyPids == before.readyPids && after.generation == before.generation)
            #expect(host.releases.count == 1 && host.remains.isEmpty)
        }
    }

    @Test func `as many releases stay as are to be kept, and what is in service`() throws {
        try DeployHost.with("keep: 2") { host in
            try host.deployFirst()
            for version in ["two", "three", "four"] {
                try host.write(version, deploy: ["keep: 2"])
                try host.daemon.mustCtl("deploy", "api", "code")
            }
            #expect(host.releases.count == 2 && host.current == host.releases.last, "\(host.releases)")
            #expect(Files.names(in: "\(host.root)/releases").count { $0.hasSuffix(".json") } == 2)
            #expect(try host.version() == "four")
        }
    }

    @Test func `what served before serves again`() throws {
        try DeployHost.with { host in
            try host.deployFirst()
            try host.write("two")
            try host.daemon.mustCtl("deploy", "api", "code")
            let ids = host.releases
            let (_, report) = try underLoad(host.daemon) {
                try host.daemon.mustCtl("rollback", "api")
                #expect(try host.version() == "one")
                #expect(host.current == ids[0])
                try host.daemon.mustCtl("deploy", "api", "--release", ids[1])
                #expect(try host.version() == "two")
                #expect(host.current == ids[1] && host.releases == ids)
                try host.daemon.mustCtl("rollback", "api", ids[0])
                #expect(try host.version() == "one")
            }
            #expect(report.failed == 0, "\(report)")
            let history = try host.history()
            #expect(history.prefix(4).map(\.command) == ["rollback", "deploy", "rollback", "deploy"], "\(history)")
            let table = try host.daemon.mustCtl("history", "api").out
            #expect(table.split(separator: "\n").count == history.count + 1 && table.contains(ids[1]), "\(table)")
            let report7 = try host.daemon.mustCtl("history", "api", "\(history[1].generation)").out
            #expect(report7.contains("steps") && report7.contains("rehears"), "\(report7)")
        }
    }

    @Test func `a koomyctl that dies while koomyd replaces workers changes nothing about it`() throws {
        try DeployHost.with { host in
            try host.deployFirst()
            try host.write("two")
            let deploy = try host.daemon.ctlInBackground("deploy", "api", "code", name: "deploy")
            defer { deploy.stop() }
            try eventually("koomyd is at it") {
                if let end = deploy.ended { throw TestFailure(description: "\(end): \(deploy.errorOutput)") }
                return try host.daemon.app("api").state == "rolling"
            }
            deploy.signal(SIGKILL)
            try host.daemon.waitFor("api", "the new version serves") { $0.isSteady(2) && $0.generation > 1 }
            #expect(try host.version() == "two")
            try eventually("the link follows") { host.current == host.releases.last }
            #expect(host.releases.count == 2)
        }
    }

    @Test func `a script deploys what is checked out`() throws {
        try DeployHost.with { host in
            let git = ["git", "-C", host.files("code"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
            func commit(_ version: String, deploy: [String] = [], server: String? = nil) throws {
                try host.write(version, deploy: deploy, server: server)
                try Files.write(
                    Files.text(of: host.files("code/api.yaml")) ?? "",
                    to: host.files("code/ecosystem.yaml")
                )
                for words in [["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", version]] {
                    #expect(try Command.run(git + words).code == 0)
                }
            }
            func deploy(_ arguments: String...) throws -> Command.Result {
                let environment = baseEnvironment(home: host.files("home")).merging(["KOOMY_HOME": host.daemon.home]) {
                    $1
                }
                return try Command.run(
                    [Fixture.project("scripts/deploy.sh")] + arguments,
                    environment: environment,
                    folder: host.files("code")
                )
            }
            try commit("one")
            let first = try deploy()
            #expect(first.code == 0 && first.out.contains("2 of 2 workers ready"), "\(first)")
            let health = "http://127.0.0.1:\(try host.daemon.port(of: "api"))/health"
            try commit("two")
            let second = try deploy("-u", health, "--", "--no-canary")
            #expect(try second.code == 0 && host.version() == "two", "\(second)")
            try commit("three", server: "exit 1")
            let third = try deploy("-u", health)
            #expect(try third.code == 4 && host.version() == "two", "\(third)")
            try commit("four", deploy: ["build: exit 1"])
            let fourth = try deploy()
            #expect(try fourth.code == 12 && host.version() == "two", "\(fourth)")
            try commit("five")
            let fifth = try deploy("-u", "http://127.0.0.1:\(try host.daemon.port(of: "api"))/nowhere")
            #expect(try fifth.code == 6 && host.version() == "two", "\(fifth)")
            let sixth = try deploy("-n")
            #expect(sixth.code == 0 && sixth.out.contains("would make a release of HEAD"), "\(sixth)")
            #expect(try deploy("--nonsense").code == 64 && deploy("-f", "nowhere.yaml").code == 65)
        }
    }
}
