import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// What a terminal gets, on a pseudo-terminal made by script(1).
@Suite(.enabled(if: Binaries.installed("script") != nil, "needs script(1)"))
struct TerminalRunTests {
    private func onTerminal(
        _ arguments: String,
        columns: Int = 100,
        environment: [String: String] = [:],
        script: @escaping ScriptedDaemon.Script
    ) throws -> (text: String, code: Int32?) {
        try Workspace.with { files in
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: script)
            let line = try "stty cols \(columns); '\(Binaries.path("koomyctl"))' \(arguments) --socket \(daemon.path)"
            let run = try daemon.whileAnswering {
                try Command.run(
                    ["script", "-qec", line, "/dev/null"],
                    environment: baseEnvironment().merging(["TERM": "xterm", "SHELL": "/bin/sh"]) { $1 }
                        .merging(environment) { $1 }
                )
            }
            return (run.out, run.code)
        }
    }

    private func status(_: ScriptedDaemon.Request) -> [Step] { .answer(Samples.status) }

    @Test func `the table fits the terminal and has colours`() throws {
        let (text, code) = try onTerminal("status", columns: 40, script: status)
        #expect(code == 0 && text.contains("\u{1B}[32mready\u{1B}[0m"), "\(text)")
        #expect(text.contains("uptime") && !text.contains("memory"), "\(text)")
    }

    @Test(arguments: [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")])
    func `colours can be turned off by the environment`(name: String, value: String) throws {
        let (text, _) = try onTerminal("status", environment: [name: value], script: status)
        #expect(!text.contains("\u{1B}"), "\(text)")
    }

    @Test func `colours can be turned off by an option`() throws {
        let (text, _) = try onTerminal("status --no-color", script: status)
        #expect(!text.contains("\u{1B}"), "\(text)")
    }

    @Test func `progress is one line that is written over and then taken away`() throws {
        let news = [
            CommandProgress(app: "api", slot: 0, message: "starting"), CommandProgress(app: "api", message: "ready"),
        ]
        let done = CommandResult(.done, message: "all done")
        let (text, code) = try onTerminal("restart api", script: { _ in .stream(news, done) })
        #expect(code == 0)
        #expect(text == "\rapi:0: starting\u{1B}[K\rapi: ready\u{1B}[K\r\u{1B}[Kall done\r\n", "\(text)")
    }
}
