import KoomyModel
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

private func statusOnly(_ request: ScriptedDaemon.Request) -> [Step] {
    request.text == "GET /v1/status" ? .answer(Samples.status) : .unexpected
}

@Suite struct QueryRunTests {
    @Test func `status is a table`() throws {
        let (run, requests) = try koomyctl(["status"], script: statusOnly)
        #expect(run.code == 0, "\(run)")
        #expect(run.out.hasPrefix("app   slot  state"), "\(run)")
        #expect(run.out.hasSuffix("3 apps (1 stopped, 1 errored), 2 of 4 workers ready\n"), "\(run)")
        #expect(run.error.isEmpty && !run.out.contains("\u{1B}"), "\(run)")
        #expect(requests == ["GET /v1/status"])
    }

    @Test func `status as JSON is what the daemon said, to the byte`() throws {
        let text = #"{"schema":1,"later":{"new":true},"daemon":{},"apps":[]}"#
        for end in ["", "\n"] {
            let body = text + end
            let (run, _) = try koomyctl(["ls", "--json"]) { _ in
                [.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")]
            }
            #expect(run.code == 0 && run.out == text + "\n", "\(run)")
        }
    }

    @Test func `status of some apps shows only those`() throws {
        let (run, _) = try koomyctl(["status", "web"], script: statusOnly)
        #expect(run.code == 0 && !run.out.contains("api") && run.out.contains("web"), "\(run)")
        let json = try koomyctl(["status", "web", "--json"], script: statusOnly).run
        let status = try WireCoding.decode(StatusView.self, from: Array(json.out.utf8))
        #expect(status.apps.map(\.name) == ["web"])
    }

    @Test func `an app that is misspelt is guessed`() throws {
        let (run, _) = try koomyctl(["status", "ap"], script: statusOnly)
        #expect(run.code == 2, "\(run)")
        #expect(run.error == "status failed: no app is named ap\nnext: did you mean api?\n")
        let described = try koomyctl(["describe", "wbe"]) { request in
            request.target == "/v1/apps/wbe"
                ? .refusal(ErrorView(.noSuchApp, message: "no app is named wbe")) : statusOnly(request)
        }.run
        #expect(described.code == 2 && described.error.contains("did you mean web?"), "\(described)")
    }

    @Test func `describe shows one app after the other`() throws {
        let script: ScriptedDaemon.Script = { request in
            request.target == "/v1/apps/api" ? .answer(Samples.api) : .answer(Samples.idle)
        }
        let (run, requests) = try koomyctl(["describe", "api", "idle"], script: script)
        #expect(run.code == 0 && run.out.hasPrefix("api\n") && run.out.contains("\n\nidle\n"), "\(run)")
        #expect(run.out.contains("last exit   SIGKILL, 2023-11-14 22:13:20.000"), "\(run)")
        #expect(requests == ["GET /v1/apps/api", "GET /v1/apps/idle"])
        let json = try koomyctl(["describe", "api", "idle", "--json"], script: script).run
        #expect(json.out.split(separator: "\n").count == 2, "\(json)")
    }

    @Test func `events are lines`() throws {
        let events = [
            EventView(seq: 1, at: 0, type: "worker.started", app: "api", slot: 0, pid: 5),
            EventView(seq: 2, at: 1_500, type: "worker.ready", app: "api", slot: 0, pid: 5, detail: ["by": "notify"]),
        ]
        let script: ScriptedDaemon.Script = { _ in .streamHead + events.map { .line($0) } + [.streamEnd] }
        let (run, requests) = try koomyctl(["events", "--since", "0"], script: script)
        #expect(
            run.out == """
                1970-01-01 00:00:00.000  #1  worker.started  api:0  pid 5
                1970-01-01 00:00:01.500  #2  worker.ready  api:0  pid 5  by=notify

                """,
            "\(run)"
        )
        #expect(run.code == 0 && requests == ["GET /v1/events?since=0"], "\(run)")
        let json = try koomyctl(["events", "--json"], script: script).run
        #expect(
            json.out.split(separator: "\n").first
                == #"{"app":"api","at":0,"pid":5,"seq":1,"slot":0,"type":"worker.started"}"#
        )
    }

    @Test func `events that are followed go on after the last one, through breaks`() throws {
        let script: ScriptedDaemon.Script = { request in
            let since = request.target.split(separator: "=").last.flatMap { UInt64($0) } ?? 0
            let next = request.target.contains("since") ? since + 1 : 1
            guard next <= 3 else { return .streamHead + [.waitForClientToLeave] }
            return .streamHead + [.line(EventView(seq: next, at: 0, type: "worker.ready"))]
        }
        let (run, requests) = try koomyctl(["events", "-f", "--timeout", "3s"], script: script)
        #expect(run.code == 75, "\(run)")
        #expect(run.out == (1...3).map { "1970-01-01 00:00:00.000  #\($0)  worker.ready\n" }.joined(), "\(run)")
        let later = (1...3).map { "GET /v1/events?follow=1&since=\($0)" }
        #expect(requests == ["GET /v1/events?follow=1"] + later)
    }

    @Test func `the daemon's state is told`() throws {
        let (run, _) = try koomyctl(["daemon", "status"], script: statusOnly)
        #expect(run.code == 0 && run.out.hasPrefix("koomyd 0.1.0 running, pid 4000"), "\(run)")
        let json = try koomyctl(["daemon", "status", "--json"], script: statusOnly).run
        #expect(try WireCoding.decode(DaemonView.self, from: Array(json.out.utf8)) == Samples.daemon)
    }

    @Test func `without UTF-8 in the locale everything is ASCII`() throws {
        let run = try koomyctl(["help"], environment: ["LANG": "C"])
        #expect(run.code == 0 && run.out.utf8.allSatisfy { $0 < 0x80 } && run.out.contains("TARGET..."), "\(run)")
        try #expect(koomyctl(["help"], environment: ["LANG": "de_DE.utf8"]).out.contains("TARGET…"))
        try #expect(koomyctl(["help"], environment: ["LC_ALL": "C"]).out.contains("TARGET..."))
    }

    @Test func `version and help need no daemon`() throws {
        try #expect(koomyctl(["version"]).out == "koomyctl \(Version.current)\n")
        try #expect(koomyctl(["-V", "--json"]).out == "{\"version\":\"\(Version.current)\"}\n")
        try #expect(koomyctl(["help", "reload"]).out.contains("usage: koomyctl reload"))
        try #expect(koomyctl(["help", "--json"]).out.hasPrefix(#"{"help":"#))
    }

    @Test func `a command line that is wrong is 64`() throws {
        let run = try koomyctl(["stauts"])
        #expect(run.code == 64 && run.out.isEmpty, "\(run)")
        #expect(run.error == "koomyctl: there is no command \"stauts\"\ndid you mean status?\ntry: koomyctl help\n")
        let json = try koomyctl(["stop", "--json"])
        #expect(json.code == 64 && json.error.isEmpty, "\(json)")
        #expect(try WireCoding.decode(ErrorAnswer.self, from: Array(json.out.utf8)).error.code == "usage")
        try #expect(koomyctl([]).code == 64)
    }
}
