import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// What koomyctl says and returns where the daemon is absent, or not what it should be.
@Suite struct FailureRunTests {
    private static let queries = [
        ["status"], ["status", "api"], ["describe", "api"], ["events"], ["logs"], ["stop", "api"], ["reload"],
        ["scale", "api", "2"],
        ["restart", "api"], ["delete", "api"], ["reset", "api"], ["reload", "--abort"], ["daemon", "status"],
        ["daemon", "stop"], ["daemon", "stop", "--leave-workers"], ["daemon", "upgrade"],
    ]

    @Test(arguments: queries)
    func `no daemon is 3, in words and in JSON`(arguments: [String]) throws {
        try Workspace.with { files in
            let run = try koomyctl(arguments, environment: ["KOOMY_HOME": files("k")])
            #expect(run.code == 3 && run.out.isEmpty, "\(run)")
            #expect(run.error.contains("no koomyd answers at \(files("k"))/run/control.sock"), "\(run)")
            #expect(run.error.contains("next: koomyctl daemon start"), "\(run)")
            let json = try koomyctl(arguments + ["--json"], environment: ["KOOMY_HOME": files("k")])
            #expect(json.code == 3 && json.error.isEmpty, "\(json)")
            let answer = try WireCoding.decode(ErrorAnswer.self, from: Array(json.out.utf8))
            #expect(answer.error.code == "no_daemon" && answer.error.exitCode == 3)
            #expect(!Files.exists(files("k")))
        }
    }

    @Test(
        arguments: [["status"], ["stop", "api"], ["events"], ["describe", "api"], ["logs"]],
        [
            "garbage\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
        ]
    )
    func `what is no answer is 70 and a sentence, at once`(arguments: [String], answer: String) throws {
        let (run, requests) = try koomyctl(arguments) { _ in [.send(answer)] }
        #expect(run.code == 70 && requests.count == 1, "\(run)")
        #expect(run.error.split(separator: "\n").count <= 2 && run.error.contains("failed: "), "\(run)")
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
    func `an answer that always breaks off is asked for a while, then 3 and a sentence`(answer: String) throws {
        let (run, requests) = try koomyctl(["status"]) { _ in [.send(answer)] }
        #expect(run.code == 3 && requests.count > 2, "\(run)")
        #expect(run.error.split(separator: "\n").count <= 2 && run.error.contains("failed: "), "\(run)")
        #expect(run.elapsed >= .seconds(3) && run.elapsed < .seconds(20), "\(run)")
    }

    @Test func `a status without end is refused`() throws {
        let megabyte = [UInt8](repeating: 0x20, count: 1 << 20)
        let (run, _) = try koomyctl(["status"]) { _ in
            [.send("HTTP/1.1 200 OK\r\n\r\n")] + [Step](repeating: .send(megabyte), count: 80)
        }
        #expect(run.code == 70 && run.error.contains("too large"), "\(run)")
    }

    @Test func `an answer may come byte by byte`() throws {
        let body = try WireCoding.encode(Samples.status)
        let head = Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
        let (run, _) = try koomyctl(["status", "--json"]) { _ in [.sendSlowly(head + body)] }
        #expect(run.code == 0 && Array(run.out.utf8) == body + [0x0A], "\(run)")
    }

    @Test func `--timeout gives up, with a code of its own`() throws {
        let news = CommandMessage.progress(CommandProgress(app: "api", message: "draining"))
        let (run, _) = try koomyctl(["stop", "api", "--timeout", "100ms"]) { _ in
            .streamHead + [.line(news), .waitForClientToLeave]
        }
        #expect(run.code == 75 && run.error.contains("koomyd goes on with it"), "\(run)")
        let silent = try koomyctl(["status", "--timeout", "100ms"]) { _ in [.waitForClientToLeave] }.run
        #expect(silent.code == 75, "\(silent)")
    }

    @Test(arguments: Outcome.allCases.filter { $0 != .done })
    func `a refusal has the code of its outcome`(outcome: Outcome) throws {
        let (run, _) = try koomyctl(["stop", "api"]) { request in
            request.target == "/v1/status"
                ? .answer(Samples.status) : .refusal(ErrorView(outcome, message: "because", hint: "try that"))
        }
        #expect(run.code == outcome.exitCode.rawValue, "\(run)")
        #expect(run.error == "stop failed: because\nnext: try that\n", "\(run)")
    }

    @Test func `a full disk behind standard output is not passed over`() throws {
        let run = try Command.run([
            "sh", "-c", "\"$0\" help >/dev/full", Binaries.path("koomyctl"),
        ])
        #expect(run.code == 70 && run.error.contains("standard output"), "\(run)")
    }
}
