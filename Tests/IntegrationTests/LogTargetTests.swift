import Glibc
import TestSupport
import Testing

/// Where lines go besides into files of koomyd, and what can be asked of the files.
@Suite(.serialized) struct LogTargetTests {
    /// A shell that says a line on each stream, then what comes in by a named pipe, and holds nothing else.
    private func echo(_ daemon: Daemon, _ lines: String...) throws -> String {
        let fifo = daemon.workspace("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        let command = "echo said; echo complained >&2; while :; do read -r line <\(fifo) && echo \\\"$line\\\"; done"
            .replacing("\\\"", with: "\"")
        return Ecosystem.app(
            "echo",
            script: "/bin/sh",
            arguments: ["-c", command],
            ["interpreter: none", "healthy_time: 50ms", "min_uptime: 50ms", "kill_timeout: 5s"] + lines
        )
    }

    private func pipes(_ daemon: Daemon) -> Int {
        ProcessTable.descriptors(of: daemon.pid).values.count { $0.hasPrefix("pipe:") }
    }

    /// Has the worker say a line.
    private func say(_ line: String, _ daemon: Daemon) throws {
        // It is opened without waiting; nobody reads yet where this fails.
        let file = try eventually("the worker listens") {
            let file = open(daemon.workspace("fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            return file >= 0 ? file : nil
        }
        defer { close(file) }
        let bytes = Array("\(line)\n".utf8)
        #expect(write(file, bytes, bytes.count) == bytes.count)
    }

    @Test func `direct: the worker writes to the files itself, and koomyd holds nothing`() throws {
        try Daemon.with { daemon in
            let before = pipes(daemon)
            try daemon.start(Ecosystem.file(try echo(daemon, "log: {target: direct, mode: \"0604\"}")))
            let out = "\(daemon.home)/log/echo-out.log"
            let error = "\(daemon.home)/log/echo-error.log"
            let pid = try #require(try daemon.app("echo").ready.first?.pid)
            let held = ProcessTable.descriptors(of: pid)
            #expect(held[1] == out && held[2] == error)
            // How the start went is told by one.
            #expect(pipes(daemon) <= before + 1)
            #expect(!ProcessTable.descriptors(of: daemon.pid).values.contains { $0 == out || $0 == error })
            #expect(Files.lines(of: out) == ["said"] && Files.lines(of: error) == ["complained"])
            for path in [out, error] {
                var status = stat()
                #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o604)
            }
            // It appends, wherever the file is cut.
            #expect(truncate(out, 0) == 0)
            try say("one", daemon)
            try eventually("it is there") { Files.lines(of: out) == ["one"] }
            try daemon.stop(SIGKILL)
            try say("two", daemon)
            try eventually("it is there") { Files.lines(of: out) == ["one", "two"] }
            try daemon.startAgain()
            #expect(try daemon.waitFor("echo", "it is there") { $0.isSteady(1) }.pids == [pid])
            #expect(pipes(daemon) == before)
            let log = try daemon.app("echo").json.logs
            #expect(log.target.string == "direct" && log.out.string == out && log.error.string == error)
            // What is not koomyd's to change stays.
            try daemon.mustCtl("restart", "echo")
            #expect(
                try eventually("it says it again") { Files.lines(of: out).count == 3 ? Files.lines(of: out) : nil }
                    == ["one", "two", "said"]
            )
        }
    }

    @Test func `none: nothing is kept and koomyd holds nothing`() throws {
        try Daemon.with { daemon in
            let before = pipes(daemon)
            try daemon.start(Ecosystem.file(try echo(daemon, "log: {target: none}")))
            let pid = try #require(try daemon.app("echo").ready.first?.pid)
            let held = ProcessTable.descriptors(of: pid)
            #expect(held[1] == "/dev/null" && held[2] == "/dev/null")
            #expect(pipes(daemon) <= before + 1)
            try say("one", daemon)
            #expect(Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("echo") } == [])
            let log = try daemon.app("echo").json.logs
            #expect(log.target.string == "none" && log.out.isNull && log.files.array.isEmpty)
        }
    }

    // MARK: - What is asked for

    /// POST with curl, as anybody would; the exit code of a result and its text.
    private func post(_ daemon: Daemon, _ path: String, _ body: String) throws -> (status: String, body: String) {
        let result = try Command.run([
            "curl", "-sS", "--unix-socket", daemon.controlSocket, "-w", "\n%{http_code}", "-d", body,
            "-H", "Content-Type: application/json", "http://koomy/v1/logs/\(path)",
        ])
        let lines = result.out.split(separator: "\n").map(String.init)
        return (lines.last ?? "", lines.dropLast().joined(separator: "\n"))
    }

    @Test func `rotate puts files aside under load, and no line is missing`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let log = "log: {rotate: {keep: false, total: false}}"
            try daemon.start(Ecosystem.file(keeping.app(rate: 500_000, streams: ["out", "error"], [log])))
            for round in 1...20 {
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + 500 }
                let (status, body) = try post(daemon, "rotate", #"{"targets":["says"]}"#)
                #expect(status == "200" && body.contains("put aside"), "\(body)")
                #expect(keeping.aside().count == round)
            }
            try daemon.mustCtl("stop", "says")
            for stream in ["out", "error"] {
                let path = "\(daemon.home)/log/says-\(stream).log"
                let verdict = try keeping.judge(path, as: "raw")
                #expect(verdict.files == 21 && verdict.workers == 4, "\(verdict)")
                // Of the other stream nothing is here, and nothing else is wrong.
                #expect(verdict.wrong.allSatisfy { $0.hasSuffix(" and 0 are there") }, "\(verdict)")
                #expect(verdict.wrong.count == 4, "\(verdict)")
            }
        }
    }

