import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// koomyctl and a koomyd that goes away and comes back.
@Suite struct AbsenceRunTests {
    private static let done = CommandResult(.done, message: "2 workers are ready")
    private static let away = "koomyd is away; waiting for it to come back\n"

    private static func news(_ text: String) -> CommandProgress { CommandProgress(app: "api", slot: 0, message: text) }

    private struct Run {
        var exit: Exit
        var out: String
        var error: String
        /// The keys that each of the two daemons got.
        var keys: [[String?]]
    }

    /// Runs koomyctl against a daemon that is killed in the middle of its answer, and then against the next one.
    private func run(
        _ arguments: [String],
        told: [CommandProgress],
        then next: @escaping ScriptedDaemon.Script
    ) throws -> Run {
        try Workspace.with { files in
            let path = files("control.sock")
            let words = [try Binaries.path("koomyctl")] + arguments + ["--socket", path]
            let (process, key) = try askAndDie(words, told, path, files)
            defer { process.stop() }
            try eventually("it knows that koomyd is away") { process.errorOutput.contains("away") }
            let second = try ScriptedDaemon(path: path, script: next)
            let exit = try second.whileAnswering { try process.wait() }
            let keys = [[key], second.requests.map(\.key)]
            return Run(exit: exit, out: process.output, error: process.errorOutput, keys: keys)
        }
    }

    /// The first daemon has let go of its socket when this returns.
    private func askAndDie(
        _ words: [String],
        _ told: [CommandProgress],
        _ path: String,
        _ files: Workspace
    ) throws -> (process: BackgroundProcess, key: String?) {
        let daemon = try ScriptedDaemon(path: path) { _ in
            .streamHead + told.map { .line(CommandMessage.progress($0)) }
        }
        let process = try daemon.whileAnswering(leavingBehind: .staleSocket) {
            let process = try BackgroundProcess(words, name: "koomyctl", in: files)
            try eventually("it was asked") { !daemon.requests.isEmpty }
            return process
        }
        return (process, daemon.requests.first?.key)
    }

    @Test func `a command outlives its daemon, says so once, and says nothing twice`() throws {
        let told = [Self.news("starting"), Self.news("ready")]
        let run = try run(["reload", "api"], told: told) { _ in .stream(told + [Self.news("over")], Self.done) }
        #expect(run.exit == .code(0) && run.out == "2 workers are ready\n", "\(run)")
        #expect(run.error == "api:0: starting\napi:0: ready\n\(Self.away)api:0: over\n", "\(run)")
        #expect(run.keys[0] == run.keys[1] && run.keys[0].first??.utf8.count == 32, "\(run)")
    }

    @Test func `one that goes on where it was is shown as it goes on`() throws {
        let run = try run(["stop", "api"], told: [Self.news("draining")]) { _ in
            .stream([Self.news("left")], CommandResult(.drainForced, message: "killed"))
        }
        #expect(run.exit == .code(7), "\(run)")
        #expect(run.error.hasPrefix("api:0: draining\n\(Self.away)api:0: left\nstop failed: killed\n"), "\(run)")
    }

    @Test func `as JSON each line comes once`() throws {
        let told = [Self.news("starting")]
        let run = try run(["reload", "api", "--json"], told: told) { _ in .stream(told, Self.done) }
        let messages = try run.out.split(separator: "\n").map {
            try WireCoding.decode(CommandMessage.self, from: Array($0.utf8))
        }
        #expect(messages == [.progress(Self.news("starting")), .result(Self.done)], "\(run)")
        #expect(run.error == Self.away, "\(run)")
    }

    @Test func `an upgrade's result comes from the new daemon`() throws {
        let upgrade = UpgradeView(from: "0.1.0", to: "0.2.0", pid: 400)
        let told = [CommandProgress(message: "0.2.0 can read the state")]
        let run = try run(["daemon", "upgrade", "--binary", "/b/koomyd"], told: told) { _ in
            .stream([], CommandResult(.done, message: "upgraded", upgrade: upgrade))
        }
        #expect(run.exit == .code(0) && run.out == "koomyd upgraded: 0.1.0 -> 0.2.0, pid 400\n", "\(run)")
        #expect(run.error == "0.2.0 can read the state\n\(Self.away)" && run.keys[0] == run.keys[1], "\(run)")
    }

