import TestSupport
import Testing

/// What proves that a worker serves; the time that has passed never does.
@Suite(.serialized) struct ReadinessTests {
    /// Starts the app and expects its worker to be ready by this evidence.
    private func expectReady(
        _ daemon: Daemon,
        _ app: String,
        by evidence: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try daemon.start(Ecosystem.file(app))
        let name = try #require(try daemon.status().apps[0].name.string)
        let worker = try #require(try daemon.app(name).workers.first)
        #expect(worker.state == "ready", "\(worker)", sourceLocation: sourceLocation)
        #expect(worker.readyBy == evidence, "\(worker)", sourceLocation: sourceLocation)
    }

    @Test func `by READY=1`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(arguments: ["--notify", "--status", "42 things"], "ready: notify")
            try expectReady(daemon, app, by: "notify")
            #expect(try daemon.app("worker").workers[0].json.statusText.string == "42 things")
        }
    }

    @Test(.needsSystemdNotify) func `by READY=1 of a shell script`() throws {
        try Daemon.with { daemon in
            let script = "systemd-notify --ready --status='up and running'; exec sleep 1000"
            try expectReady(daemon, Ecosystem.shell("shell", script, "ready: notify"), by: "notify")
            #expect(try daemon.app("shell").workers[0].json.statusText.string == "up and running")
        }
    }

    @Test func `one that says that it stops is followed by another`() throws {
        try Daemon.with { daemon in
            let said = "python3 \(Fixture.path("notify.py")) $NOTIFY_SOCKET"
            let stops = "trap '' TERM; \(said) READY=1; \(said) STOPPING=1; sleep 1000"
            try daemon.start(Ecosystem.file(Ecosystem.shell("shell", stops, "ready: notify", "kill_timeout: 300ms")))
            try daemon.waitFor("shell", "a second worker") {
                ($0.workers.map { $0.json.serial.int ?? 0 }.max() ?? 0) > 1
            }
        }
    }

    @Test func `by a newline on a descriptor`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(arguments: ["--ready-fd", "7"], "ready: {fd: 7}")
            try expectReady(daemon, app, by: "descriptor")
        }
    }

    @Test func `by being seen to wait on the app's listener`() throws {
        try Daemon.with { daemon in
            try expectReady(daemon, Ecosystem.worker("listen: 0"), by: "observed")
        }
    }

    @Test func `by being seen to listen on a port of its own`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(arguments: ["--own-port", "\(try FreePort.next())"], "ready: observed")
            try expectReady(daemon, app, by: "observed")
        }
    }

    @Test func `by a probe of its private socket`() throws {
        try Daemon.with { daemon in
            try expectReady(daemon, Ecosystem.worker("listen: 0", "ready: {http: /health}"), by: "probe")
        }
    }

    @Test func `by a connection to a port of its own`() throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            let app = Ecosystem.worker(arguments: ["--own-port", "\(port)"], "ready: {tcp: true, port: \(port)}")
            try expectReady(daemon, app, by: "probe")
        }
    }

    @Test func `by a command that succeeds`() throws {
        try Daemon.with { daemon in
            let mark = daemon.workspace("mark")
            let app = Ecosystem.shell(
                "shell",
                "sleep 0.5; touch \(mark); exec sleep 1000",
                #"ready: {exec: ["test", "-e", "\#(mark)"], interval: 100ms}"#
            )
            try expectReady(daemon, app, by: "probe")
        }
    }

    @Test func `by staying alive, where it listens nowhere`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.app("silent", script: Fixture.path("silent.sh"), ["min_uptime: 300ms"])
            try expectReady(daemon, app, by: "uptime")
        }
    }

    @Test(.needsNode) func `by PM2's message`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.app(
                "node",
                script: Fixture.path("ipc.js"),
                arguments: ["300"],
                ["listen: 0", "wait_ready: true", "healthy_time: 100ms"]
            )
            try expectReady(daemon, app, by: "ipc")
            #expect(try HTTP.get("/", from: .tcp(daemon.port(of: "node"))).status == 200)
        }
    }

    @Test(arguments: [
        "ready: notify", "ready: {fd: 7}", "ready: {http: /health}", "ready: {exec: [\"false\"]}", "ready: observed",
    ])
    func `never by the time that has passed`(_ rule: String) throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(arguments: ["--no-serve"], "listen: 0", rule, "ready_timeout: 1s")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code == 5, "\(result)")
            #expect(try daemon.app("worker").ready.isEmpty)
        }
    }

    @Test func `a worker that asks for more time gets it`() throws {
        try Daemon.with { daemon in
            let slow = ["--extend", "10", "--boot", "2", "--notify"]
            let app = Ecosystem.worker(arguments: slow, "ready: notify", "ready_timeout: 1s")
            try expectReady(daemon, app, by: "notify")
        }
    }

    @Test func `a worker that says it is ready too late has failed`() throws {
        try Daemon.with { daemon in
            let slow = ["--boot", "2", "--notify"]
            let app = Ecosystem.worker(arguments: slow, "ready: notify", "ready_timeout: 1s", "max_restarts: 0")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code == 5, "\(result)")
        }
    }

    @Test func `a worker whose probe fails is replaced`() throws {
        try Daemon.with { daemon in
            let sick = daemon.workspace("sick")
            let app = Ecosystem.worker(
                arguments: ["--notify"],
                "ready: notify",
                #"health: {exec: ["test", "!", "-e", "\#(sick)"], interval: 100ms, timeout: 1s, retries: 2}"#
            )
            try daemon.start(Ecosystem.file(app))
            let first = try daemon.app("worker").pids
            try Files.write("", to: sick)
            try eventually("its worker is being replaced") { try daemon.app("worker").pids != first }
            Files.remove(sick)
            try daemon.waitFor("worker", "the new one is well") { $0.isSteady(1) && $0.pids.isDisjoint(with: first) }
        }
    }
}