    @Test func `flush empties files, and lines go on`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(try echo(daemon)))
            let out = "\(daemon.home)/log/echo-out.log"
            try eventually("it said something") { Files.lines(of: out) == ["said"] }
            try say("one", daemon)
            try eventually("it is there") { Files.lines(of: out).count == 2 }
            #expect(try post(daemon, "rotate", #"{"targets":["echo"]}"#).status == "200")
            try say("two", daemon)
            try eventually("it is there") { Files.lines(of: out) == ["two"] }
            let (status, body) = try post(daemon, "flush", #"{"targets":["all"]}"#)
            #expect(status == "200" && body.contains("emptied"), "\(body)")
            #expect(Files.text(of: out) == "")
            try say("three", daemon)
            try eventually("it is there") { Files.lines(of: out) == ["three"] }
            // What was put aside stays.
            let aside = Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("echo-out.log.") }
            #expect(aside.map { Files.lines(of: "\(daemon.home)/log/\($0)") } == [["said", "one"]])
            // The files of an app that is stopped are its own as well.
            try daemon.mustCtl("stop", "echo")
            #expect(try post(daemon, "flush", #"{"targets":["echo"]}"#).body.contains("echo-out.log"))
            #expect(Files.text(of: out) == "")
            #expect(try post(daemon, "flush", #"{"targets":["echo"]}"#).body.contains("no log has lines"))
            #expect(try post(daemon, "rotate", #"{"targets":["echo"]}"#).body.contains("no log has lines"))
        }
    }

    @Test func `what cannot be done is refused`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(try echo(daemon, "log: {target: direct}")))
            let out = "\(daemon.home)/log/echo-out.log"
            try eventually("it said something") { Files.lines(of: out) == ["said"] }
            for change in ["flush", "rotate"] {
                #expect(try post(daemon, change, #"{"targets":["nobody"]}"#).status == "404")
                #expect(try post(daemon, change, #"{"targets":["echo:0"]}"#).status == "400")
                #expect(try post(daemon, change, #"{"targets":[]}"#).status == "400")
                #expect(try post(daemon, change, "{}").status == "400")
                #expect(try post(daemon, change, #"{"targets":["echo"]}"#).status == "200")
            }
            // koomyd does not write it.
            #expect(Files.lines(of: out) == ["said"])
        }
    }

    @Test(.needsRoot) func `files and their folders belong to whom they are to, after a rotation too`() throws {
        try Daemon.with { daemon in
            let out = daemon.workspace("new/folder/out.log")
            let lines = ["out_file: \(out)", "log: {mode: \"0604\", owner: \"1234\", group: \"2345\"}"]
            try daemon.start(Ecosystem.file(try echo(daemon, lines[0], lines[1])))
            func check(_ path: String, _ mode: mode_t?) {
                var status = stat()
                #expect(stat(path, &status) == 0 && status.st_uid == 1_234 && status.st_gid == 2_345, "\(path)")
                if let mode { #expect(status.st_mode & 0o7777 == mode, "\(path)") }
            }
            try eventually("it said something") { Files.lines(of: out) == ["said"] }
            check(out, 0o604)
            check(daemon.workspace("new"), nil)
            check(daemon.workspace("new/folder"), nil)
            try daemon.mustCtl("restart", "echo")
            #expect(try post(daemon, "rotate", #"{"targets":["echo"]}"#).status == "200")
            try say("one", daemon)
            try eventually("it is there") { Files.lines(of: out) == ["one"] }
            for name in Files.names(in: daemon.workspace("new/folder")) {
                check(daemon.workspace("new/folder/\(name)"), 0o604)
            }
            let errors = Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("echo-error.log") }
            #expect(!errors.isEmpty)
            for name in errors { check("\(daemon.home)/log/\(name)", 0o604) }
        }
    }

    @Test func `files are put aside every second where that is wanted, and not when they are empty`() throws {
        try Daemon.with { daemon in
            let log = "log: {rotate: {size: false, every: \"* * * * * *\", keep: false}}"
            try daemon.start(Ecosystem.file(try echo(daemon, log)))
            let folder = "\(daemon.home)/log"
            func aside() -> [String] { Files.names(in: folder).filter { $0.hasPrefix("echo-out.log.") } }
            for round in 1...3 {
                try say("round \(round)", daemon)
                try eventually(within: .seconds(5), "it is put aside") {
                    aside().contains { Files.lines(of: "\(folder)/\($0)").last == "round \(round)" }
                }
            }
            let files = aside()
            try always(for: .milliseconds(2_100), "an empty file stays") { aside() == files }
            #expect(files.flatMap { Files.lines(of: "\(folder)/\($0)") } == ["said", "round 1", "round 2", "round 3"])
        }
    }
}
