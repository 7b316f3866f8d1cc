import Glibc
import TestSupport
import Testing

/// Standard output of a koomyd in the foreground, and who reads it.
@Suite(.serialized) struct LogConsoleTests {
    /// A named pipe that this process holds open, so that nobody who writes to it sees its end.
    private final class Outlet {
        let path: String
        private let file: Int32

        init(_ path: String) throws {
            self.path = path
            guard mkfifo(path, 0o600) == 0 else { throw TestFailure(description: "no fifo at \(path)") }
            file = open(path, O_RDWR | O_CLOEXEC)
            guard file >= 0 else { throw TestFailure(description: "cannot open \(path)") }
        }

        deinit { close(file) }
    }

    @Test func `a reader that stops disturbs nobody, and gets every line once when it goes on`() throws {
        try Workspace.with { files in
            let outlet = try Outlet(files("outlet"))
            let counts = files("counts")
            try Files.makeFolder(counts)
            let says = Ecosystem.app(
                "says",
                script: Fixture.path("batches.py"),
                arguments: [counts, "300000"],
                ["interpreter: python3", "ready: notify", "healthy_time: 50ms", "instances: 2", "kill_timeout: 10s"]
            )
            let web = try Ecosystem.api(name: "web", "healthy_time: 50ms")
            let yaml = try files.write(Ecosystem.file(says, web), to: "eco.yaml")
            let wrapper = ["sh", "-c", "exec \"$@\" >\(outlet.path)", "sh"]
            try Daemon.with(arguments: ["--foreground", yaml], wrapper: wrapper, isForeground: true) { daemon in
                try daemon.waitFor("web", "it is ready") { $0.isSteady(2) }
                func said() -> Int {
                    Files.names(in: counts).reduce(0) { sum, name in
                        sum + (Files.lines(of: "\(counts)/\(name)").first.flatMap { Int($0) } ?? 0)
                    }
                }
                var before = -1
                try eventually("nobody reads, and the workers wait") {
                    before = said()
                    try always(for: .milliseconds(300), "koomyd is there") { daemon.process.ended == nil }
                    return said() == before && before > 0
                }
                // It answers at once, and does what it is asked to.
                var slowest = Duration.zero
                for _ in 1...20 {
                    let begun = ContinuousClock.now
                    #expect(try daemon.find("says") != nil)
                    slowest = max(slowest, ContinuousClock.now - begun)
                }
                #expect(slowest < .seconds(1), "\(slowest)")
                let load = try daemon.load(on: "web", rate: 50)
                try daemon.mustCtl("reload", "web")
                #expect(try load.finish().failed == 0)
                #expect(said() == before)
                let reader = try BackgroundProcess(["cat", outlet.path], name: "reader", in: files)
                defer { reader.stop() }
                try eventually("the workers go on") { said() > before + 5_000 }
                // It stops in the middle, and goes on.
                for _ in 1...3 {
                    reader.signal(SIGSTOP)
                    try always(for: .milliseconds(200), "koomyd answers") { try daemon.find("web") != nil }
                    let mark = said()
                    reader.signal(SIGCONT)
                    try eventually("the workers go on") { said() > mark + 5_000 }
                }
                try daemon.mustCtl("stop", "says")
                let total = said()
                var verdict = JSON.null
                try eventually("all of \(total) lines are there, and now \(verdict)") {
                    verdict = try judge(reader.outPath, counts)
                    return verdict.lines.int == total
                }
                #expect(verdict.wrong.array.isEmpty && verdict.workers.int == 2, "\(verdict)")
            }
        }
    }

    /// The lines of `says` among those of everybody.
    private func judge(_ path: String, _ counts: String) throws -> JSON {
        let own = path + ".says"
        let filter = "sed -n 's/^says:[0-9]* | //p' <\(path) >\(own)"
        #expect(try Command.run(["sh", "-c", filter]).code == 0)
        let result = try Command.run(["python3", Fixture.path("judge.py"), own, counts, "raw"])
        return try JSON(parsing: result.out)
    }

