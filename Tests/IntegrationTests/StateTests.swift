import Glibc
import TestSupport
import Testing

/// What was acknowledged is on disk, and a koomyd that starts brings back exactly that.
@Suite(.serialized) struct StateTests {
    @Test func `a new koomyd brings back what was wanted and nothing else`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(Ecosystem.api(), Ecosystem.worker(name: "stopped"), Ecosystem.worker(name: "gone"))
            )
            try daemon.mustCtl("scale", "api", "3")
            try daemon.mustCtl("stop", "stopped")
            try daemon.mustCtl("delete", "gone")
            #expect(try daemon.stop() == .code(0))

            try daemon.startAgain()
            try daemon.waitFor("api", "three workers are ready") { $0.isSteady(3) }
            let stopped = try daemon.app("stopped")
            #expect(stopped.state == "stopped" && stopped.pids.isEmpty)
            #expect(try daemon.find("gone") == nil)
            #expect(try daemon.status().apps.array.count == 2)

            try daemon.mustCtl("start", "stopped")
            try daemon.waitFor("stopped", "it runs") { $0.isSteady(1) }
        }
    }

    @Test func `what was acknowledged survives a koomyd that is killed at once`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker(name: "one"), Ecosystem.worker(name: "two")))
            try daemon.mustCtl("stop", "all")
            daemon.process.signal(SIGKILL)
            try daemon.startAgain()
            for name in ["one", "two"] {
                let app = try daemon.app(name)
                #expect(app.state == "stopped" && app.pids.isEmpty, "\(app)")
            }
        }
    }

    @Test func `a refused version is not what comes back`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "good"])))
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--no-such-option"])))
            #expect(try daemon.ctl("reload", file).code == 4)
            try daemon.stop()
            try daemon.startAgain()
            try daemon.waitFor("api", "it is ready") { $0.isSteady(2) }
            let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
            #expect(try JSON(parsing: answer.body).version.string == "good")
        }
    }

    @Test(arguments: ["", "{", "not json at all", #"{"schema": 99999}"#, "\u{1}\u{2}\u{3}"])
    func `a state file that cannot be read is kept aside, and koomyd starts`(_ garbage: String) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker()))
            try daemon.stop()
            let folder = "\(daemon.home)/state"
            try Files.write(garbage, to: "\(folder)/state.json")
            try daemon.startAgain()
            #expect(try daemon.status().apps.array.isEmpty)
            #expect(daemon.log.contains("state.json"))
            let kept = Files.names(in: folder).filter { $0.hasPrefix("state.json.") }
            #expect(kept.contains { Files.text(of: "\(folder)/\($0)") == garbage }, "\(kept)")
            try daemon.mustCtl("start", daemon.workspace("eco.yaml"))
        }
    }

    @Test func `the state is for its user alone`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker("env: {SECRET: hunter2}")))
            var status = stat()
            try #require(stat("\(daemon.home)/state/state.json", &status) == 0)
            #expect(status.st_mode & 0o077 == 0)
            let shown = try HTTP.get("/v1/apps/worker", from: .unix(daemon.controlSocket)).body
            #expect(shown.contains("SECRET") && !shown.contains("hunter2"))
            #expect(try daemon.ctl("describe", "worker", "--json").out.contains("hunter2") == false)
        }
    }

    @Test func `a second koomyd for the same folder is refused and disturbs nothing`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let environment = baseEnvironment(home: daemon.workspace("home")).merging(["KOOMY_HOME": daemon.home]) {
                $1
            }
            let second = try Command.run([Binaries.path("koomyd")], environment: environment, deadline: .seconds(10))
            #expect(second.code != 0)
            #expect((second.out + second.error).contains("\(daemon.pid)"), "it names the other: \(second)")
            #expect(try daemon.app("api").pids == before.pids)
        }
    }

    @Test func `a full disk is said, and nothing is acknowledged that is not saved`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker(name: "one")))
            let folder = "\(daemon.home)/state"
            // Root is not kept out by a mode: a folder in the way of the new file keeps everybody out.
            let saved = Files.text(of: "\(folder)/state.json")
            try #require(rename(folder, "\(folder).away") == 0)
            let result = try daemon.ctl("stop", "one")
            #expect(result.code == 73, "\(result)")
            try #require(rename("\(folder).away", folder) == 0)
            #expect(Files.text(of: "\(folder)/state.json") == saved)
            try daemon.mustCtl("stop", "one")
        }
    }

    @Test func `events are numbered and told to who asks later`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker()))
            try daemon.mustCtl("stop", "worker")
            let events = try daemon.events()
            let numbers = events.compactMap(\.seq.int)
            #expect(numbers.count == events.count && numbers == numbers.sorted())
            #expect(events.contains { $0.type.string == "worker.ready" && $0.app.string == "worker" })
        }
    }
}
