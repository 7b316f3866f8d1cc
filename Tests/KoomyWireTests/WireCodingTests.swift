import KoomyModel
import KoomyWire
import Testing

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private func failure<Value: Decodable>(_ type: Value.Type, _ json: String) -> String? {
    do {
        _ = try WireCoding.decode(type, from: Array(json.utf8))
        return nil
    } catch {
        return error.message
    }
}

@Suite struct WireCodingTests {
    static let status = StatusView(
        daemon: DaemonView(version: "0.1.0", pid: 1, uptimeMs: 61_000, startedAt: 1_700_000_000_000, mode: "user"),
        apps: [
            AppView(
                name: "api",
                state: "rolling",
                reason: "slot 1 is being replaced",
                desired: "running",
                instances: 2,
                generation: 4,
                restarts: 3,
                file: "/srv/api.json",
                listeners: [ListenerView(name: "http", address: "tcp://127.0.0.1:5000")],
                rollout: RolloutView(kind: "reload", from: 3, to: 4, done: 1, total: 2),
                workers: [
                    WorkerView(
                        slot: 0,
                        pid: 100,
                        serial: 7,
                        state: "ready",
                        generation: 4,
                        uptimeMs: 5_000,
                        restarts: 1,
                        memory: 40_000_000,
                        cpu: 1.5,
                        readyBy: "notify",
                        statusText: "serving",
                        lastExit: LastExitView(.signaled(.kill, dumpedCore: false), at: 1_700_000_000_500)
                    ),
                    WorkerView(slot: 1, state: "backoff", generation: 3, restarts: 2, nextStartMs: 250),
                ],
                logs: LogsView(out: "/var/log/koomy/api-out.log", error: "/var/log/koomy/api-error.log")
            )
        ]
    )

    @Test func `a status comes back as it was`() throws {
        let bytes = try WireCoding.encode(Self.status)
        #expect(try WireCoding.decode(StatusView.self, from: bytes) == Self.status)
    }

    @Test func `names are sorted, slashes plain, absent members left out`() throws {
        let bytes = try WireCoding.encode(
            AppView(name: "a", state: "ok", desired: "running", instances: 1, generation: 1, file: "/a/b")
        )
        #expect(
            text(bytes)
                == #"{"desired":"running","file":"/a/b","generation":1,"instances":1,"listeners":[],"logs":{},"#
                + #""name":"a","restarts":0,"state":"ok","workers":[]}"#
        )
    }

    @Test func `a line ends with its only line feed`() throws {
        let bytes = try WireCoding.encodeLine(CommandProgress(message: "two\nlines"))
        #expect(text(bytes) == "{\"message\":\"two\\nlines\"}\n")
    }

    @Test func `both kinds of message carry their type`() throws {
        let progress = CommandMessage.progress(.init(app: "api", slot: 1, message: "ready", step: "ready"))
        #expect(
            text(try WireCoding.encode(progress))
                == #"{"app":"api","message":"ready","slot":1,"step":"ready","type":"progress"}"#
        )
        let result = CommandMessage.result(
            .init(.workerFailed, message: "old kept", apps: [.init(app: "api", .workerFailed, message: "exit code 1")])
        )
        #expect(
            text(try WireCoding.encode(result))
                == #"{"apps":[{"app":"api","code":4,"message":"exit code 1","outcome":"worker_failed"}],"code":4,"#
                + #""message":"old kept","outcome":"worker_failed","type":"result"}"#
        )
        for message in [progress, result] {
            #expect(try WireCoding.decode(CommandMessage.self, from: WireCoding.encode(message)) == message)
        }
    }

    @Test func `members that are not known are passed over`() throws {
        let json = #"{"targets":["api"],"later":{"deep":[1,2]}}"#
        #expect(try WireCoding.decode(TargetsRequest.self, from: Array(json.utf8)).targets == ["api"])
    }

    @Test func `a failure names the place and what is expected there`() {
        #expect(failure(TargetsRequest.self, "{}") == "targets: is missing")
        #expect(failure(TargetsRequest.self, #"{"targets":"api"}"#) == "targets: a list is expected")
        #expect(failure(TargetsRequest.self, #"{"targets":["a",7]}"#) == "targets[1]: a string is expected")
        #expect(
            failure(TargetsRequest.self, #"{"targets":null}"#) == "targets: a list is expected, not null"
        )
        #expect(failure(ScaleRequest.self, "[]") == "an object is expected")
        #expect(
            failure(StatusView.self, #"{"schema":1,"daemon":{"version":"1","pid":"x"},"apps":[]}"#)
                == "daemon.pid: a whole number is expected"
        )
        #expect(failure(CommandMessage.self, #"{"type":"other"}"#) == "type: neither progress nor result: other")
    }

    @Test(arguments: ["", "{", "{\"targets\":[\"a\",]", "nonsense", "\u{FEFF}", "{\"targets\":[\"\\uD800\"]}"])
    func `what is no JSON is said to be none`(json: String) {
        #expect(failure(TargetsRequest.self, json) == "it is not valid JSON")
    }

    @Test func `deep nesting is refused instead of followed`() throws {
        let deep = String(repeating: "[", count: 100_000)
        let message = try #require(failure(JSONValue.self, deep))
        #expect(message.count < 300)
    }

    @Test func `any JSON is kept`() throws {
        let json = #"{"a":[1,2.5,"x",true,null],"b":{"c":-9223372036854775808}}"#
        let value = try WireCoding.decode(JSONValue.self, from: Array(json.utf8))
        #expect(value["a"] == .array([1, .number(2.5), "x", true, .null]))
        #expect(value["b"]?["c"] == .integer(.min))
        #expect(text(try WireCoding.encode(value)) == json)
    }

    @Test func `a value can be had as JSON`() throws {
        let json = try WireCoding.json(of: TimeSpan.seconds(10))
        #expect(json == "10s")
    }

    @Test func `an exit is said in words, a code or a signal`() {
        let exited = LastExitView(.exited(code: 3), at: 5)
        #expect(exited == LastExitView(reason: "exit code 3", code: 3, signal: nil, at: 5))
        let killed = LastExitView(.signaled(.kill, dumpedCore: true), at: 5)
        #expect(killed == LastExitView(reason: "SIGKILL (core dumped)", code: nil, signal: "SIGKILL", at: 5))
        #expect(LastExitView(.unknown, at: 5) == LastExitView(reason: "unknown", at: 5))
    }
}
