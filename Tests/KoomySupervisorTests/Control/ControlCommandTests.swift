import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("commands of the control server")
struct ControlCommandTests {
    @Test(
        arguments: [
            (
                "start", #"{"file":"/srv/koomy.yaml","only":["api"]}"#,
                .start(StartRequest(file: "/srv/koomy.yaml", only: ["api"]))
            ),
            ("start", #"{"targets":["api:1"]}"#, .start(StartRequest(targets: ["api:1"]))),
            ("stop", #"{"targets":["all"]}"#, .stop(TargetsRequest(targets: ["all"]))),
            ("restart", #"{"targets":["api"]}"#, .restart(TargetsRequest(targets: ["api"]))),
            ("reset", #"{"targets":["api"]}"#, .reset(TargetsRequest(targets: ["api"]))),
            ("delete", #"{"targets":["api","desk"]}"#, .delete(TargetsRequest(targets: ["api", "desk"]))),
            ("abort", #"{"targets":["api"]}"#, .abort(TargetsRequest(targets: ["api"]))),
            ("scale", #"{"app":"api","instances":"+1"}"#, .scale(ScaleRequest(app: "api", instances: "+1"))),
            ("reload", "{}", .reload(ReloadRequest())),
            ("reload", "", .reload(ReloadRequest())),
            ("reload", #"{"targets":["api"]}"#, .reload(ReloadRequest(targets: ["api"]))),
            ("daemon/stop", "{}", .stopDaemon(StopDaemonRequest())),
            ("daemon/stop", "", .stopDaemon(StopDaemonRequest())),
            ("daemon/stop", #"{"workers":"drain"}"#, .stopDaemon(StopDaemonRequest(workers: .drain))),
            ("daemon/stop", #"{"workers":"leave"}"#, .stopDaemon(StopDaemonRequest(workers: .leave))),
            ("daemon/upgrade", "", .upgradeDaemon(UpgradeRequest())),
            ("daemon/upgrade", #"{"binary":"/b/koomyd"}"#, .upgradeDaemon(UpgradeRequest(binary: "/b/koomyd"))),
            ("daemon/reopen-logs", "{}", .reopenLogs),
        ] as [(String, String, ControlCommand)]
    )
    func `a command comes as it was sent, with its peer`(path: String, body: String, command: ControlCommand) throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.finish(CommandResult(.done, message: "done")) }
        let answer = try fixture.ask("POST", "/v1/\(path)", body: body)
        #expect(answer.status == 200)
        #expect(answer.head.headers["Content-Type"] == "application/x-ndjson")
        #expect(fixture.delegate.commands == [command])
        #expect(fixture.delegate.peers.map(\.pid) == [ThisProcess.id])
        #expect(fixture.delegate.peers.map(\.userID) == [ThisProcess.userID])
    }

    @Test(arguments: [
        ("stop", "{", "it is not valid JSON"),
        ("reload", #"{"target":["api"]}"#, "\"target\" is no member of this request; known: file, targets"),
        ("daemon/stop", #"{"now":true}"#, "\"now\" is no member of this request; known: workers"),
        ("daemon/stop", #"{"workers":"kill"}"#, "workers: \"drain\" or \"leave\" is expected"),
        ("daemon/stop", #"{"workers":true}"#, "workers: a string is expected"),
        ("daemon/upgrade", #"{"binary":"koomyd"}"#, "\"binary\" has to be an absolute path"),
        ("daemon/upgrade", #"{"path":"/k"}"#, "\"path\" is no member of this request; known: binary"),
        ("daemon/reopen-logs", #"{"now":true}"#, "\"now\" is no member of this request; there are none"),
        ("stop", "", "targets: is missing"),
        ("stop", "{}", "targets: is missing"),
        ("stop", #"{"targets":"api"}"#, "targets: a list is expected"),
        ("stop", #"{"targets":[]}"#, "\"targets\" is empty"),
        ("stop", #"{"targets":["api:x"]}"#, "\"api:x\": a slot is a number from 0, as in api:0"),
        ("start", "{}", "either \"file\" or \"targets\" is needed"),
        ("start", #"{"file":"koomy.yaml"}"#, "\"file\" has to be an absolute path"),
        ("scale", #"{"app":"api","instances":4}"#, "instances: a string is expected"),
        ("daemon/stop", "[]", "an object is expected"),
        ("daemon/reopen-logs", "7", "an object is expected"),
    ])
    func `what cannot be read is answered with the reason`(path: String, body: String, message: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("POST", "/v1/\(path)", body: body)
        #expect(answer.status == 400)
        #expect(try fixture.error(in: answer) == ErrorView(.badRequest, message: message))
        #expect(try fixture.error(in: answer).exitCode == 64)
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test(arguments: ["", "many", "1.5", "-", "100000", " 1"])
    func `a number of instances that is none is refused`(instances: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("POST", "/v1/scale", body: #"{"app":"api","instances":"\#(instances)"}"#)
        #expect(answer.status == 400)
        #expect(try fixture.error(in: answer).message.hasPrefix("\"instances\" is \"\(instances)\";"))
    }

    @Test func `a command that is refused has the status and the error of the delegate`() throws {
        let fixture = try ControlFixture()
        let problem = DiagnosticView(file: "/a.yaml", line: 3, column: 1, message: "no", severity: "error")
        let error = ErrorView(.badConfiguration, message: "2 problems", hint: "see", diagnostics: [problem])
        fixture.delegate.onCommand = { $1.refuse(status: 422, error) }
        let client = try fixture.client()
        client.request("POST", "/v1/reload", body: "{}")
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 422 && answer.keepsAlive)
        #expect(answer.head.headers["Content-Type"] == "application/json")
        #expect(try fixture.error(in: answer) == error)
        // The connection is as good as before.
        client.request("GET", "/v1/version")
        #expect(try fixture.answer(to: client).status == 200)
    }

    @Test func `a body in pieces and chunks is one body`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.finish(CommandResult(.done, message: "done")) }
        let client = try fixture.client()
        client.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in [#"{"targets""#, #":["a"#, #"pi"]}"#] {
            try fixture.turn(for: .milliseconds(5), client)
            client.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
        }
        try fixture.turn(for: .milliseconds(5), client)
        #expect(fixture.delegate.commands.isEmpty && client.received.isEmpty)
        client.send("0\r\n\r\n")
        #expect(try fixture.answer(to: client).status == 200)
        #expect(fixture.delegate.commands == [.stop(TargetsRequest(targets: ["api"]))])
    }

    @Test func `a client that waits for leave to send its body gets it`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.finish(CommandResult(.done, message: "done")) }
        let client = try fixture.client()
        client.send("POST /v1/reload HTTP/1.1\r\nHost: k\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        let leave = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        try fixture.turn("leave has come", client) { client.received == leave }
        client.send("{}")
        #expect(try fixture.answer(to: client).status == 200)
    }

    @Test func `a large body below the limit is read in full`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.finish(CommandResult(.done, message: "done")) }
        let names = (0..<40_000).map { "app\($0)" }
        let body = String(decoding: try WireCoding.encode(TargetsRequest(targets: names)), as: UTF8.self)
        #expect(body.utf8.count > 400_000)
        #expect(try fixture.ask("POST", "/v1/stop", body: body).status == 200)
        #expect(fixture.delegate.commands == [.stop(TargetsRequest(targets: names))])
    }
}
