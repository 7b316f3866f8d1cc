import KoomyClient
import ScriptedDaemon
import Synchronization
import TestSupport
import Testing

/// Asks a daemon that answers by this script.
private func withClient<Result>(
    _ script: @escaping ScriptedDaemon.Script,
    _ body: (ControlClient, ScriptedDaemon) throws -> Result
) throws -> Result {
    try Workspace.with { files in
        let daemon = try ScriptedDaemon(path: files("control.sock"), script: script)
        return try daemon.whileAnswering { try body(ControlClient(socketPath: daemon.path), daemon) }
    }
}

private let done = CommandResult(.done, message: "2 workers are ready")

@Suite struct ControlClientTests {
    @Test func `the status is asked for and understood`() throws {
        try withClient({ _ in .answer(Samples.status) }) { client, daemon in
            try #expect(client.status() == Samples.status)
            #expect(daemon.requests.map(\.text) == ["GET /v1/status"])
        }
    }

    @Test func `an app is asked for by its name`() throws {
        var app = Samples.api
        app.spec = .object(["instances": 2])
        try withClient({ [app] _ in .answer(app) }) { client, daemon in
            try #expect(client.app("api") == app)
            #expect(daemon.requests.map(\.text) == ["GET /v1/apps/api"])
        }
    }

    @Test(arguments: ["", "a b", "../status", "x?y", "all"])
    func `a name that no app can have is not asked for`(name: String) throws {
        try withClient({ _ in .answer(Samples.api) }) { client, daemon in
            #expect(throws: ClientError.self) { try client.app(name) }
            #expect(daemon.requests.isEmpty)
        }
    }

    @Test func `every command goes to its endpoint with its body`() throws {
        let commands: [(ControlCommand, String)] = [
            (.start(StartRequest(file: "/a.json", only: ["x"])), #"/v1/start {"file":"/a.json","only":["x"]}"#),
            (.start(StartRequest(targets: ["api:1"])), #"/v1/start {"targets":["api:1"]}"#),
            (.stop(TargetsRequest(targets: ["all"])), #"/v1/stop {"targets":["all"]}"#),
            (.restart(TargetsRequest(targets: ["a"])), #"/v1/restart {"targets":["a"]}"#),
            (.reload(ReloadRequest()), "/v1/reload {}"),
            (.reload(ReloadRequest(file: "/a")), #"/v1/reload {"file":"/a"}"#),
            (.reload(ReloadRequest(targets: ["a", "b"])), #"/v1/reload {"targets":["a","b"]}"#),
            (.abort(TargetsRequest(targets: ["a"])), #"/v1/abort {"targets":["a"]}"#),
            (.scale(ScaleRequest(app: "a", instances: "+1")), #"/v1/scale {"app":"a","instances":"+1"}"#),
            (.reset(TargetsRequest(targets: ["a"])), #"/v1/reset {"targets":["a"]}"#),
            (.delete(TargetsRequest(targets: ["a"])), #"/v1/delete {"targets":["a"]}"#),
            (.stopDaemon(StopDaemonRequest()), "/v1/daemon/stop {}"),
            (.stopDaemon(StopDaemonRequest(workers: .leave)), #"/v1/daemon/stop {"workers":"leave"}"#),
            (.upgradeDaemon(UpgradeRequest()), "/v1/daemon/upgrade {}"),
            (.upgradeDaemon(UpgradeRequest(binary: "/k")), #"/v1/daemon/upgrade {"binary":"/k"}"#),
            (.reopenLogs, "/v1/daemon/reopen-logs {}"),
        ]
        try withClient({ _ in .stream([], done) }) { client, daemon in
            for (command, _) in commands { try #expect(client.command(command) == done) }
            #expect(daemon.requests.map(\.text) == commands.map { "POST \($0.1)" })
        }
    }

    @Test func `progress is told as it comes, then the result`() throws {
        let news = [
            CommandProgress(app: "api", slot: 0, message: "starting", step: "starting"),
            CommandProgress(app: "api", slot: 0, message: "ready (pid 7)", step: "ready"),
        ]
        let failed = CommandResult(
            .workerFailed,
            message: "the old workers stay",
            apps: [AppResult(app: "api", .workerFailed, message: "exit code 1")]
        )
        try withClient({ _ in .stream(news, failed) }) { client, _ in
            var told: [CommandProgress] = []
            let result = try client.command(.reload(ReloadRequest(targets: ["api"]))) { told.append($0) }
            #expect(told == news)
            #expect(result == failed)
        }
    }

    @Test func `progress is told before the result is there`() throws {
        let told = Mutex(false)
        let script: ScriptedDaemon.Script = { _ in
            .streamHead + [
                .line(CommandMessage.progress(CommandProgress(message: "first"))),
                .perform {
                    // The result is sent once the client has heard of the progress.
                    _ = try? eventually("the client was told") { told.withLock { $0 } }
                },
                .line(CommandMessage.result(done)), .streamEnd,
            ]
        }
        try withClient(script) { client, _ in
            let result = try client.command(.reopenLogs) { _ in told.withLock { $0 = true } }
            #expect(result == done)
        }
    }

    @Test func `a result is enough, whatever the daemon does with the connection`() throws {
        let script: ScriptedDaemon.Script = { _ in
            .streamHead + [.line(CommandMessage.result(done)), .waitForClientToLeave]
        }
        try withClient(script) { client, _ in try #expect(client.command(.reopenLogs) == done) }
    }

    @Test func `events are handed out one by one until enough`() throws {
        let events = (1...5).map { EventView(seq: $0, at: 1, type: "worker.ready", app: "api", slot: 0) }
        let script: ScriptedDaemon.Script = { _ in .streamHead + events.map { .line($0) } + [.waitForClientToLeave] }
        try withClient(script) { client, daemon in
            var seen: [EventView] = []
            try client.events(since: 7, follow: true) { event in
                seen.append(event)
                return seen.count < 3
            }
            #expect(seen == Array(events[..<3]))
            #expect(daemon.requests.map(\.text) == ["GET /v1/events?follow=1&since=7"])
        }
    }

    @Test func `events without follow end by themselves`() throws {
        let event = EventView(seq: 1, at: 1, type: "x.y", detail: ["a": 1])
        try withClient({ _ in .streamHead + [.line(event), .streamEnd] }) { client, daemon in
            var seen: [EventView] = []
            try client.events { event in
                seen.append(event)
                return true
            }
            #expect(seen == [event])
            #expect(daemon.requests.map(\.text) == ["GET /v1/events"])
        }
    }

    @Test func `a refusal is told as the daemon says it`() throws {
        let error = ErrorView(.noSuchApp, message: "no app is named ap", hint: "did you mean api?")
        try withClient({ _ in .refusal(error) }) { client, _ in
            #expect(throws: ClientError.refused(error, status: 404)) { try client.command(.reopenLogs) }
            #expect(ClientError.refused(error, status: 404).view == error)
        }
    }
}
