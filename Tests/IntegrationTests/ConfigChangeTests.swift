import TestSupport
import Testing

/// What is changed in the file is changed in the workers; what is wrong in it changes nothing.
@Suite(.serialized) struct ConfigChangeTests {
    /// What the worker says it was given.
    private func report(_ daemon: Daemon) throws -> JSON {
        try JSON(parsing: Files.text(of: daemon.workspace("report")) ?? "")
    }

    private func app(_ daemon: Daemon, arguments: [String] = [], _ lines: String...) -> String {
        Ecosystem.file(
            lines.reduce(
                Ecosystem.worker(
                    arguments: ["--notify", "--report", daemon.workspace("report")] + arguments,
                    "ready: notify"
                )
            ) { text, line in
                text + line.split(separator: "\n").map { "    \($0)\n" }.joined()
            }
        )
    }

    /// Rolls the text out and returns what the new worker says.
    private func roll(_ daemon: Daemon, _ text: String) throws -> JSON {
        let before = try daemon.app("worker")
        try daemon.mustCtl("reload", daemon.write(text))
        let after = try daemon.app("worker")
        #expect(after.isSteady(1), "\(after)")
        #expect(after.pids.isDisjoint(with: before.pids), "a change replaces the worker")
        return try report(daemon)
    }

    @Test func `keys of the environment are added, changed and taken away`() throws {
        try Daemon.with { daemon in
            try daemon.start(app(daemon, "env: {KEEP: a, CHANGE: b, DROP: c}"))
            let before = try report(daemon).env
            #expect(before.KEEP.string == "a" && before.CHANGE.string == "b" && before.DROP.string == "c")
            let after = try roll(daemon, app(daemon, "env: {KEEP: a, CHANGE: bb, ADD: d}")).env
            #expect(after.KEEP.string == "a")
            #expect(after.CHANGE.string == "bb")
            #expect(after.ADD.string == "d")
            #expect(after.DROP.isNull)
        }
    }

    @Test func `arguments, folder and process attributes take effect`() throws {
        try Daemon.with { daemon in
            try daemon.start(app(daemon))
            let new = try roll(daemon, app(daemon, arguments: ["new", "a b", "c\"d"]))
            #expect(new.arguments.array.suffix(3) == [.string("new"), .string("a b"), .string("c\"d")])

            try Files.makeFolder(daemon.workspace("elsewhere"))
            #expect(
                try roll(daemon, app(daemon, "cwd: \(daemon.workspace("elsewhere"))")).cwd.string
                    == daemon.workspace("elsewhere")
            )
            #expect(try roll(daemon, app(daemon, #"umask: "027""#)).umask.int == 0o27)
            #expect(try roll(daemon, app(daemon, "nice: 5")).nice.int == 5)
            #expect(try roll(daemon, app(daemon, "oom_score_adj: 300")).oomScoreAdjust.int == 300)
            #expect(
                try roll(daemon, app(daemon, #"limits: {nofile: "100:200"}"#)).nofile.array.map(\.int) == [100, 200]
            )
            #expect(try roll(daemon, app(daemon, "no_new_privs: true")).noNewPrivileges.int == 1)
        }
    }

    @Test func `another script and another interpreter take effect`() throws {
        try Daemon.with { daemon in
            try daemon.start(app(daemon))
            let copy = try daemon.workspace.write(Files.text(of: Fixture.path("worker.py")) ?? "", to: "copy.py")
            let arguments = ["--notify", "--report", daemon.workspace("report")]
            let scripted = Ecosystem.worker(arguments: arguments, script: copy, "ready: notify")
            _ = try roll(daemon, Ecosystem.file(scripted))
            let pid = try #require(try daemon.app("worker").pids.first)
            #expect(ProcessTable.arguments(of: pid).contains(copy))

            let interpreted = Ecosystem.worker(
                arguments: arguments,
                "ready: notify",
                "interpreter: /usr/bin/env",
                "interpreter_args: [python3, -E]"
            )
            _ = try roll(daemon, Ecosystem.file(interpreted))
            let other = try #require(try daemon.app("worker").pids.first)
            #expect(ProcessTable.arguments(of: other).contains("-E"))
        }
    }

