import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// What following costs, and that it misses nothing.
@Suite struct LogsFollowRunTests {
    private func following(
        _ arguments: [String] = [],
        in files: Workspace,
        _ body: (BackgroundProcess) throws -> Void
    ) throws {
        var app = Samples.api
        app.logs = LogsView(format: "raw", files: [LogFileView(path: files("out"), stream: "out")])
        let status = StatusView(daemon: Samples.daemon, apps: [app])
        let daemon = try ScriptedDaemon(path: files("control.sock")) { _ in .answer(status) }
        try daemon.whileAnswering {
            let process = try BackgroundProcess(
                [Binaries.path("koomyctl"), "logs", "-f", "--socket", daemon.path] + arguments,
                name: "koomyctl",
                in: files
            )
            defer { process.stop() }
            try body(process)
        }
    }

    /// A number of /proc/PID/status.
    private func number(_ name: String, of process: BackgroundProcess) throws -> Int {
        let line = Files.lines(of: "/proc/\(process.pid)/status").first { $0.hasPrefix("\(name):") } ?? ""
        return try #require(line.split { !$0.isNumber }.first.flatMap { Int($0) }, "\(name)")
    }

    private func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : -1
    }

    @Test func `nothing is done while nothing happens, and a line is there at once`() throws {
        try Workspace.with { files in
            try files.write("old\n", to: "out")
            try following(in: files) { process in
                try eventually("it follows") { process.output == "old\n" }
                let before = try number("voluntary_ctxt_switches", of: process)
                try always(for: .seconds(3), "nothing is shown") { process.output == "old\n" }
                let wakes = try number("voluntary_ctxt_switches", of: process) - before
                #expect(wakes <= 8, "woke up \(wakes) times in 3 seconds")
                let writer = try Appender(files("out"))
                var expected = "old\n"
                var shortest = Duration.seconds(60)
                for number in 0..<5 {
                    let begin = ContinuousClock.now
                    writer.write("new \(number)\n")
                    expected += "new \(number)\n"
                    try eventually("the line is there") { process.output == expected }
                    // Without the kernel's word, each but the first would be there after a second.
                    if number > 0 { shortest = min(shortest, ContinuousClock.now - begin) }
                }
                #expect(shortest < .milliseconds(500))
            }
        }
    }

    @Test func `a line of 200 MB is passed on byte for byte, in little memory`() throws {
        try Workspace.with { files in
            let length = 200_000_000
            let made = try Command.run([
                "sh", "-c", "(echo first; head -c \(length) /dev/zero | tr '\\0' x; echo) >\"$0/out\"", files.path,
            ])
            #expect(made.code == 0, "\(made)")
            try following(["-n", "1"], in: files) { process in
                try eventually(within: .seconds(60), "it is through") {
                    size(of: files("koomyctl.out")) == length + 1
                }
                let peak = try number("VmHWM", of: process)
                #expect(peak < 60_000, "peak of \(peak) kB")
                let same = try Command.run(["sh", "-c", "tail -n 1 \"$0/out\" | cmp - \"$0/koomyctl.out\"", files.path])
                #expect(same.code == 0, "\(same)")
            }
        }
    }

    @Test func `a reader that stops keeps nothing in memory, and misses nothing when it goes on`() throws {
        try Workspace.with { files in
            try files.write("", to: "out")
            let writer = try LogWriter(files("out"))
            try following(in: files) { process in
                writer.write("x")
                try eventually("it follows") { process.output == "1 x\n" }
                process.signal(SIGSTOP)
                for number in 2...200_000 {
                    writer.write("x")
                    if number % 20_000 == 0 { try writer.rotate() }
                }
                process.signal(SIGCONT)
                let expected = writer.lines.map { $0 + "\n" }.joined()
                try eventually(within: .seconds(60), "all is there") {
                    process.output.utf8.count >= expected.utf8.count
                }
                #expect(process.output == expected)
                let peak = try number("VmHWM", of: process)
                #expect(peak < 60_000, "peak of \(peak) kB")
            }
        }
    }
}

/// What happens while files are followed, beside lines.
@Suite struct LogsNewFilesRunTests {
    @Test func `the files of a slot that is new are followed from their beginning`() throws {
        try Workspace.with { files in
            try files.write("old\n", to: "out-0.log")
            // Two slots, once the file of the second is there.
            let script: ScriptedDaemon.Script = { _ in
                var app = Samples.api
                let slots = 0...(Files.exists(files("out-1.log")) ? 1 : 0)
                app.logs = LogsView(
                    format: "raw",
                    files: slots.map { LogFileView(path: files("out-\($0).log"), stream: "out", slot: $0) }
                )
                return .answer(StatusView(daemon: Samples.daemon, apps: [app]))
            }
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: script)
            try daemon.whileAnswering {
                let process = try BackgroundProcess(
                    [Binaries.path("koomyctl"), "logs", "-f", "--socket", daemon.path],
                    name: "koomyctl",
                    in: files
                )
                defer { process.stop() }
                try eventually("it follows") { process.output == "old\n" }
                try Files.write("first\n", to: files("out-1.log"))
                try eventually("the new file is followed") { process.output == "old\napi:1 out | first\n" }
                try Appender(files("out-0.log")).write("more\n")
                try eventually("the old one too") { process.output == "old\napi:1 out | first\napi:0 out | more\n" }
                // What is put aside, or is nobody's, is no reason to ask again for long.
                let asked = daemon.requests.count
                try Files.rename(files("out-0.log"), to: files("out-0.log.20261120T170000Z"))
                try Files.write("after\n", to: files("out-0.log"))
                try eventually("it is followed on") { process.output.hasSuffix("api:0 out | after\n") }
                #expect(daemon.requests.count == asked)
            }
        }
    }
}
