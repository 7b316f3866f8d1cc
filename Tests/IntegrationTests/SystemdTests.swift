import Glibc
import TestSupport
import Testing

/// koomyd as a service of a real systemd, in a box of its own (Tests/sdbox).
@Suite(.serialized) struct SystemdTests {
    /// A booted box with koomyd enabled in it.
    private struct Box {
        let name: String
        let workspace: Workspace

        func sdbox(_ arguments: String..., deadline: Duration = .seconds(120)) throws -> Command.Result {
            try Command.run([Fixture.project("Tests/sdbox"), "--name", name] + arguments, deadline: deadline)
        }

        /// Runs a command inside, and throws unless it exits with 0.
        @discardableResult
        func run(_ command: String..., file: StaticString = #fileID, line: UInt = #line) throws -> String {
            let result = try Command.run([Fixture.project("Tests/sdbox"), "--name", name, "exec"] + command)
            guard result.code == 0 else {
                throw TestFailure(description: "\(command.joined(separator: " ")): \(result) (\(file):\(line))")
            }
            return result.out
        }

        func property(_ name: String) throws -> String {
            String(try run("systemctl", "show", "-P", name, "koomyd").dropLast())
        }

        func app() throws -> JSON { try JSON(parsing: run("koomyctl", "status", "--json")).apps[0] }

        /// Waits until koomyd is active and the app has two ready workers.
        func waitUntilReady() throws {
            try eventually(within: .seconds(30), "two workers are ready") {
                guard try property("ActiveState") == "active" else { return false }
                let workers = try app().workers.array
                return workers.count == 2 && workers.allSatisfy { $0.state.string == "ready" }
            }
        }
    }

    private func inBox(dropIn: String = "", _ body: (Box, UInt16) throws -> Void) throws {
        try Workspace.with { workspace in
            let box = Box(name: "koomy-\(getpid())", workspace: workspace)
            let port = try FreePort.next()
            let arguments = try Ecosystem.api(listen: "tcp://127.0.0.1:\(port)")
                .replacing(Binaries.path("koomy-api"), with: "/usr/bin/koomy-api")
            let file = try workspace.write(Ecosystem.file(arguments), to: "api.yaml")
            let more = try workspace.write(dropIn, to: "test.conf")
            var command = [Fixture.project("Tests/sdbox"), "--name", box.name, "up", "--die-with", "\(getpid())"]
            for program in ["koomyd", "koomyctl", "koomy-api"] {
                command += ["--copy", "\(try Binaries.path(program)):/usr/bin/\(program)"]
            }
            command += ["--copy", "\(file):/etc/koomy/api.yaml"]
            command += ["--copy", "\(more):/etc/systemd/system/koomyd.service.d/test.conf"]
            command += ["--unit", Fixture.project("units/koomyd.service"), "--enable", "koomyd.service"]
            let up = try Command.run(command, deadline: .seconds(120))
            try #require(up.code == 0, "\(up)")
            defer { _ = try? box.sdbox("down") }
            do {
                try box.run("koomyctl", "start", "/etc/koomy/api.yaml")
                try box.waitUntilReady()
                try body(box, port)
            } catch {
                print((try? box.run("journalctl", "-u", "koomyd", "-n", "60", "--no-pager")) ?? "no journal")
                throw error
            }
        }
    }

    @Test(.needsSystemdBox) func `it says how it is, and a reload under load fails no request`() throws {
        try inBox { box, port in
            #expect(try box.property("SubState") == "running")
            #expect(try box.property("StatusText").contains("2"), "counts its workers")
            let before = try box.app()
            let load = try LoadGenerator(
                "http://127.0.0.1:\(port)/work?ms=10",
                rate: 300,
                style: .connectionPerRequest,
                in: box.workspace
            )
            try load.waitFor(seconds: 0.5)
            try box.run("systemctl", "reload", "koomyd")
            try eventually(within: .seconds(30), "the reload is over") {
                let app = try box.app()
                return try app.generation.int == before.generation.int.map { $0 + 1 } && app.state.string == "ok"
                    && box.property("ActiveState") == "active"
            }
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
            #expect(report.begun > 300)
        }
    }

    @Test(.needsSystemdBox) func `a stop answers what is in flight and leaves no process`() throws {
        try inBox { box, port in
            let request = try BackgroundProcess(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/work?ms=2000"],
                name: "curl",
                in: box.workspace
            )
            defer { request.stop() }
            try eventually("the request is under way") {
                ProcessTable.descriptors(of: request.pid).values.contains { $0.hasPrefix("socket:") }
            }
            try always(for: .milliseconds(300), "the request waits") { request.ended == nil }
            try box.run("systemctl", "stop", "koomyd")
            #expect(try request.wait() == .code(0))
            #expect(request.output == "200")
            #expect(try box.property("ActiveState") == "inactive")
            #expect(try box.property("Result") == "success")
            #expect(try box.run("sh", "-c", "pgrep -c 'koomy' || true") == "0\n")
        }
    }

    @Test(.needsSystemdBox) func `a koomyd that hangs is killed by the watchdog, and all comes back`() throws {
        try inBox(dropIn: "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n") { box, port in
            let pid = try box.property("MainPID")
            try box.run("kill", "-STOP", pid)
            try eventually(within: .seconds(30), "another koomyd runs") {
                try box.property("NRestarts") == "1" && box.property("ActiveState") == "active"
            }
            #expect(try box.property("MainPID") != pid)
            try box.waitUntilReady()
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
        }
    }

    @Test(.needsSystemdBox) func `after a boot the apps that were wanted run`() throws {
        try inBox { box, port in
            let rebooted = try box.sdbox("reboot")
            try #require(rebooted.code == 0, "\(rebooted)")
            try box.waitUntilReady()
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
            #expect(try box.property("UnitFileState") == "enabled")
        }
    }
}
