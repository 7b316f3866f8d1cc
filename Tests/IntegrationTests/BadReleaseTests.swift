import Glibc
import KoomyClient
import KoomyWire
import TestSupport
import Testing

/// Four workers under load, and a release that is no good in one of many ways: not one request fails, the old release
/// serves, the link leads to it, and the exit code says what was wrong.
@Suite(.serialized) struct BadReleaseTests {
    /// A way in which a release is bad, or only looks like it.
    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// What `release.py` is told.
        var arguments: String = ""
        /// Attributes of the app.
        var lines: [String] = []
        /// What the file `server` is, where it is not the usual script.
        var server: String?
        var isExecutable = true
        /// What the deployment exits with, with a rehearsal and without one.
        var rehearsed: Int32
        var unrehearsed: Int32
        /// Requests that it may take with it without a rehearsal: it served, so it may have had one in its hands.
        var mayTake = 0
        /// A step that the report has to have.
        var step: String?
    }

    static let faults = [
        Fault(testDescription: "exits at once", server: "#!/bin/sh\nexit 3\n", rehearsed: 4, unrehearsed: 4),
        Fault(
            testDescription: "exits after 3 seconds",
            arguments: "--lives 3",
            lines: ["healthy_time: 4s"],
            rehearsed: 6,
            unrehearsed: 6,
            mayTake: 4
        ),
        Fault(
            testDescription: "is never ready",
            arguments: "--never-ready",
            lines: ["ready_timeout: 2s"],
            rehearsed: 5,
            unrehearsed: 5
        ),
        Fault(
            testDescription: "is ready, and then unhealthy",
            arguments: "--sick-after 1",
            lines: ["health: {http: /health, interval: 200ms, retries: 2}", "healthy_time: 3s"],
            rehearsed: 6,
            unrehearsed: 6
        ),
        Fault(
            testDescription: "leaks memory",
            arguments: "--leaks 60",
            lines: ["max_memory: 100M", "hard_memory: 1G", "canary: 1", "canary_time: 20s"],
            rehearsed: 6,
            unrehearsed: 6,
            step: "canary"
        ),
        Fault(
            testDescription: "says far more on its standard error",
            arguments: "--complains 200",
            lines: ["canary: 1", "canary_time: 3s"],
            rehearsed: 6,
            unrehearsed: 6,
            step: "canary"
        ),
        Fault(
            testDescription: "has no program",
            server: "",
            rehearsed: 4,
            unrehearsed: 4
        ),
        Fault(
            testDescription: "has a program that may not be executed",
            isExecutable: false,
            rehearsed: 4,
            unrehearsed: 4
        ),
        Fault(
            testDescription: "takes 5 seconds to boot, which is no fault",
            arguments: "--boot 5",
            rehearsed: 0,
            unrehearsed: 0
        ),
    ]

    /// A host where four workers of a good release serve.
    private struct Host {
        let daemon: Daemon
        let lines: [String]

        var root: String { daemon.workspace("root") }
        var current: String? { Files.target(ofLink: "\(root)/current") }

        private var client: ControlClient { ControlClient(socketPath: daemon.controlSocket) }

        /// Writes a release as it comes from a build.
        func write(_ id: String, _ arguments: String, server: String? = nil, isExecutable: Bool = true) throws {
            let folder = "root/releases/\(id)"
            let usual = "#!/bin/sh\nexec python3 \(Fixture.path("release.py")) \(id) \(arguments)\n"
            if server != "" {
                try daemon.workspace.write(server ?? usual, to: "\(folder)/server", executable: isExecutable)
            }
            let app = Ecosystem.app(
                "web",
                script: "./server",
                [
                    "interpreter: none", "cwd: \(root)/current", "instances: 4", "listen: tcp://127.0.0.1:0",
                    "healthy_time: 300ms", "min_uptime: 1s", "kill_timeout: 5s", "ready_timeout: 15s",
                    "deploy: {path: \(root), rehearse: {paths: [/health, /]}}",
                ] + lines
            )
            try daemon.workspace.write(Ecosystem.file(app), to: "\(folder)/web.yaml")
        }

        func start() throws {
            try write("good", "")
            #expect(symlink("releases/good", "\(root)/current") == 0)
            try daemon.mustCtl("start", "\(root)/current/web.yaml")
        }

        /// Asks koomyd to have a release serve, and waits for the result, through deaths of koomyd too.
        func deploy(_ id: String, rehearse: Bool = true, key: String? = nil) throws -> CommandResult {
            let release = ReleaseView(id: id, path: "\(root)/releases/\(id)")
            let request = DeployRequest(app: "web", release: release, rehearse: rehearse)
            return try client.command(.deploy(request), key: key.flatMap(IdempotencyKey.init) ?? .random())
        }

        /// The same by curl, which prints what it is told.
        func deployInBackground(_ id: String, key: String = "once") throws -> BackgroundProcess {
            let body = "{\"app\":\"web\",\"release\":{\"id\":\"\(id)\",\"path\":\"\(root)/releases/\(id)\"}}"
            return try BackgroundProcess(
                [
                    "curl", "-s", "--unix-socket", daemon.controlSocket, "-H", "Idempotency-Key: \(key)",
                    "http://koomy/v1/deploy", "-d", body,
                ],
                name: "deploy",
                in: daemon.workspace,
                environment: baseEnvironment(home: daemon.workspace("home"))
            )
        }

        func history() throws -> [DeploymentView] { try client.deployments(of: "web").deployments }

        /// Which release answers, asked as often as makes all workers answer.
        func answers() throws -> Set<String> {
            let port = try daemon.port(of: "web")
            return Set(try (0..<40).map { _ in try HTTP.get("/", from: .tcp(port)).body })
        }
    }

    /// Each with a rehearsal; without one those that fail at another place then, or all of them with KOOMY_ALL=1.
    static let cases = faults.flatMap { fault -> [Case] in
        let isOther = ["exits at once", "is ready, and then unhealthy", "leaks memory"].contains(fault.testDescription)
        let both = isOther || getenv("KOOMY_ALL") != nil
        return (both ? [true, false] : [true]).map { Case(fault: fault, isRehearsed: $0) }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var fault: Fault
        var isRehearsed: Bool
        var testDescription: String { fault.testDescription + (isRehearsed ? "" : ", without a rehearsal") }
    }

    @Test(arguments: cases)
    func `it costs nothing`(_ story: Case) throws {
        let (fault, isRehearsed) = (story.fault, story.isRehearsed)
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: fault.lines)
            try host.start()
            let before = try daemon.app("web").readyPids
            try host.write("next", fault.arguments, server: fault.server, isExecutable: fault.isExecutable)
            let (result, report) = try underLoad(daemon, on: "web", path: "/") {
                try host.deploy("next", rehearse: isRehearsed)
            }
            let code = isRehearsed ? fault.rehearsed : fault.unrehearsed
            #expect(result.code == code, "\(result)")
            #expect(report.failed <= (isRehearsed ? 0 : fault.mayTake), "\(report)")
            #expect(report.ok + report.failed == report.begun && report.begun > 300, "\(report)")

            let serving = code == 0 ? "next" : "good"
            let after = try daemon.waitFor("web", within: .seconds(30), "four workers are ready") { $0.isSteady(4) }
            #expect(try host.answers() == [serving])
            #expect(host.current == "releases/\(serving)")
            // Where the candidate or the first new worker had failed, nobody else was touched.
            if code != 0, isRehearsed, fault.step == nil { #expect(after.readyPids == before) }
            let deployment = try #require(result.deployment)
            #expect(
                deployment.outcome == result.outcome && deployment.to?.id == "next" && deployment.from?.id == "good"
            )
            #expect(deployment.steps.contains { $0.step == "rehearsing" } == isRehearsed, "\(deployment.steps)")
            if let step = fault.step { #expect(deployment.steps.contains { $0.step == step }, "\(deployment.steps)") }
            #expect(try host.history().first == deployment)
            #expect(deployment.message?.isEmpty == false && deployment.queues != nil)
        }
    }

    @Test func `one that does not leave when it is asked to is found by its rehearsal, and serves`() throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: ["kill_timeout: 1s"])
            try host.start()
            try host.write("next", "--ignore-term")
            let (result, report) = try underLoad(daemon, on: "web", path: "/") { try host.deploy("next") }
            #expect(result.code == 7 && report.failed == 0, "\(result) \(report)")
            #expect(try host.answers() == ["next"])
            #expect(host.current == "releases/next")
        }
    }

    /// Steps at which koomyd is killed, and what the release is told then.
    static let moments = ["rehearsing", "rehearsed", "ready", "replaced", "canary", "promoted"].flatMap { step in
        let both = ["rehearsed", "canary"].contains(step) || getenv("KOOMY_ALL") != nil
        return (both ? [true, false] : [true]).map { (step, $0) }
    }

    @Test(arguments: moments)
    func `a koomyd that is killed at a step goes on from there`(_ step: String, _ isGood: Bool) throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: ["canary: 1", "canary_time: 1s", "healthy_time: 500ms"])
            try host.start()
            // The bad one is bad when its rehearsal is over.
            try host.write("next", "")
            let load = try daemon.load(on: "web", path: "/")
            try load.waitFor(seconds: 0.5)
            let key = "deploy-\(step)-\(isGood)"
            let asked = try host.deployInBackground("next", key: key)
            try eventually(within: .seconds(30), "it is \(step)") {
                try host.history().first?.steps.contains { $0.step == step } == true
            }
            if !isGood {
                // Another file in its place: one that is being executed cannot be written to (ETXTBSY of open(2)).
                Files.remove("\(host.root)/releases/next/server")
                try host.write("next", "", server: "#!/bin/sh\nexit 3\n")
            }
            try daemon.stop(SIGKILL)
            _ = try asked.wait()
            try daemon.startAgain()
            let result = try host.deploy("next", key: key)
            try load.waitFor(seconds: 0.5)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
            #expect(isGood ? result.code == 0 : [0, 4].contains(result.code), "\(result)")
            try daemon.waitFor("web", within: .seconds(30), "four workers are ready") { $0.isSteady(4) }
            let serving = result.code == 0 ? "next" : "good"
            #expect(try host.answers() == [serving])
            #expect(host.current == "releases/\(serving)")
            let last = try #require(try host.history().first)
            #expect(last.outcome == result.outcome && last.endedAt != nil && last.command == "deploy", "\(last)")
        }
    }

    @Test func `a worker that crashes during a deployment comes back as the release that it was`() throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: ["canary: 1", "canary_time: 60s"])
            try host.start()
            try host.write("next", "")
            let deploy = try host.deployInBackground("next")
            try daemon.waitFor("web", within: .seconds(30), "its canary is watched") {
                $0.json.rollout.phase.string == "canary"
            }
            // The link is moved by hand, as somebody might who is in a hurry.
            #expect(unlink("\(host.root)/current") == 0 && symlink("releases/next", "\(host.root)/current") == 0)
            let old = try daemon.app("web").ready.filter { $0.json.release.id.string == "good" }
            #expect(old.count == 3)
            for worker in old { if let pid = worker.pid { kill(pid, SIGKILL) } }
            let after = try daemon.waitFor("web", within: .seconds(30), "all are there again") { app in
                app.ready.count == 4 && old.allSatisfy { worker in !app.ready.contains { $0.pid == worker.pid } }
            }
            let releases = after.ready.map { $0.json.release.id.string ?? "?" }.sorted()
            #expect(releases == ["good", "good", "good", "next"])
            try daemon.mustCtl("promote", "web")
            _ = try deploy.wait(within: .seconds(60))
            #expect(try host.answers() == ["next"])
        }
    }

    @Test func `hooks are told, may forbid it, and are ended when they take too long`() throws {
        try Daemon.with { daemon in
            let told = daemon.workspace("told")
            let hooks = "pre_deploy: 'test ! -e \(told).no && cat >\(told).before', post_deploy: 'cat >\(told).after', "
            let failing = "on_failure: {command: 'cat >\(told).failed; sleep 1000', timeout: 1s}"
            let host = Host(daemon: daemon, lines: ["deploy: {path: \(daemon.workspace("root")), \(hooks)\(failing)}"])
            try host.start()
            try host.write("two", "")
            #expect(try host.deploy("two").code == 0)
            try eventually("it is told of the end") { (Files.text(of: "\(told).after") ?? "").hasSuffix("\n") }
            for (name, outcome) in [("before", nil), ("after", "done")] as [(String, String?)] {
                let document = try JSON(parsing: Files.text(of: "\(told).\(name)") ?? "")
                #expect(document.deployment.to.id.string == "two" && document.deployment.outcome.string == outcome)
            }
            try Files.write("", to: "\(told).no")
            let before = try daemon.app("web")
            try host.write("three", "")
            let vetoed = try host.deploy("three")
            #expect(vetoed.code == 12 && vetoed.message.contains("pre_deploy"), "\(vetoed)")
            #expect(try daemon.app("web").readyPids == before.readyPids)
            #expect(host.current == "releases/two")
            Files.remove("\(told).no")
            try host.write("bad", "", server: "#!/bin/sh\nexit 1\n")
            #expect(try host.deploy("bad").code == 4)
            try eventually("it is told, and ended") {
                Files.exists("\(told).failed") && daemon.log.contains("on_failure: no end within")
            }
        }
    }

    @Test func `a link that cannot be moved is told, and moved when it can be`() throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: [])
            try host.start()
            try host.write("next", "")
            // The deployment is under way when the link is replaced by what no link can replace.
            let deploy = try host.deployInBackground("next")
            try daemon.waitFor("web", within: .seconds(30), "it is under way") { $0.json.rollout.done.int ?? 0 > 0 }
            #expect(unlink("\(host.root)/current") == 0)
            try Files.makeFolder("\(host.root)/current")
            _ = try deploy.wait(within: .seconds(60))
            let last = deploy.output.split(separator: "\n").last.map(String.init) ?? ""
            #expect(try JSON(parsing: last).code.int == 73, "\(last)")
            Files.remove("\(host.root)/current")
            try eventually(within: .seconds(20), "it is moved by itself") { host.current == "releases/next" }
            #expect(try host.answers() == ["next"])
        }
    }

    @Test func `a release that vanishes meanwhile is not in service under its name`() throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: ["canary: 1", "canary_time: 60s"])
            try host.start()
            try host.write("next", "")
            let deploy = try host.deployInBackground("next")
            try daemon.waitFor("web", within: .seconds(30), "its canary is watched") {
                $0.json.rollout.phase.string == "canary"
            }
            #expect(rename("\(host.root)/releases/next", "\(host.root)/gone") == 0)
            try daemon.mustCtl("promote", "web")
            _ = try deploy.wait(within: .seconds(60))
            let last = deploy.output.split(separator: "\n").last.map(String.init) ?? ""
            #expect(try JSON(parsing: last).code.int == 4, "\(last)")
            try daemon.waitFor("web", within: .seconds(30), "four workers are ready") { $0.isSteady(4) }
            #expect(try host.answers() == ["good"] && host.current == "releases/good")
        }
    }

    @Test func `what is no release is not deployed`() throws {
        try Daemon.with { daemon in
            let host = Host(daemon: daemon, lines: [])
            try host.start()
            try host.write("next", "")
            try host.write(".hidden", "")
            try daemon.workspace.write("", to: "root/releases/file")
            try daemon.workspace.write("", to: "root/releases/.incoming-next")
            let paths = [
                "/etc", "/", "\(host.root)/releases", "\(host.root)/releases/../..", "\(host.root)/releases/.hidden",
                "\(host.root)/releases/file", "\(host.root)/releases/none", "\(host.root)/releases/next",
                "\(host.root)/releases/good\\u0000/x",
            ]
            for path in paths {
                let body = "{\"app\":\"web\",\"release\":{\"id\":\"x\",\"path\":\"\(path)\"}}"
                let answer = try HTTP.post("/v1/deploy", body, to: .unix(daemon.controlSocket))
                #expect(answer.status == 400, "\(path): \(answer)")
            }
            #expect(try daemon.app("web").generation == 1 && host.current == "releases/good")
        }
    }
}
