import KoomyWire
import ScriptedDaemon
import Testing

@testable import koomyctl

@Suite struct DescribeTextTests {
    @Test func `everything that is known, and nothing that is not`() {
        var app = Samples.api
        app.spec = .object([
            "name": "api", "instances": 2, "environment": .object(["TOKEN": "***", "EMPTY": ""]),
            "listeners": .array([.object(["name": "http", "reusePort": false])]),
            "command": .object(["arguments": .array(["a", "b"])]),
            "health": .null, "readiness": .object(["notify": .object([:])]), "logs": .object([:]),
            "ratio": .number(0.5),
        ])
        let lines = DescribeText(app: app, screen: Screen()) { "at \($0)" }.lines
        #expect(
            lines.joined(separator: "\n") == """
                api
                  state       ok
                  wanted      2 workers
                  generation  3
                  restarts    2
                  file        /srv/api.yaml
                  listener    http tcp://127.0.0.1:5000
                  log out     /var/log/koomy/api-out.log
                  log err     /var/log/koomy/api-error.log

                api:0
                  state       ready (seen by notify)
                  says        serving
                  pid         4711
                  worker      1
                  generation  3
                  uptime      3m12s
                  restarts    0
                  memory      38.1M
                  cpu         1.5%

                api:1
                  state       ready (seen by notify)
                  pid         4712
                  worker      2
                  generation  3
                  uptime      5s
                  restarts    2
                  memory      39.1M
                  cpu         0.2%
                  last exit   SIGKILL, at 1700000000000

                configuration
                  command
                    arguments  a b
                  environment
                    EMPTY  ""
                    TOKEN  ***
                  health  -
                  instances  2
                  listeners
                    name  http
                    reusePort  no
                  logs  -
                  name  api
                  ratio  0.5
                  readiness  notify
                """
        )
    }

    @Test func `every log file is named, and what is wrong with them`() {
        var app = Samples.idle
        app.logs = LogsView(
            target: "file",
            format: "stamped",
            dateFormat: "YYYY",
            files: [
                LogFileView(path: "/l/o-0", stream: "out", slot: 0), LogFileView(path: "/l/e", stream: "error"),
                LogFileView(path: "/l/a", stream: "all"),
            ],
            trouble: "No space left on device (ENOSPC)",
            dropped: LogLossView(bytes: 2_048, lines: 12)
        )
        func lines() -> [String] { DescribeText(app: app, screen: Screen()) { "\($0)" }.lines.suffix(6).map { $0 } }
        #expect(
            lines() == [
                "  log out      /l/o-0 (slot 0)", "  log err      /l/e", "  log all      /l/a", "  log format   YYYY",
                "  log trouble  No space left on device (ENOSPC)", "  log loss     12 lines, 2.0K",
            ]
        )
        app.logs = LogsView(target: "journald", format: "raw")
        #expect(lines().last == "  logs        journald")
    }

    @Test func `a stopped app is short`() {
        let lines = DescribeText(app: Samples.idle, screen: Screen()) { "\($0)" }.lines
        #expect(
            lines == ["idle", "  state       stopped", "  wanted      stopped", "  generation  1", "  restarts    0"]
        )
    }
}

@Suite struct EventTextTests {
    private let text = EventText(screen: Screen()) { "<\($0)>" }

    @Test func `one line with what there is`() {
        let event = EventView(
            seq: 12,
            at: 5,
            type: "worker.exited",
            app: "api",
            slot: 1,
            serial: 3,
            pid: 99,
            generation: 4,
            message: "exit code 1",
            detail: ["code": 1, "a": .array([1, "x"])]
        )
        #expect(
            text.line(event)
                == #"<5>  #12  worker.exited  api:1  pid 99  gen 4  exit code 1  a=[1,"x"]  code=1"#
        )
        #expect(text.line(EventView(seq: 1, at: 2, type: "x.new")) == "<2>  #1  x.new")
    }

    @Test func `an event cannot break its line`() {
        let event = EventView(seq: 1, at: 2, type: "x", message: "a\nb\u{1B}[0m")
        #expect(text.line(event) == "<2>  #1  x  a b?[0m")
    }

    @Test(arguments: EventType.allCases)
    func `every type has a line`(type: EventType) {
        let line = EventText(screen: Screen(hasColor: true)) { "\($0)" }
            .line(EventView(seq: 1, at: 2, type: type.rawValue))
        #expect(line.contains(type.rawValue))
    }
}

