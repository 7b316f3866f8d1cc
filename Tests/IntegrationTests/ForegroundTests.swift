import Glibc
import TestSupport
import Testing

/// `koomyd --foreground FILE`: one file, logs to standard output, the duties of PID 1.
@Suite(.serialized) struct ForegroundTests {
    private func inForeground<Result>(
        wrapper: [String] = [],
        _ yaml: (Workspace) throws -> String,
        _ body: (Daemon) throws -> Result
    ) throws -> Result {
        try Workspace.with { files in
            let file = try files.write(yaml(files), to: "eco.yaml")
            return try Daemon.with(arguments: ["--foreground", file], wrapper: wrapper, isForeground: true, body)
        }
    }

    @Test func `it serves, and what workers write comes out`() throws {
        try inForeground { _ in
            try Ecosystem.file(Ecosystem.api(), Ecosystem.worker(arguments: ["--say", "hello from inside"]))
        } _: { daemon in
            try daemon.waitFor("api", "it is ready") { $0.isSteady(2) }
            #expect(try HTTP.get("/health", from: .tcp(daemon.port(of: "api"))).status == 200)
            try eventually("the worker's line is there") { daemon.process.output.contains("hello from inside") }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `asked to leave, it drains and exits with 0`(_ signal: Int32) throws {
        try inForeground { _ in
            try Ecosystem.file(Ecosystem.api(instances: 1))
        } _: { daemon in
            try daemon.waitFor("api", "it is ready") { $0.isSteady(1) }
            let url = "http://127.0.0.1:\(try daemon.port(of: "api"))/work?ms=1000"
            let request = try BackgroundProcess(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url],
                name: "curl",
                in: daemon.workspace
            )
            defer { request.stop() }
            try eventually("the request is under way") {
                ProcessTable.descriptors(of: request.pid).values.contains { $0.hasPrefix("socket:") }
            }
            try always(for: .milliseconds(200), "the request waits") { request.ended == nil }
            #expect(try daemon.stop(signal) == .code(0))
            #expect(try request.wait() == .code(0))
            #expect(request.output == "200")
        }
    }

    @Test func `SIGQUIT ends everything at once`() throws {
        try inForeground { _ in
            Ecosystem.file(Ecosystem.worker(arguments: ["--ignore-term"], "kill_timeout: 60s"))
        } _: { daemon in
            try daemon.waitFor("worker", "it runs") { !$0.pids.isEmpty }
            let pids = try daemon.app("worker").pids
            _ = try daemon.stop(SIGQUIT, within: .seconds(5))
            #expect(pids.filter(ProcessTable.isAlive) == [])
        }
    }

    @Test func `SIGHUP reloads and fails no request`() throws {
        try inForeground { _ in
            try Ecosystem.file(Ecosystem.api())
        } _: { daemon in
            let before = try daemon.waitFor("api", "it is ready") { $0.isSteady(2) }
            let (_, report) = try underLoad(daemon) {
                daemon.process.signal(SIGHUP)
                try daemon.waitFor("api", "all workers are new") {
                    $0.isSteady(2) && $0.readyPids.isDisjoint(with: before.readyPids)
                }
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `a file that is wrong is told in full, and the exit code is 65`() throws {
        try Workspace.with { files in
            let file = try files.write("apps:\n  - name: api\n    scirpt: x\n    instances: none\n", to: "eco.yaml")
            let environment = baseEnvironment(home: files.path).merging(["KOOMY_HOME": files("k")]) { $1 }
            let result = try Command.run(
                [Binaries.path("koomyd"), "--foreground", file],
                environment: environment,
                deadline: .seconds(10)
            )
            #expect(result.code == 65, "\(result)")
            #expect(result.error.contains("eco.yaml:3:") && result.error.contains("eco.yaml:4:"), "\(result)")
        }
    }

    @Test func `a command line that is wrong exits with 64`() throws {
        for arguments in [["--foreground"], ["--backwards"], ["a", "b"]] {
            let result = try Command.run([Binaries.path("koomyd")] + arguments, deadline: .seconds(10))
            #expect(result.code == 64, "\(arguments): \(result)")
        }
    }

    @Test func `when every app has done its work, it ends`() throws {
        try Workspace.with { files in
            let yaml = Ecosystem.file(
                Ecosystem.shell("job", "echo done; exit 0", "stop_exit_codes: [0]", "min_uptime: 100ms")
            )
            let file = try files.write(yaml, to: "eco.yaml")
            let environment = baseEnvironment(home: files.path).merging(["KOOMY_HOME": files("k")]) { $1 }
            let result = try Command.run(
                [Binaries.path("koomyd"), "--foreground", file],
                environment: environment,
                deadline: .seconds(20)
            )
            #expect(result.code == 0, "\(result)")
            #expect(result.out.contains("done"))
        }
    }

    @Test func `when every app is given up, it ends with another status than 0`() throws {
        try Workspace.with { files in
            let yaml = Ecosystem.file(Ecosystem.shell("bad", "exit 3", "max_restarts: 2", "backoff: 10ms"))
            let file = try files.write(yaml, to: "eco.yaml")
            let environment = baseEnvironment(home: files.path).merging(["KOOMY_HOME": files("k")]) { $1 }
            let result = try Command.run(
                [Binaries.path("koomyd"), "--foreground", file],
                environment: environment,
                deadline: .seconds(20)
            )
            #expect(result.code != 0, "\(result)")
        }
    }

    @Test(.needsRoot) func `as PID 1 it reaps strangers, and its end is the end of all`() throws {
        try inForeground(wrapper: ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]) { _ in
            // Each round leaves a process behind that nobody waits for and that ends a little later.
            let orphans = "while :; do (setsid sh -c 'sleep 0.05' &); sleep 0.02; done"
            return Ecosystem.file(Ecosystem.shell("orphans", orphans))
        } _: { daemon in
            try daemon.waitFor("orphans", "it runs") { !$0.pids.isEmpty }
            let koomyd = try #require(ProcessTable.children(of: daemon.pid).first)
            var rounds = 0
            try eventually("40 looks without a heap of zombies") {
                let zombies = ProcessTable.children(of: koomyd).filter { !ProcessTable.isAlive($0) }
                #expect(zombies.count < 20)
                rounds += 1
                return rounds == 40
            }
            kill(koomyd, SIGTERM)
            #expect(try daemon.process.wait() == .code(0))
        }
    }
}
