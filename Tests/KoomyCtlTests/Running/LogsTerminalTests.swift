import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@testable import koomyctl

/// What `koomyctl logs` does for a terminal, and does not do elsewhere.
@Suite(.enabled(if: Binaries.installed("script") != nil, "needs script(1)"))
struct LogsTerminalTests {
    private static let out = "plain \u{1B}[31mred\u{7}\tend\n"
    private static let error = "failed\n"

    private func show(_ arguments: String, onTerminal: Bool, _ environment: [String: String] = [:]) throws -> String {
        try Workspace.with { files in
            try files.write(Self.out, to: "out")
            try files.write(Self.error, to: "err")
            var app = Samples.api
            app.logs = LogsView(
                format: "raw",
                files: [
                    LogFileView(path: files("out"), stream: "out", slot: 1),
                    LogFileView(path: files("err"), stream: "error", slot: 0),
                ]
            )
            let status = StatusView(daemon: Samples.daemon, apps: [app])
            let daemon = try ScriptedDaemon(path: files("control.sock")) { _ in .answer(status) }
            let line = try "'\(Binaries.path("koomyctl"))' logs \(arguments) --socket \(daemon.path)"
            let run = try daemon.whileAnswering {
                try Command.run(
                    onTerminal ? ["script", "-qec", line, "/dev/null"] : ["sh", "-c", line],
                    environment: baseEnvironment().merging(["TERM": "xterm", "SHELL": "/bin/sh"]) { $1 }
                        .merging(environment) { $1 }
                )
            }
            #expect(run.code == 0, "\(run)")
            return run.out
        }
    }

    @Test func `labels have a colour of their own, errors are marked, and control characters are not obeyed`() throws {
        let first = LabelColor.of("api:1").rawValue
        let second = LabelColor.of("api:0").rawValue
        let text = try show("", onTerminal: true)
        #expect(
            text == "\u{1B}[\(first)mapi:1\u{1B}[0m out | plain ?[31mred? end\r\n"
                + "\u{1B}[\(second)mapi:0\u{1B}[0m\u{1B}[31m err\u{1B}[0m | failed\r\n"
        )
        #expect(first != second)
    }

    @Test(arguments: ["--no-color", "NO_COLOR"])
    func `without colours nothing is coloured, and still nothing obeyed`(way: String) throws {
        let isOption = way.hasPrefix("-")
        let text = try show(isOption ? way : "", onTerminal: true, isOption ? [:] : [way: "1"])
        #expect(text == "api:1 out | plain ?[31mred? end\r\napi:0 err | failed\r\n")
    }

    @Test func `elsewhere lines are as they were written, and raw is nothing else`() throws {
        try #expect(show("", onTerminal: false) == "api:1 out | \(Self.out)api:0 err | \(Self.error)")
        try #expect(show("--no-headers", onTerminal: false) == Self.out + Self.error)
        try #expect(show("--raw", onTerminal: false) == Self.out + Self.error)
    }
}
