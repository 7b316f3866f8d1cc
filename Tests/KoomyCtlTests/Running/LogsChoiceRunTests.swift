import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// Which lines `koomyctl logs` shows, and how.
@Suite struct LogsChoiceRunTests {
    private static let seconds = ["17:04:56", "17:05:00", "17:05:04"]

    private func run(
        _ arguments: [String],
        _ logs: LogsView,
        _ environment: [String: String] = [:]
    ) throws -> Command.Result {
        var app = Samples.api
        app.logs = logs
        let status = StatusView(daemon: Samples.daemon, apps: [app])
        return try koomyctl(["logs"] + arguments, environment: environment) { _ in .answer(status) }.run
    }

    private func view(_ files: Workspace, _ format: String, dateFormat: String? = nil) -> LogsView {
        LogsView(
            target: "file",
            format: format,
            dateFormat: dateFormat,
            files: [
                LogFileView(path: files("out.log"), stream: "out"),
                LogFileView(path: files("err.log"), stream: "error"),
            ]
        )
    }

    private func json(_ second: String, slot: Int, generation: Int, _ stream: String, _ message: String) -> String {
        #"{"timestamp":"2026-11-20T\#(second).500+00:00","app":"api","slot":\#(slot),"generation":\#(generation),"#
            + #""stream":"\#(stream)","message":"\#(message)"}"#
    }

    /// Lines of two slots, two generations and both streams.
    private func writeJSON(_ files: Workspace) throws -> (out: [String], error: [String]) {
        let out = [
            json("17:04:56", slot: 0, generation: 1, "out", "first"),
            json("17:05:04", slot: 1, generation: 2, "out", #"a \"b\"\nc"#),
        ]
        let error = [json("17:05:00", slot: 1, generation: 1, "error", "Second")]
        try files.write(out.map { $0 + "\n" }.joined(), to: "out.log")
        try files.write(error.map { $0 + "\n" }.joined(), to: "err.log")
        return (out, error)
    }

    @Test func `lines of json are shown as time and message, labelled by who wrote them`() throws {
        try Workspace.with { files in
            let lines = try writeJSON(files)
            func out(_ arguments: String...) throws -> String {
                let run = try run(arguments, view(files, "json"))
                #expect(run.code == 0 && run.error == "", "\(run)")
                return run.out
            }
            let first = "api:0 out | 2026-11-20T17:04:56.500+00:00: first\n"
            let second = "api:1 err | 2026-11-20T17:05:00.500+00:00: Second\n"
            let third = "api:1 out | 2026-11-20T17:05:04.500+00:00: a \"b\"\nc\n"
            try #expect(out() == first + second + third)
            try #expect(out("api:1") == second + third)
            try #expect(out("api:0") == first)
            try #expect(out("--generation", "1") == first + second)
            try #expect(out("--err") == second)
            try #expect(out("--grep", "^second$", "-i") == second)
            try #expect(out("--grep", "^second$") == "")
            // The text of the object is not the message.
            try #expect(out("--grep", "timestamp") == "")
            try #expect(out("--since", "2026-11-20T17:05:00Z") == second + third)
            try #expect(out("--since", "2026-11-20 17:05:00.501") == third)
            try #expect(out("--until", "2026-11-20 17:05:00") == first)
            try #expect(out("--since", "@1795194296", "--until", "@1795194301") == first + second)
            try #expect(out("--since", "1s") == "")
            try #expect(out("--since", "2026-11-20", "-n", "1") == second + third)
            try #expect(out("--out", "--no-headers").hasPrefix("2026-11-20T17:04:56.500+00:00: first\n"))
            try #expect(out("--raw") == lines.out[0] + "\n" + lines.error[0] + "\n" + lines.out[1] + "\n")
            try #expect(out("--json") == out("--raw"))
        }
    }

    @Test func `lines with a log_date_format are chosen by it`() throws {
        try Workspace.with { files in
            let lines = Self.seconds.map { "20/11/2026 \($0): message of \($0)\n" }
            try files.write(lines[0] + lines[2], to: "out.log")
            try files.write(lines[1], to: "err.log")
            let view = view(files, "stamped", dateFormat: "DD/MM/YYYY HH:mm:ss")
            func out(_ arguments: String...) throws -> String {
                let run = try run(["--no-headers"] + arguments, view)
                #expect(run.code == 0 && run.error == "", "\(run)")
                return run.out
            }
            try #expect(out() == lines.joined())
            try #expect(out("--since", "2026-11-20 17:05") == lines[1] + lines[2])
            // The second 17:05:00 is not over at 17:05:00.9.
            try #expect(out("--since", "2026-11-20 17:05:00.9") == lines[1] + lines[2])
            try #expect(out("--until", "2026-11-20 17:05:00") == lines[0] + lines[1])
            try #expect(out("--grep", "^message") == lines.joined())
            try #expect(out("--grep", "^20/11") == "")
            let json = try out("--json", "--err")
            #expect(
                json
                    == #"{"timestamp":"2026-11-20T17:05:00.000+00:00","app":"api","stream":"error","message":"message of 17:05:00"}"#
                    + "\n"
            )
        }
    }

