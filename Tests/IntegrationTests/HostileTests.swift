import Glibc
import TestSupport
import Testing

/// What others do wrong, and what the machine runs out of, koomyd survives: it says what happened and leaks nothing.
@Suite(.serialized) struct HostileTests {
    private static func noise(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Requests that no client should send.
    private static let requests: [(name: String, bytes: [UInt8])] = [
        ("nothing", []),
        ("noise", noise(100_000)),
        ("half a request line", Array("GET /v1/sta".utf8)),
        ("half a head", Array("GET /v1/status HTTP/1.1\r\nHost: x\r\n".utf8)),
        ("an endless head", Array("GET / HTTP/1.1\r\n".utf8) + Array(repeating: UInt8(ascii: "a"), count: 2_000_000)),
        (
            "many headers",
            Array(("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 50_000) + "\r\n").utf8)
        ),
        ("a huge length", Array("POST /v1/stop HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n{".utf8)),
        ("a negative length", Array("POST /v1/stop HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}".utf8)),
        (
            "a huge body",
            Array("POST /v1/stop HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n".utf8)
                + Array(repeating: UInt8(ascii: "["), count: 5_000_000)
        ),
        ("no JSON", Array("POST /v1/stop HTTP/1.1\r\nContent-Length: 8\r\n\r\nnot json".utf8)),
        (
            "deep JSON",
            Array("POST /v1/stop HTTP/1.1\r\nContent-Length: 60000\r\n\r\n".utf8)
                + Array(repeating: 0x5B, count: 60_000)
        ),
        ("other JSON", Array("POST /v1/stop HTTP/1.1\r\nContent-Length: 14\r\n\r\n{\"targets\": 5}".utf8)),
        ("no such path", Array("GET /v2/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        ("another protocol", Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)),
    ]

    @Test func `garbage on the control socket is refused and nothing else happens`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let (_, report) = try underLoad(daemon) {
                for (name, bytes) in Self.requests {
                    let connection = try Connection(to: .unix(daemon.controlSocket), within: .seconds(2))
                    // Either side may have had enough before everything is sent.
                    try? connection.send(bytes)
                    connection.finishSending()
                    let answer = (try? connection.receiveAll()) ?? ""
                    #expect(!answer.hasPrefix("HTTP/1.1 2"), "\(name): \(answer.prefix(100))")
                    #expect(daemon.process.ended == nil, "\(name)")
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(try daemon.app("api").pids == before.pids)
        }
    }

    @Test func `clients that connect and say nothing keep nobody out`() throws {
        try Daemon.with { daemon in
            let idle = try (0..<200).map { _ in try Connection(to: .unix(daemon.controlSocket)) }
            try daemon.start(Ecosystem.file(Ecosystem.worker()))
            #expect(try daemon.status().apps.array.count == 1)
            withExtendedLifetime(idle) {}
        }
    }

    @Test func `a client that goes away does not abort what it asked for`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let body = #"{"targets":["api"]}"#
            let connection = try Connection(to: .unix(daemon.controlSocket))
            try connection.send(
                "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            _ = try connection.receive()
            withExtendedLifetime(connection) {}
            try daemon.waitFor("api", "the reload is done all the same") {
                $0.isSteady(2) && $0.generation == before.generation + 1
            }
        }
    }

    @Test func `a reader of events that does not read costs koomyd nothing`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker(arguments: ["--notify"], "ready: notify")))
            let connection = try Connection(to: .unix(daemon.controlSocket))
            try connection.send("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            let before = try #require(ProcessTable.residentMemory(of: daemon.pid))
            for _ in 1...20 { try daemon.ctl("restart", "worker") }
            let after = try #require(ProcessTable.residentMemory(of: daemon.pid))
            #expect(after - before < 4 << 20)
            withExtendedLifetime(connection) {}
        }
    }

    @Test func `messages of strangers on a notify socket prove nothing`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--report", daemon.workspace("report")],
                "ready: notify",
                "ready_timeout: 3s"
            )
            let start = try daemon.ctlInBackground("start", try daemon.write(Ecosystem.file(app)), name: "start")
            defer { start.stop() }
            let path = try eventually("the worker has reported") {
                Files.text(of: daemon.workspace("report")).flatMap { try? JSON(parsing: $0).env.NOTIFY_SOCKET.string }
            }
            // This process is no descendant of the worker.
            _ = try Command.run(
                ["python3", Fixture.path("notify.py"), path, "READY=1", "STATUS=pwned", "random:60000", "WATCHDOG=1"]
            )
            #expect(try daemon.app("worker").workers[0].state == "starting")
            #expect(try daemon.app("worker").workers[0].json.statusText.isNull)
            #expect(try start.wait() == .code(5))
        }
    }

    @Test func `garbage of the worker itself is read over`() throws {
        try Daemon.with { daemon in
            let garbage = "python3 \(Fixture.path("notify.py")) $NOTIFY_SOCKET"
            let app = Ecosystem.shell(
                "shell",
                "\(garbage) random:4000 random:60000 '' READY= READY=11 WATCHDOG_USEC=x EXTEND_TIMEOUT_USEC=-5 "
                    + "MAINPID=1 FDSTORE=1 '=' 'A=B'; \(garbage) READY=1; while :; do sleep 0.05; done",
                "ready: notify"
            )
            try daemon.start(Ecosystem.file(app))
            let worker = try daemon.app("shell").workers[0]
            #expect(worker.state == "ready")
            #expect(worker.readyBy == "notify")
        }
    }

    @Test func `without free descriptors koomyd says so, and goes on when there are some again`() throws {
        try Daemon.with(wrapper: ["prlimit", "--nofile=48:48", "--"]) { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let port = try daemon.port(of: "api")
            var held = (0..<80).compactMap { _ in try? Connection(to: .unix(daemon.controlSocket), within: .seconds(1))
            }
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
            try always(for: .milliseconds(500), "koomyd lives") { daemon.process.ended == nil }
            let busy = try #require(processorTime(of: daemon.pid))
            try always(for: .seconds(1), "koomyd lives") { daemon.process.ended == nil }
            let spent = try #require(processorTime(of: daemon.pid)) - busy
            #expect(spent < 30, "it does not spin: \(spent) of 100 ticks")
            held.removeAll()
            try eventually("it answers") { try daemon.status().apps.array.count == 1 }
            #expect(try daemon.app("api").isSteady(2))
        }
    }

    @Test func `more workers than descriptors fail with the reason and disturb none`() throws {
        try Daemon.with(wrapper: ["prlimit", "--nofile=48:48", "--"]) { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let (result, report) = try underLoad(daemon) { try daemon.ctl("scale", "api", "40") }
            #expect(result.code == 4, "\(result)")
            #expect(report.failed == 0, "\(report)")
            try daemon.mustCtl("scale", "api", "2")
            try daemon.waitFor("api", "it is as before") { $0.isSteady(2) }
        }
    }

    @Test(.needsRoot) func `a worker that may not have a process is reported with the reason`() throws {
        try Daemon.with { daemon in
            // Checked by execve(2) after the change of user, where the user had a process before; root has no such limit.
            let other = try BackgroundProcess(
                ["setpriv", "--reuid=nobody", "--clear-groups", "sleep", "1000"],
                name: "other",
                in: daemon.workspace
            )
            defer { other.stop() }
            try eventually("the other is the user's") { ProcessTable.status(other.pid)["Uid"]?.hasPrefix("0") == false }
            let app = Ecosystem.shell(
                "shell",
                "exec sleep 1000",
                "user: nobody",
                "limits: {nproc: 0}",
                "max_restarts: 2"
            )
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code == 4, "\(result)")
            #expect((result.out + result.error).contains("Resource temporarily unavailable"), "\(result)")
        }
    }

    @Test func `a stopped worker that has a watchdog is replaced`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--notify", "--watchdog"],
                "ready: notify",
                "watchdog: 1s",
                "kill_timeout: 500ms"
            )
            try daemon.start(Ecosystem.file(app))
            let victim = try #require(try daemon.app("worker").pids.first)
            kill(victim, SIGSTOP)
            let after = try daemon.waitFor("worker", "it is replaced") { $0.isSteady(1) && !$0.pids.contains(victim) }
            #expect("\(after.workers[0].lastExit)".contains("ABRT") || "\(after.workers[0].lastExit)".contains("KILL"))
            #expect(!ProcessTable.isAlive(victim))
        }
    }

    @Test func `a hung worker is told to leave a trace`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(arguments: ["--notify", "--watchdog"], "ready: notify", "watchdog: 1s")
            try daemon.start(Ecosystem.file(app))
            let victim = try #require(try daemon.app("worker").pids.first)
            kill(victim, SIGUSR1)
            let after = try daemon.waitFor("worker", "it is replaced") { $0.isSteady(1) && !$0.pids.contains(victim) }
            #expect("\(after.workers[0].lastExit.signal)".contains("ABRT"), "\(after)")
        }
    }

    @Test func `a stopped worker that is probed is replaced`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(
                    Ecosystem.api(
                        "health: {http: /health, interval: 200ms, timeout: 500ms, retries: 2}",
                        "kill_timeout: 1s"
                    )
                )
            )
            let victim = try #require(try daemon.app("api").ready.first?.pid)
            kill(victim, SIGSTOP)
            try daemon.waitFor("api", "it is replaced") { $0.isSteady(2) && !$0.pids.contains(victim) }
            #expect(!ProcessTable.isAlive(victim))
        }
    }

    @Test func `a stopped worker can be stopped and reloaded`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker("kill_timeout: 500ms")))
            let first = try #require(try daemon.app("worker").pids.first)
            kill(first, SIGSTOP)
            // It is woken up to leave, and does, or is killed after its time.
            let reload = try daemon.ctl("reload", "worker")
            #expect([0, 7].contains(reload.code), "\(reload)")
            let second = try #require(try daemon.app("worker").pids.first)
            kill(second, SIGSTOP)
            try daemon.ctl("stop", "worker")
            #expect([first, second].filter(ProcessTable.isAlive) == [])
        }
    }

    /// Processor time in ticks of 10 ms (proc_pid_stat(5)).
    private func processorTime(of pid: pid_t) -> Int? {
        guard let text = Files.text(of: "/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else { return nil }
        return user + system
    }
}