@Suite struct OutcomeTextTests {
    private let text = OutcomeText(screen: Screen())

    @Test func `a success has a line for each app, or one for all`() {
        let apps = [AppResult(app: "api", .done, message: "2 workers replaced")]
        #expect(text.success("reload", CommandResult(.done, message: "x", apps: apps)) == ["api: 2 workers replaced"])
        #expect(text.success("stop", CommandResult(.done, message: "nothing to do")) == ["nothing to do"])
        let short = CommandResult(.done, message: "done", apps: [AppResult(app: "api", .done, message: "done")])
        #expect(text.success("stop", short) == ["api: stop done"])
        #expect(text.success("reset", CommandResult(.done, message: "done")) == ["reset done"])
    }

    @Test func `a failure says what, why, what still runs, and what next`() {
        let result = CommandResult(
            .workerFailed,
            message: "1 of 2 apps failed",
            apps: [
                AppResult(app: "web", .done, message: "1 worker replaced"),
                AppResult(app: "api", .workerFailed, message: "worker 0 ended before it was ready: exit code 1"),
            ]
        )
        #expect(
            text.failure("reload", result, running: [Samples.api]) == [
                "reload failed: 1 of 2 apps failed", "  web: done: 1 worker replaced",
                "  api: worker_failed: worker 0 ended before it was ready: exit code 1",
                "  still running: api with 2 of 2 workers ready, generation 3", "next: koomyctl logs api --err",
            ]
        )
    }

    @Test func `what the headline says of the only app is not said again`() {
        let apps = [AppResult(app: "api", .workerFailed, message: "ended: exit code 1")]
        let result = CommandResult(.workerFailed, message: "api: ended: exit code 1", apps: apps)
        #expect(
            text.failure("reload", result, running: nil) == [
                "reload failed: api: ended: exit code 1", "next: koomyctl logs api --err",
            ]
        )
    }

    @Test func `the daemon's own advice comes first`() {
        let error = ErrorView(.noSuchApp, message: "no app is named ap", hint: "did you mean api?")
        #expect(text.failure("stop", error) == ["stop failed: no app is named ap", "next: did you mean api?"])
    }

    @Test func `diagnostics are shown one a line`() {
        let diagnostic = DiagnosticView(
            file: "/a.json",
            line: 2,
            column: 3,
            message: "unknown key",
            severity: "error"
        )
        let error = ErrorView(.badConfiguration, message: "1 error", diagnostics: [diagnostic])
        #expect(
            text.failure("start", error) == [
                "start failed: 1 error", "  /a.json:2:3: error: unknown key", "next: koomyctl validate /a.json",
            ]
        )
    }

    @Test(arguments: Outcome.allCases)
    func `advice names the app where it can`(outcome: Outcome) {
        let advice = OutcomeText.advice(outcome, app: "api")
        #expect(advice.map { !$0.isEmpty } ?? true)
        if outcome == .workerFailed { #expect(advice == "koomyctl logs api --err") }
    }
}

@Suite struct ProgressTextTests {
    private let progress = CommandProgress(app: "api", slot: 1, message: "worker is ready", step: "ready")

    @Test func `progress names its worker`() {
        let text = ProgressText(screen: Screen())
        #expect(text.line(progress) == "api:1: worker is ready")
        #expect(text.line(CommandProgress(app: "api", message: "x")) == "api: x")
        #expect(text.line(CommandProgress(message: "x")) == "x")
    }

    @Test func `a live line is never wider than the terminal`() {
        let text = ProgressText(screen: Screen(width: 12))
        #expect(text.liveLine(progress) == "\rapi:1: wor…\u{1B}[K")
    }
}
