import Glibc
import TestSupport
import Testing

/// What a worker is given, and what happens when it cannot be started.
@Suite(.serialized) struct SpawnTests {
    /// Starts a reporting worker and returns what it says.
    private func report(
        _ daemon: Daemon,
        script: String = Fixture.path("worker.py"),
        _ lines: String...
    ) throws -> JSON {
        let folder = try #require(chmod(daemon.workspace.path, 0o777) == 0 ? daemon.workspace.path : nil)
        let text = Ecosystem.worker(arguments: ["--notify", "--report", "\(folder)/report"], script: script)
        let attributes = (["ready: notify"] + lines).flatMap { $0.split(separator: "\n") }.map { "    \($0)\n" }
        try daemon.start(Ecosystem.file(text + attributes.joined()))
        return try JSON(parsing: Files.text(of: daemon.workspace("report")) ?? "")
    }

    @Test func `the environment is what is documented and nothing else`() throws {
        let secret = ["SECRET_OF_THE_DAEMON": "x", "LISTEN_FDS": "9", "NOTIFY_SOCKET": "", "TZ": "Europe/Paris"]
        try Daemon.with(environment: secret) { daemon in
            let report = try report(daemon, "env: {MINE: \"a b\"}", "listen: 0", "watchdog: 60s")
            // A user that passwd(5) does not know, as there are in containers, has no name and no shell.
            let named = try Command.run(["id", "-un"]).code == 0 ? ["USER", "LOGNAME", "SHELL"] : []
            #expect(
                report.env.names.subtracting(["_", "PWD", "SHLVL", "OLDPWD"])
                    == Set(named).union([
                        "PATH", "HOME", "LANG", "TZ", "MINE",
                        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                        "PORT", "NODE_APP_INSTANCE", "KOOMY_SLOT", "KOOMY_APP", "KOOMY_GENERATION", "KOOMY_WORKER",
                    ])
            )
            #expect(report.env.MINE.string == "a b")
            #expect(report.env.TZ.string == "Europe/Paris")
            #expect(report.env.LISTEN_FDS.string == "1")
            #expect(report.env.KOOMY_APP.string == "worker")
            #expect(report.env.KOOMY_SLOT.string == "0")
            #expect(report.env.NODE_APP_INSTANCE.string == "0")
            #expect(report.env.WATCHDOG_USEC.string == "60000000")
            #expect(report.env.WATCHDOG_PID.string == report.pid.int.map { "\($0)" })
        }
    }

    @Test func `descriptors, session and signals are clean`() throws {
        try Daemon.with { daemon in
            let report = try report(daemon, #"listen: ["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"]"#, "health: /health")
            let sockets = report.descriptors.names.filter {
                report.descriptors[$0].string?.hasPrefix("socket:") == true
            }
            #expect(sockets == ["3", "4", "5"], "two listeners and the probe: \(report.descriptors)")
            #expect(
                report.descriptors.names.subtracting(["0", "1", "2", "3", "4", "5"]).count <= 1,
                "the listing's own"
            )
            #expect(report.descriptors["0"].string == "/dev/null")
            #expect(report.env.LISTEN_FDNAMES.string == "main:main2:probe")
            #expect(report.sid.int == report.pid.int)
            #expect(report.pgid.int == report.pid.int)
            #expect(report.ppid.int == Int(daemon.pid))
            #expect(report.blocked.int == 0)
            // Python itself ignores SIGPIPE and SIGXFSZ; 32 and 33 are the C library's own.
            let ignored = UInt64(report.ignored.int ?? -1)
            #expect(ignored & ~(1 << (13 - 1) | 1 << (25 - 1) | 0b11 << 31) == 0)
        }
    }

    @Test func `slots are counted and each worker knows its own`() throws {
        try Daemon.with { daemon in
            let say = "echo \"$KOOMY_SLOT $NODE_APP_INSTANCE {slot}\"; exec sleep 1000"
            try daemon.start(Ecosystem.file(Ecosystem.shell("shell", say, "instances: 3")))
            try eventually("all three have said it") { daemon.logLines(of: "shell").count == 3 }
            #expect(Set(daemon.logLines(of: "shell")) == ["0 0 0", "1 1 1", "2 2 2"])
        }
    }

    @Test func `what is written is in the logs, line by line`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--say", "one", "--say", "zwei ü", "--complain", "three", "--notify"],
                "ready: notify"
            )
            try daemon.start(Ecosystem.file(app))
            try eventually("the lines are there") { daemon.logLines(of: "worker").count == 2 }
            #expect(daemon.logLines(of: "worker") == ["one", "zwei ü"])
            #expect(daemon.logLines(of: "worker", "error") == ["three"])
        }
    }

    @Test func `what a worker wrote before it died is in the log, to the last line`() throws {
        try Daemon.with { daemon in
            let count = 20_000
            let app = Ecosystem.shell("shell", "seq 1 \(count); kill -9 $$", "autorestart: false")
            try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            try eventually("every line is there") { daemon.logLines(of: "shell").count >= count }
            #expect(daemon.logLines(of: "shell") == (1...count).map { "\($0)" })
        }
    }

    @Test func `lines are stamped, and files are opened again on SIGUSR1`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.shell(
                "shell",
                "while :; do echo tick; sleep 0.05; done",
                #"log_date_format: "YYYY-MM-DD HH:mm:ss Z""#
            )
            try daemon.start(Ecosystem.file(app))
            try eventually("there are lines") { daemon.logLines(of: "shell").count > 3 }
            let pattern = #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d.{1,3}tick/#
            #expect(daemon.logLines(of: "shell").dropLast().allSatisfy { $0.wholeMatch(of: pattern) != nil })
            let log = "\(daemon.home)/log/shell-out.log"
            #expect(rename(log, "\(log).1") == 0)
            daemon.process.signal(SIGUSR1)
            try eventually("the new file has lines") { Files.lines(of: log).count > 3 }
            let rotated = Files.lines(of: "\(log).1").count
            try always(for: .milliseconds(300), "the old file is left alone") {
                Files.lines(of: "\(log).1").count == rotated
            }
        }
    }

    @Test func `a program that cannot be executed is reported at once, with path and reason`() throws {
        try Daemon.with { daemon in
            let text = try daemon.workspace.write("no program", to: "text", executable: true)
            let locked = try daemon.workspace.write("#!/bin/sh\n", to: "locked")
            let lost = try daemon.workspace.write("#!/no/such/interpreter\n", to: "lost", executable: true)
            for (path, reason) in [
                ("/nonexistent/program", "No such file or directory"), (locked, "Permission denied"),
                (text, "Exec format error"), (lost, "No such file or directory"),
                (daemon.workspace.path, "Is a directory"),
            ] {
                let app = Ecosystem.app("bad", script: path, ["interpreter: none"])
                let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
                #expect([4, 65].contains(result.code), "\(path): \(result)")
                let said = result.out + result.error
                #expect(said.contains(path) && said.contains(reason), "\(path): \(said)")
                #expect(result.elapsed < .seconds(5), "at once: \(path)")
                try daemon.ctl("delete", "bad")
            }
        }
    }

    @Test func `the variable of the slot cannot take the name of one of koomy's own`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 1, "instance_var: KOOMY_APP")))
            #expect(try daemon.app("api").isSteady(1))
        }
    }

    @Test func `a folder that is not there is reported with path and reason`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(name: "bad", "cwd: /nonexistent/folder")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect([4, 65].contains(result.code), "\(result)")
            #expect((result.out + result.error).contains("/nonexistent/folder"), "\(result)")
        }
    }

    @Test func `a script without a slash is found in its folder, then on the app's path`() throws {
        try Daemon.with { daemon in
            for folder in ["here", "there"] {
                try daemon.workspace.write(
                    "#!/bin/sh\necho \(folder)\nexec sleep 1000\n",
                    to: "\(folder)/tool",
                    executable: true
                )
            }
            let lines = [
                "interpreter: none", "cwd: \(daemon.workspace("here"))",
                "env: {PATH: \"\(daemon.workspace("there")):/bin\"}",
            ]
            try daemon.start(Ecosystem.file(Ecosystem.app("tool", script: "tool", lines + ["min_uptime: 200ms"])))
            try eventually("it says where it is from") { daemon.logLines(of: "tool") == ["here"] }
            Files.remove(daemon.workspace("here/tool"))
            try daemon.mustCtl("reload", "tool")
            try eventually("it is the other") { daemon.logLines(of: "tool") == ["here", "there"] }
        }
    }

    @Test(.needsRoot) func `user, group and supplementary groups are the user's own`() throws {
        try Daemon.with { daemon in
            let script = try daemon.workspace.write(Files.text(of: Fixture.path("worker.py")) ?? "", to: "worker.py")
            let report = try report(daemon, script: script, "user: nobody", "group: daemon", "cwd: /")
            let id = try Command.run(["id", "-u", "nobody"]).out
            #expect(report.uid.int.map { "\($0)\n" } == id)
            #expect(report.gid.int == 1)
            #expect(!report.groups.array.contains(.number(0)), "none of root's groups")
            #expect(report.env.USER.string == "nobody")
            #expect(report.env.HOME.string == "/nonexistent")
        }
    }

    @Test(.needsResourceCapability) func `limits may be raised and priority may rise as root`() throws {
        try Daemon.with { daemon in
            let report = try report(
                daemon,
                "nice: -5",
                "limits: {nofile: 70000, core: unlimited}",
                "oom_score_adj: -500"
            )
            #expect(report.nice.int == -5)
            #expect(report.nofile.array.map(\.int) == [70000, 70000])
            #expect(report.core.array.map(\.int) == [-1, -1])
            #expect(report.oomScoreAdjust.int == -500)
        }
    }

    @Test func `a user that does not exist is an error`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(name: "bad", "user: nobody-of-this-name")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect([4, 10, 65].contains(result.code), "\(result)")
            #expect((result.out + result.error).contains("nobody-of-this-name"), "\(result)")
        }
    }
}
