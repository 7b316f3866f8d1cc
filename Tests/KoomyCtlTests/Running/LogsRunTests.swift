import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@Suite struct LogsRunTests {
    /// A daemon whose only app logs to `out` and `err` of this folder.
    private func script(_ files: Workspace) -> ScriptedDaemon.Script {
        var app = Samples.api
        app.logs = LogsView(out: files("out"), error: files("err"))
        let status = StatusView(daemon: Samples.daemon, apps: [app, Samples.idle])
        return { _ in .answer(status) }
    }

    private func lines(_ range: ClosedRange<Int>) -> String { range.map { "line \($0)\n" }.joined() }

    @Test func `the last lines of a file, without a label where there is one file`() throws {
        try Workspace.with { files in
            try files.write(lines(1...10_000), to: "out")
            func out(_ arguments: String...) throws -> String {
                try koomyctl(["logs", "api", "--out"] + arguments, script: script(files)).run.out
            }
            try #expect(out("-n", "3") == lines(9_998...10_000))
            try #expect(out() == lines(9_981...10_000))
            try #expect(out("-n", "0") == "")
            try #expect(out("-n", "99999") == lines(1...10_000))
        }
    }

    @Test(arguments: ["", "\n", "a", "a\n", "a\n\n", "a\nb", "\n\n\nb\n"])
    func `the end of a file may look like anything`(text: String) throws {
        try Workspace.with { files in
            try files.write(text, to: "out")
            var expected = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if expected.last?.isEmpty == true { expected.removeLast() }
            let run = try koomyctl(["logs", "api", "--out", "-n", "2"], script: script(files)).run
            #expect(run.out == expected.suffix(2).map { $0 + "\n" }.joined(), "\(run)")
        }
    }

    @Test func `long lines and files without line ends are shown`() throws {
        try Workspace.with { files in
            let long = String(repeating: "x", count: 3_000_000)
            try files.write("first\n\(long)\n", to: "out")
            let run = try koomyctl(["logs", "api", "--out", "-n", "1"], script: script(files)).run
            #expect(run.code == 0 && run.out == long + "\n")
        }
    }

    @Test func `both files are merged by their times, and labelled`() throws {
        try Workspace.with { files in
            try files.write("2026-01-01 10:00:00 a\n2026-01-01 10:00:02 c\n", to: "out")
            try files.write("2026-01-01 10:00:01 b\n", to: "err")
            let run = try koomyctl(["logs"], script: script(files)).run
            #expect(
                run.out == """
                    api out | 2026-01-01 10:00:00 a
                    api err | 2026-01-01 10:00:01 b
                    api out | 2026-01-01 10:00:02 c

                    """,
                "\(run)"
            )
            let json = try koomyctl(["logs", "--json", "--err"], script: script(files)).run
            #expect(json.out == #"{"app":"api","stream":"error","message":"2026-01-01 10:00:01 b"}"# + "\n", "\(json)")
        }
    }

    @Test func `a file that is not there is said to be missing`() throws {
        try Workspace.with { files in
            try files.write("x\n", to: "out")
            let run = try koomyctl(["logs", "api"], script: script(files)).run
            #expect(run.code == 0 && run.out == "api out | x\n", "\(run)")
            #expect(run.error == "api: nothing written yet to \(files("err"))\n", "\(run)")
            let none = try koomyctl(["logs", "idle"], script: script(files)).run
            #expect(none.code == 0 && none.error == "nothing is logged to files\n", "\(none)")
            let unknown = try koomyctl(["logs", "apo"], script: script(files)).run
            #expect(unknown.code == 2 && unknown.error.contains("did you mean api?"), "\(unknown)")
        }
    }

    /// Follows the files while the body changes them.
    private func following(
        _ arguments: [String],
        in files: Workspace,
        _ body: (BackgroundProcess) throws -> Void
    ) throws {
        let daemon = try ScriptedDaemon(path: files("control.sock"), script: script(files))
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

    private func append(_ text: String, to path: String) throws {
        try Files.write((Files.text(of: path) ?? "") + text, to: path)
    }

    @Test func `lines are shown as they come, whole`() throws {
        try Workspace.with { files in
            try files.write("old\n", to: "out")
            try following(["api", "--out"], in: files) { process in
                try eventually("the old line is there") { process.output == "old\n" }
                let writer = try Appender(files("out"))
                writer.write("one\ntwo\nthr")
                try eventually("two lines came") { process.output == "old\none\ntwo\n" }
                writer.write("ee\n")
                try eventually("the third came whole") { process.output == "old\none\ntwo\nthree\n" }
            }
        }
    }

    @Test func `files are followed through rotation without losing a line`() throws {
        try Workspace.with { files in
            try files.write("begin\n", to: "out")
            try following(["api", "--out"], in: files) { process in
                try eventually("it follows") { process.output == "begin\n" }
                var expected = "begin\n"
                var number = 0
                for round in 0..<5 {
                    let writer = try Appender(files("out"))
                    for _ in 0..<50 {
                        number += 1
                        writer.write("line \(number)\n")
                        expected += "line \(number)\n"
                    }
                    try eventually("round \(round) is there") { process.output == expected }
                    try Files.rename(files("out"), to: files("out.\(round)"))
                    // The writer goes on with the file that it has, until it opens the new one.
                    number += 1
                    writer.write("line \(number)\n")
                    expected += "line \(number)\n"
                }
                try files.write("last\n", to: "out")
                try eventually("the last is there") { process.output == expected + "last\n" }
            }
        }
    }

    @Test func `a file that appears later is followed, and one that is emptied begins again`() throws {
        try Workspace.with { files in
            try following(["api", "--err"], in: files) { process in
                try eventually("it is said to be missing") { process.errorOutput.contains("nothing written yet") }
                try files.write("first line\n", to: "err")
                try eventually("its line came") { process.output == "first line\n" }
                try files.write("2\n", to: "err")
                try eventually("the new line came") { process.output == "first line\n2\n" }
            }
        }
    }

    @Test func `following ends when nobody reads any more`() throws {
        try Workspace.with { files in
            try files.write("x\n", to: "out")
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: script(files))
            let run = try daemon.whileAnswering {
                try Command.run(
                    [
                        "sh", "-c", "\"$0\" logs -f api --out --socket \"$1\" | head -n 1", Binaries.path("koomyctl"),
                        daemon.path,
                    ],
                    deadline: .seconds(20)
                )
            }
            #expect(run.code == 0 && run.out == "x\n", "\(run)")
        }
    }
}