    @Test func `what cannot be chosen by is said, with what to do, and 64`() throws {
        try Workspace.with { files in
            try files.write("x\n", to: "out.log")
            let raw = view(files, "raw")
            for arguments in [["--since", "10m"], ["--until", "17:04"], ["--generation", "1"], ["api:1"]] {
                let run = try run(arguments, raw)
                #expect(run.code == 64 && run.out == "" && run.error.contains("format: json"), "\(run)")
            }
            let bare = try run(["--since", "10m"], view(files, "stamped", dateFormat: "MM-DD HH:mm"))
            #expect(bare.code == 64 && bare.error.contains("does not tell the year"), "\(bare)")
            let turned = try run(["--since", "1m", "--until", "2m"], view(files, "json"))
            #expect(turned.code == 64 && turned.error.contains("--until is before --since"), "\(turned)")
            let pattern = try run(["--grep", "a(b"], raw)
            #expect(pattern.code == 64 && pattern.error.contains("at character 2"), "\(pattern)")
            let slot = try run(["api:9"], view(files, "json"))
            #expect(slot.code == 2 && slot.error.contains("api has no slot 9"), "\(slot)")
        }
    }

    @Test func `a file that cannot be read is named, the rest is shown, and the exit code says it`() throws {
        try Workspace.with { files in
            let name = "out.log.20261120T170000Z.gz"
            try files.write("not gzip\n", to: name)
            try files.write("last\n", to: "out.log")
            let run = try run(["--out"], view(files, "raw"))
            #expect(run.code == 1 && run.out == "last\n", "\(run)")
            #expect(run.error == "api: \(files(name)): gzip: not in gzip format\n", "\(run)")
            let missing = try self.run(["--out"], view(files, "raw"), ["PATH": files.path])
            #expect(missing.code == 1 && missing.out == "last\n", "\(missing)")
            #expect(missing.error.contains("gzip is needed to read it, and is not installed"), "\(missing)")
        }
    }

    @Test(arguments: ["gzip", "zstd"].filter { Binaries.installed($0) != nil })
    func `bytes are those of the files, whatever they are`(program: String) throws {
        try Workspace.with { files in
            let suffix = program == "zstd" ? "zst" : "gz"
            let all = "head -c 300000 /dev/urandom >\"$0/all\"; cd \"$0\" && head -c 200000 all >old && echo >>old"
            let parts =
                "tail -c +200001 all >out.log; \(program) -c old >out.log.20261120T170000Z.\(suffix); cat old out.log >all"
            let made = try Command.run(["sh", "-c", "\(all) && \(parts)", files.path])
            #expect(made.code == 0, "\(made)")
            var app = Samples.api
            app.logs = view(files, "raw")
            let status = StatusView(daemon: Samples.daemon, apps: [app])
            let daemon = try ScriptedDaemon(path: files("control.sock")) { _ in .answer(status) }
            let run = try daemon.whileAnswering {
                try Command.run(
                    [
                        "sh", "-c",
                        "\"$0\" logs --raw --out -n 999999 --socket \"$1\" >\"$2/shown\" && cmp \"$2/shown\" \"$2/all\"",
                        Binaries.path("koomyctl"), daemon.path, files.path,
                    ]
                )
            }
            #expect(run.code == 0, "\(run)")
        }
    }

    @Test func `apps whose lines are in the journal are left to journalctl, with all options`() throws {
        try Workspace.with { files in
            try files.write("#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\nexit 7\n", to: "bin/journalctl", executable: true)
            let run = try run(
                ["api", "-f", "-n", "5", "--grep", "a b"],
                LogsView(target: "journald"),
                ["PATH": files("bin")]
            )
            #expect(run.code == 7, "\(run)")
            let words = [
                "--no-pager", "--identifier=api", "--lines=5", "--follow", "--grep=a b", "--case-sensitive=yes",
            ]
            #expect(run.out == ([files("bin/journalctl")] + words).map { $0 + "\n" }.joined(), "\(run)")
            let missing = try self.run(["api"], LogsView(target: "journald"), ["PATH": files.path])
            #expect(missing.code == 70 && missing.error.contains("needed to read the journal"), "\(missing)")
            let none = try self.run(["api"], LogsView(target: "none"))
            #expect(none.code == 0 && none.error == "api: its lines are not kept (its log target is none)\n", "\(none)")
        }
    }

    @Test func `flush, rotate and reopen ask koomyd, and print what it has done`() throws {
        let done = CommandResult(
            .done,
            message: "done",
            apps: [AppResult(app: "api", .done, message: "2 files emptied")]
        )
        func ask(_ words: String...) throws -> [String] {
            let (run, requests) = try koomyctl(words) { _ in .stream([], done) }
            #expect(run.code == 0, "\(run)")
            return [run.out] + requests
        }
        let said = "api: 2 files emptied\n"
        try #expect(ask("flush", "api") == [said, #"POST /v1/logs/flush {"targets":["api"]}"#])
        try #expect(ask("flush") == [said, #"POST /v1/logs/flush {"targets":["all"]}"#])
        try #expect(ask("rotate", "api", "web") == [said, #"POST /v1/logs/rotate {"targets":["api","web"]}"#])
        try #expect(ask("reopen") == [said, "POST /v1/daemon/reopen-logs {}"])
        try #expect(ask("reloadLogs") == [said, "POST /v1/daemon/reopen-logs {}"])
        let typo = try koomyctl(["flsh"])
        #expect(typo.code == 64 && typo.error.contains("did you mean flush?"), "\(typo)")
    }
}