    @Test func `--timeout counts while koomyd is away`() throws {
        let (run, requests) = try koomyctl(["stop", "api", "--timeout", "1s"]) { _ in [] }
        #expect(run.code == 75 && requests.count > 1, "\(run)")
        #expect(run.error.hasPrefix(Self.away + "stop failed: gave up waiting"), "\(run)")
        #expect(
            try koomyctl(["stop", "api", "-q", "--timeout", "300ms"]) { _ in [] }.run.error.hasPrefix("stop failed")
        )
    }

    @Test(arguments: [["status"], ["describe", "api"], ["events"], ["stop", "api"], ["doctor"]])
    func `a socket that a killed koomyd left is tried for three seconds`(arguments: [String]) throws {
        try Workspace.with { files in
            let path = files("control.sock")
            _ = try ScriptedDaemon(path: path) { _ in [] }
            let run = try koomyctl(arguments + ["--socket", path])
            #expect(run.code == 3 && run.elapsed >= .seconds(3) && run.elapsed < .seconds(20), "\(run)")
        }
    }

    @Test func `a koomyd that comes back within that time answers`() throws {
        try Workspace.with { files in
            let path = files("control.sock")
            _ = try ScriptedDaemon(path: path) { _ in [] }
            let words = [try Binaries.path("koomyctl"), "status", "--json", "--socket", path]
            let process = try BackgroundProcess(words, name: "koomyctl", in: files)
            defer { process.stop() }
            let daemon = try ScriptedDaemon(path: path) { _ in .answer(Samples.status) }
            let exit = try daemon.whileAnswering { try process.wait() }
            #expect(exit == .code(0) && process.output.contains("4711"), "\(process.errorOutput)")
        }
    }
}

/// `koomyctl daemon upgrade`, as far as koomyctl is concerned.
@Suite struct UpgradeRunTests {
    @Test(
        arguments: [
            ([], "{}"), (["--binary", "/b/koomyd"], #"{"binary":"/b/koomyd"}"#),
        ] as [([String], String)]
    )
    func `the binary is sent by its absolute path`(options: [String], body: String) throws {
        let upgrade = UpgradeView(from: "0.1.0", to: "0.1.0", pid: 7)
        let (run, requests) = try koomyctl(["daemon", "upgrade"] + options) { _ in
            .stream([], CommandResult(.done, message: "upgraded", upgrade: upgrade))
        }
        #expect(run.code == 0 && run.out == "koomyd upgraded: 0.1.0 -> 0.1.0, pid 7\n", "\(run)")
        #expect(requests == ["POST /v1/daemon/upgrade \(body)"])
    }

    @Test func `a relative path is that of the folder that koomyctl was called in`() throws {
        try Workspace.with { files in
            let (_, requests) = try koomyctl(["daemon", "upgrade", "--binary", "./koomyd"], folder: files.path) { _ in
                .stream([], CommandResult(.done, message: "upgraded"))
            }
            #expect(requests == [#"POST /v1/daemon/upgrade {"binary":"\#(files("koomyd"))"}"#])
        }
    }

    @Test(arguments: [(Outcome.stateUnreadable, 65), (.internalError, 70)] as [(Outcome, Int32)])
    func `a new binary that does not do is refused with the reason, as a result or before`(
        outcome: Outcome,
        code: Int32
    ) throws {
        let reason = "koomyd 0.0.9 knows version 1 of the state, this is 2"
        for answer in [
            [Step].stream([], CommandResult(outcome, message: reason)), .refusal(ErrorView(outcome, message: reason)),
        ] {
            let (run, _) = try koomyctl(["daemon", "upgrade"]) { _ in answer }
            #expect(run.code == code && run.out.isEmpty, "\(run)")
            #expect(run.error.hasPrefix("daemon upgrade failed: \(reason)\n"), "\(run)")
        }
    }
}
