import TestSupport
import Testing

/// What the other tests lean on.
@Suite struct TestSupportTests {
    @Test func `a command gives back its output, its input and how it ended`() throws {
        let result = try Command.run(["sh", "-c", "cat; echo oops >&2; exit 3"], input: "hello\n")
        #expect(result.exit == .code(3))
        #expect(result.out == "hello\n")
        #expect(result.error == "oops\n")
        #expect(try Command.run(["sh", "-c", "kill -9 $$"]).exit == .signal(9))
        #expect(try Command.run(["pwd"], folder: "/usr").out == "/usr\n")
        #expect(throws: Files.Failure.self) { try Command.run(["/nonexistent/program"]) }
    }

    @Test func `a command gets a clean environment, default signals and three descriptors`() throws {
        let environment = try Command.run(["env"]).out.split(separator: "\n").map { $0.prefix { $0 != "=" } }
        #expect(Set(environment).subtracting(["PWD", "SHLVL", "_"]) == ["PATH", "HOME", "LANG"])
        let fields = try Command.run(["grep", "-E", "^(SigBlk|SigIgn)", "/proc/self/status"]).out
        // 32 and 33 are the C library's own (nptl(7)) and beyond the reach of posix_spawn.
        let signals = fields.split { $0 == "\t" || $0 == "\n" }.compactMap { UInt64($0, radix: 16) }
        #expect(signals.map { $0 & ~(0b11 << 31) } == [0, 0])
        // ls has the folder itself open as a fourth.
        #expect(try Command.run(["ls", "/proc/self/fd"]).out == "0\n1\n2\n3\n")
    }

    @Test func `at the deadline a command is killed with what it started`() throws {
        try Workspace.with { workspace in
            let script = "sleep 1000 & echo $! >\(workspace("pid")); wait"
            #expect(throws: TestFailure.self) {
                try Command.run(["sh", "-c", script], deadline: .milliseconds(300))
            }
            let pid = try #require(Files.lines(of: workspace("pid")).first.flatMap { Int32($0) })
            try eventually("its child is gone") { !ProcessTable.isAlive(pid) }
        }
    }

    @Test func `a command that leaves something in the background is over when it ends itself`() throws {
        try Workspace.with { workspace in
            let result = try Command.run(["sh", "-c", "sleep 1000 & echo $!"], deadline: .seconds(10))
            let pid = try #require(Int32(result.out.dropLast()))
            #expect(ProcessTable.isAlive(pid))
            _ = try Command.run(["kill", "\(pid)"])
            #expect(result.elapsed < .seconds(5))
        }
    }

    @Test func `a background process is seen, signalled and ended`() throws {
        try Workspace.with { workspace in
            let script = "trap 'echo got it; exit 4' USR1; echo on; while :; do sleep 0.01; done"
            let process = try BackgroundProcess(["sh", "-c", script], name: "shell", in: workspace)
            defer { process.stop() }
            try eventually("it is on") { process.output == "on\n" }
            #expect(process.ended == nil)
            #expect(ProcessTable.isAlive(process.pid))
            process.signal(10)
            #expect(try process.wait() == .code(4))
            #expect(process.output == "on\ngot it\n")
        }
    }

    @Test func `processes are found by a text in their environment`() throws {
        try Workspace.with { workspace in
            let environment = baseEnvironment(home: workspace.path)
            let process = try BackgroundProcess(["sleep", "1000"], name: "s", in: workspace, environment: environment)
            // It is env(1) first, and between two programs a process has no environment.
            try eventually("it is found") {
                ProcessTable.pids(withEnvironmentContaining: workspace.path) == [process.pid]
            }
            process.stop()
            #expect(ProcessTable.pids(withEnvironmentContaining: workspace.path) == [])
        }
    }

    @Test func `a workspace is gone at the end, whatever happened in it`() throws {
        struct Oops: Error {}
        var path = ""
        #expect(throws: Oops.self) {
            try Workspace.with { workspace in
                path = workspace.path
                try workspace.write("x", to: "a/b/c")
                throw Oops()
            }
        }
        #expect(!path.isEmpty && !Files.exists(path))
    }

    @Test func `JSON is read, and what is missing in it is null`() throws {
        let json = try JSON(parsing: #" {"a": [1, -2.5e1, true, null, "x\"\n\u00e9\ud83d\ude00"], "b": {}} "#)
        #expect(json.a[0].int == 1)
        #expect(json.a[1].double == -25)
        #expect(json.a[2].bool == true)
        #expect(json.a[4].string == "x\"\né😀")
        #expect(json.a[9].c.isNull)
        #expect(json.names == ["a", "b"])
        #expect(try JSON.lines("1\n{}\n") == [.number(1), .object([:])])
        for text in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"a"] {
            #expect(throws: JSON.Malformed.self, "\(text)") { try JSON(parsing: text) }
        }
    }

    @Test func `a free port is one that nobody listens on`() throws {
        let port = try FreePort.next()
        #expect(throws: Connection.Failure.self) { try HTTP.get("/", from: .tcp(port)) }
    }
}