    @Test func `a folder that is a symbolic link is followed anew by each start`() throws {
        try Daemon.with { daemon in
            for release in ["one", "two"] { try Files.makeFolder(daemon.workspace(release)) }
            let current = daemon.workspace("current")
            _ = try Command.run(["ln", "-s", "one", current])
            try daemon.start(app(daemon, "cwd: \(current)"))
            #expect(try report(daemon).cwd.string == daemon.workspace("one"))
            _ = try Command.run(["ln", "-sfn", "two", current])
            try daemon.mustCtl("reload", "worker")
            #expect(try report(daemon).cwd.string == daemon.workspace("two"))
        }
    }

    @Test func `the number of workers and the limits change with the file`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(instances: 2)))
            try daemon.write(Ecosystem.file(Ecosystem.api(instances: 3)))
            let (_, report) = try underLoad(daemon) { try daemon.mustCtl("reload", file) }
            #expect(report.failed == 0, "\(report)")
            #expect(try daemon.app("api").isSteady(3))
            try daemon.write(Ecosystem.file(Ecosystem.api(instances: 1)))
            try daemon.mustCtl("reload", file)
            let fewer = try daemon.app("api")
            #expect(fewer.isSteady(1), "\(fewer)")
        }
    }

    @Test func `a new address is listened on and the old one no more`() throws {
        try Daemon.with { daemon in
            let (first, second) = (try FreePort.next(), try FreePort.next())
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(listen: "tcp://127.0.0.1:\(first)")))
            #expect(try HTTP.get("/health", from: .tcp(first)).status == 200)
            try daemon.write(Ecosystem.file(Ecosystem.api(listen: "tcp://127.0.0.1:\(second)")))
            try daemon.mustCtl("reload", file)
            #expect(try HTTP.get("/health", from: .tcp(second)).status == 200)
            try eventually("the old address is closed") { (try? HTTP.get("/health", from: .tcp(first))) == nil }
        }
    }

    @Test func `another address added under load fails no request on the first`() throws {
        try Daemon.with { daemon in
            let second = try FreePort.next()
            let file = try daemon.start(Ecosystem.file(Ecosystem.api()))
            try daemon.write(
                Ecosystem.file(Ecosystem.api(listen: "[\"tcp://127.0.0.1:0\", \"tcp://127.0.0.1:\(second)\"]"))
            )
            let (_, report) = try underLoad(daemon) { try daemon.mustCtl("reload", file) }
            #expect(report.failed == 0, "\(report)")
            #expect(try HTTP.get("/health", from: .tcp(second)).status == 200)
        }
    }

    @Test func `an app that is new in the file starts, one that is gone from it stays`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.worker(name: "one")))
            try daemon.write(Ecosystem.file(Ecosystem.worker(name: "one"), Ecosystem.worker(name: "two")))
            try daemon.mustCtl("reload", file)
            try daemon.waitFor("two", "it runs") { $0.isSteady(1) }
            try daemon.write(Ecosystem.file(Ecosystem.worker(name: "two")))
            try daemon.mustCtl("reload", file)
            // Taking an app away is a decision of its own: koomyctl delete.
            #expect(try daemon.app("one").pids.count == 1)
        }
    }

    @Test func `a broken file changes nothing, and all that is wrong in it is said`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            try daemon.write(
                """
                apps:
                  - name: api
                    script: \(Binaries.path("koomy-api"))
                    listen: 99999
                    instances: several
                    kill_timeuot: 10s
                    max_memory: 300X

                """
            )
            for command in [["validate", file], ["reload", file], ["start", file]] {
                let result = try daemon.ctl(command)
                #expect(result.code == 65, "\(command): \(result)")
                let said = result.out + result.error
                for line in 4...7 { #expect(said.contains("eco.yaml:\(line):"), "line \(line): \(said)") }
                #expect(said.contains("kill_timeout"), "a hint: \(said)")
            }
            let after = try daemon.app("api")
            #expect(after.pids == before.pids)
            #expect(after.generation == before.generation)
            #expect(after.isSteady(2))
        }
    }

    @Test func `SIGHUP with a broken file changes nothing, and the log says why`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            try daemon.write("apps:\n  - name: api\n    scirpt: x\n")
            daemon.process.signal(1)
            try eventually("the log names the mistake") { daemon.log.contains("eco.yaml:3:") }
            #expect(try daemon.app("api").pids == before.pids)
        }
    }
}
