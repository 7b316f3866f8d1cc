import Glibc
import TestSupport
import Testing

/// Drains that one can see, and that end when they are over.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DrainTests {
    private func chat(_ version: String, _ environment: String = "", _ lines: String...) -> String {
        let usual = [
            "listen: tcp://127.0.0.1:0", "healthy_time: 100ms", "ready: observed", "min_uptime: 1s", "surge: 100%",
            "env: {VERSION: \(version)\(environment)}",
        ]
        return Ecosystem.file(Ecosystem.app("chat", script: Fixture.path("chat.js"), usual + lines))
    }

    /// A connection that stays open, and the process that has it.
    private struct Held {
        let connection: Connection
        let pid: pid_t
    }

    private func hold(_ daemon: Daemon, _ request: String) throws -> Held {
        let connection = try Connection(to: .tcp(daemon.port(of: "chat")))
        try connection.send(request)
        var text = ""
        while true {
            text += String(decoding: try connection.receive(), as: UTF8.self)
            let said = text.split(separator: "pid=").dropFirst().first?.split(separator: ";")
            if text.contains(";"), let pid = said?.first.flatMap({ pid_t($0) }) {
                return Held(connection: connection, pid: pid)
            }
        }
    }

    private func chatting(_ daemon: Daemon) throws -> Held {
        try hold(daemon, "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
    }

    private func streaming(_ daemon: Daemon) throws -> Held {
        try hold(daemon, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    private func event(_ daemon: Daemon, _ type: String, of pid: pid_t) throws -> JSON? {
        try daemon.events().first { $0.type.string == type && $0.pid.int == Int(pid) }
    }

    /// Milliseconds since the epoch.
    private func wallTime() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    private func worker(_ daemon: Daemon, _ pid: pid_t) throws -> JSON {
        try daemon.app("chat").workers.first { $0.pid == pid }?.json ?? .null
    }

    @Test(.needsNode) func `a reload under load ends with the last connection`() throws {
        try Daemon.with { daemon in
            let drain = ["instances: 4", "kill_timeout: 2s", "connection_timeout: 60s"].joined(separator: "\n")
            let file = try daemon.start(chat("v0", "", drain))
            let held = [try chatting(daemon), try streaming(daemon)]
            let pids = Set(held.map(\.pid))
            let load = try daemon.load(on: "chat", path: "/", style: .keepAlive)
            try load.waitFor(seconds: 0.5)
            try daemon.write(chat("v1", "", drain))
            let reload = try daemon.ctlInBackground("reload", file, name: "reload")
            defer { reload.stop() }
            for pid in pids {
                try eventually("worker \(pid) is left") { try event(daemon, "worker.lingering", of: pid) != nil }
            }
            for pid in pids {
                let json = try worker(daemon, pid)
                #expect(json.state.string == "draining")
                #expect(json.connections.int == held.filter { $0.pid == pid }.count, "\(json)")
                #expect(json.oldestConnectionMs.int ?? 0 >= 1_000, "\(json)")
            }
            let table = try daemon.mustCtl("status").out
            #expect(table.contains("connection, oldest") || table.contains("connections, oldest"), "\(table)")
            // The long-lived ones still work.
            try held[0].connection.send("hello\n")
            #expect(String(decoding: try held[0].connection.receive(), as: UTF8.self) == "hello\n")
            #expect(reload.ended == nil)

            for one in held { one.connection.finishSending() }
            let closed = wallTime()
            #expect(try reload.wait(within: .seconds(20)) == .code(0), "\(reload.output)\(reload.errorOutput)")
            try load.waitFor(seconds: 0.5)
            let report = try load.finish()
            #expect(report.failed == 0 && report.ok > 300, "\(report)")
            #expect(try daemon.app("chat").isSteady(4))
            for pid in pids {
                let exit = try #require(try event(daemon, "worker.exited", of: pid)?.at.int)
                #expect(exit - closed < 1_000, "\(pid) exited \(exit - closed) ms after its last connection")
            }
            let events = try daemon.events().map { $0.type.string }
            #expect(events.count { $0 == "worker.killed" } == 0)
            #expect(events.count { $0 == "worker.lingering" } == pids.count)
            #expect(reload.errorOutput.contains("connection"), "\(reload.errorOutput)")
        }
    }

    @Test(.needsNode) func `connection_timeout ends those that stay open`() throws {
        try Daemon.with { daemon in
            let drain = ["kill_timeout: 500ms", "connection_timeout: 2s"].joined(separator: "\n")
            let file = try daemon.start(chat("v0", "", drain))
            let held = try chatting(daemon)
            try daemon.write(chat("v1", "", drain))
            // The new worker serves, and the old one had to be killed.
            #expect(try daemon.ctl("reload", file).code == 7)
            let asked = try #require(try event(daemon, "worker.draining", of: held.pid)?.at.int)
            let lingering = try #require(try event(daemon, "worker.lingering", of: held.pid)?.at.int)
            let killed = try #require(try event(daemon, "worker.killed", of: held.pid)?.at.int)
            #expect(lingering - asked >= 500)
            #expect(killed - asked >= 2_000, "killed \(killed - asked) ms after the signal")
            #expect(killed - asked < 4_000, "killed \(killed - asked) ms after the signal")
        }
    }

    @Test(.needsNode) func `a koomyd that follows one that was killed leaves a worker as long`() throws {
        try Daemon.with { daemon in
            let drain = ["kill_timeout: 500ms", "connection_timeout: 60s"].joined(separator: "\n")
            let file = try daemon.start(chat("v0", "", drain))
            let held = try chatting(daemon)
            try daemon.write(chat("v1", "", drain))
            let reload = try daemon.ctlInBackground("reload", file, name: "reload")
            defer { reload.stop() }
            try eventually("it is left") { try event(daemon, "worker.lingering", of: held.pid) != nil }
            daemon.process.signal(SIGKILL)
            try daemon.startAgain()
            try eventually("its connection is counted anew") { try worker(daemon, held.pid).connections.int == 1 }
            try held.connection.send("hello\n")
            #expect(String(decoding: try held.connection.receive(), as: UTF8.self) == "hello\n")
            held.connection.finishSending()
            #expect(try reload.wait() == .code(0), "\(reload.output)\(reload.errorOutput)")
            #expect(try daemon.app("chat").isSteady(1))
            #expect(try event(daemon, "worker.killed", of: held.pid) == nil)
        }
    }

    @Test(.needsNode) func `without connection_timeout kill_timeout ends all`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(chat("v0", "", "kill_timeout: 500ms"))
            let held = try chatting(daemon)
            try daemon.write(chat("v1", "", "kill_timeout: 500ms"))
            #expect(try daemon.ctl("reload", file).code == 7)
            #expect(try event(daemon, "worker.lingering", of: held.pid) == nil)
        }
    }

    @Test(.needsNode) func `with drain idle one that never exits is ended, whatever it is connected to itself`() throws
    {
        try Daemon.with { daemon in
            // Where the workers have a connection of their own: the control socket of another listener will do.
            let elsewhere = try daemon.workspace.write(Self.sink, to: "sink.py")
            let sink = try BackgroundProcess(["python3", elsewhere], name: "sink", in: daemon.workspace)
            defer { sink.stop() }
            let port = try eventually("the sink listens") { Int(sink.output.split(separator: "\n").first ?? "") }
            let environment = ", OUTGOING: \(port), STUBBORN: 1"
            let drain = ["kill_timeout: 20s", "drain: idle"].joined(separator: "\n")
            let file = try daemon.start(chat("v0", environment, drain))
            let held = try chatting(daemon)
            try eventually("the worker is connected") { sink.output.contains("accepted") }
            try daemon.write(chat("v1", environment, drain))
            let reload = try daemon.ctlInBackground("reload", file, name: "reload")
            defer { reload.stop() }
            try eventually("one connection is counted") { try worker(daemon, held.pid).connections.int == 1 }
            #expect(try event(daemon, "worker.idle", of: held.pid) == nil)
            held.connection.finishSending()
            let closed = wallTime()
            #expect(try reload.wait(within: .seconds(15)) == .code(0), "\(reload.errorOutput)")
            let idle = try #require(try event(daemon, "worker.idle", of: held.pid)?.at.int)
            #expect(idle - closed >= 900, "ended \(idle - closed) ms after the last connection")
            #expect(idle - closed < 5_000, "ended \(idle - closed) ms after the last connection")
            #expect(try event(daemon, "worker.killed", of: held.pid) == nil)
        }
    }

    private static let sink = """
        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        kept = []
        while True:
            kept.append(listener.accept()[0])
            print("accepted", flush=True)
        """

    @Test func `before it is asked to leave it serves on, and a hook runs`() throws {
        try Daemon.with { daemon in
            let note = daemon.workspace("hook")
            let script = "echo $KOOMY_WORKER_PID $PWD >> \(note); exit 3"
            let lines = ["pre_drain: 1s", "pre_drain_hook: ['/bin/sh', '-c', '\(script)']"]
            let app = { (version: String) in
                Ecosystem.file(
                    try Ecosystem.api(
                        instances: 1,
                        (["env: {VERSION: \(version)}"] + lines).joined(separator: "\n")
                    )
                )
            }
            let file = try daemon.start(try app("v0"))
            let old = try #require(try daemon.app("api").workers[0].pid)
            try daemon.write(try app("v1"))
            let (_, report) = try underLoad(daemon, style: .keepAlive) { try daemon.mustCtl("reload", file) }
            #expect(report.failed == 0 && report.ok > 300, "\(report)")
            let parting = try #require(try event(daemon, "worker.parting", of: old)?.at.int)
            let draining = try #require(try event(daemon, "worker.draining", of: old)?.at.int)
            #expect(draining - parting >= 1_000, "asked \(draining - parting) ms after the decision")
            #expect(Files.text(of: note) == "\(old) \(daemon.workspace.path)\n")
            let failed = try event(daemon, "worker.hook_failed", of: old)
            #expect(failed?.message.string?.contains("exit code 3") == true, "\(String(describing: failed))")
        }
    }

    @Test func `without pre_drain the hook is waited for, and killed when it takes too long`() throws {
        try Daemon.with { daemon in
            let gate = daemon.workspace("gate")
            #expect(mkfifo(gate, 0o600) == 0)
            let hook = "pre_drain_hook: ['/bin/sh', '-c', 'read line < \(gate)']"
            try daemon.start(Ecosystem.file(Ecosystem.worker("listen: 0", hook)))
            let pid = try #require(try daemon.app("worker").workers[0].pid)
            let stop = try daemon.ctlInBackground("stop", "worker", name: "stop")
            defer { stop.stop() }
            try eventually("the hook runs") { try event(daemon, "worker.parting", of: pid) != nil }
            try always(for: .milliseconds(300), "it is not asked yet") {
                try event(daemon, "worker.draining", of: pid) == nil
            }
            try eventually("the hook reads") {
                let descriptor = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                guard descriptor >= 0 else { return false }
                defer { close(descriptor) }
                return write(descriptor, "go\n", 3) == 3
            }
            #expect(try stop.wait() == .code(0))
            #expect(try event(daemon, "worker.draining", of: pid) != nil)
            #expect(try event(daemon, "worker.hook_failed", of: pid) == nil)
        }
    }

    @Test func `an unhealthy worker leaves a trace when its replacement serves`() throws {
        try Daemon.with { daemon in
            let sick = daemon.workspace("sick")
            let check = "test ! -e \(sick) || test $KOOMY_WORKER_PID != $(cat \(sick))"
            let health = "health: {exec: ['/bin/sh', '-c', '\(check)'], interval: 100ms, retries: 2, trace: true}"
            let app = Ecosystem.worker("listen: 0", "interpreter_args: ['-X', 'faulthandler']", health)
            try daemon.start(Ecosystem.file(app))
            let old = try #require(try daemon.app("worker").workers[0].pid)
            try daemon.workspace.write("\(old)", to: "sick")
            try eventually("nothing of it is left") { try event(daemon, "worker.gone", of: old) != nil }
            let events = try daemon.events()
            let ready = events.firstIndex { $0.type.string == "worker.ready" && $0.pid.int != Int(old) }
            let asked = events.firstIndex { $0.type.string == "worker.draining" && $0.pid.int == Int(old) }
            #expect(try #require(ready) < (try #require(asked)))
            let exit = try #require(try event(daemon, "worker.exited", of: old)?.message.string)
            #expect(exit.contains("unhealthy") && exit.contains("SIGABRT"), "\(exit)")
            try eventually("the stacks of its threads are in the log") {
                let lines = daemon.logLines(of: "worker", "error")
                return lines.contains { $0.contains("Aborted") } && lines.contains { $0.contains("worker.py") }
            }
        }
    }
}