    /// A koomyd in the foreground whose app says 40,000 lines and ends, into a shell that reads as it likes.
    private func run(into reader: String) throws -> Command.Result {
        try Workspace.with { files in
            let job = Ecosystem.shell("job", "seq 1 40000", "stop_exit_codes: [0]", "min_uptime: 50ms")
            let yaml = try files.write(Ecosystem.file(job), to: "eco.yaml")
            let environment = baseEnvironment(home: files.path).merging(["KOOMY_HOME": files("k")]) { $1 }
            let command = "{ \"$0\" --foreground \"$1\"; echo status $? >&2; } | \(reader)"
            return try Command.run(
                ["sh", "-c", command, Binaries.path("koomyd"), yaml],
                environment: environment,
                deadline: .seconds(30)
            )
        }
    }

    @Test(arguments: ["cat", "{ sleep 1; cat; }", "{ sleep 1; head -c 20000; sleep 1; cat; }"])
    func `a koomyd that ends waits for its reader`(_ reader: String) throws {
        let result = try run(into: reader)
        #expect(result.error.contains("status 0"), "\(result.error)")
        #expect(result.out.split(separator: "\n").map(String.init) == (1...40_000).map { "job:0 | \($0)" })
    }

    @Test func `a reader that reads is not kept waiting`() throws {
        let times = try (1...3).map { _ in try run(into: "cat").elapsed }
        // Half a megabyte, by a pipe that holds an eighth of it.
        #expect(times.sorted()[1] < .seconds(1), "\(times)")
    }

    @Test(arguments: ["sleep 6", "head -c 1000"])
    func `a koomyd that ends waits for no reader that does not read`(_ reader: String) throws {
        let result = try run(into: "{ \(reader); }")
        #expect(result.error.contains("status 0"), "\(result.error)")
        #expect(result.elapsed < .seconds(8), "\(result.elapsed)")
    }

    // MARK: - Colours

    /// What comes out of a koomyd in the foreground whose app says one line on each stream.
    private func output(onTerminal: Bool, _ changes: [String: String] = [:]) throws -> String {
        try Workspace.with { files in
            let job = "echo done; echo failed >&2"
            let attributes = ["stop_exit_codes: [0]", "min_uptime: 100ms"]
            let yaml = try files.write(
                Ecosystem.file(Ecosystem.shell("job", job, attributes[0], attributes[1])),
                to: "eco.yaml"
            )
            let environment = baseEnvironment(home: files.path)
                .merging(["KOOMY_HOME": files("k"), "TERM": "xterm"]) { $1 }.merging(changes) { $1 }
            let command = [try Binaries.path("koomyd"), "--foreground", yaml]
            let result = try Command.run(
                onTerminal ? ["script", "-qec", command.joined(separator: " "), "/dev/null"] : command,
                environment: environment,
                deadline: .seconds(20)
            )
            #expect(result.code == 0, "\(result)")
            return result.out
        }
    }

    private static let escape = "\u{1B}["

    @Test(.enabled(if: Binaries.installed("script") != nil, "needs script"))
    func `on a terminal each worker has a colour, and errors are red`() throws {
        let text = try output(onTerminal: true)
        #expect(text.contains("\(Self.escape)0;36mjob:0 | \(Self.escape)0mdone"), "\(text)")
        #expect(text.contains("\(Self.escape)0;31mjob:0 | \(Self.escape)0mfailed"), "\(text)")
    }

    @Test(
        .enabled(if: Binaries.installed("script") != nil, "needs script"),
        arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]]
    )
    func `nobody who wants none gets colours`(_ changes: [String: String]) throws {
        let text = try output(onTerminal: true, changes)
        #expect(text.contains("job:0 | done") && text.contains("job:0 | failed"), "\(text)")
        #expect(!text.contains(Self.escape), "\(text)")
    }

    @Test func `a file gets none`() throws {
        let lines = try output(onTerminal: false).split(separator: "\n")
        #expect(lines.contains("job:0 | done") && lines.contains("job:0 | failed"), "\(lines)")
        #expect(lines.allSatisfy { !$0.contains(Self.escape) }, "\(lines)")
    }
}
