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
                writer.write("new\n")
                try eventually(within: .milliseconds(900), "the kernel told of the line") {
                    process.output == "old\nnew\n"
                }
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
