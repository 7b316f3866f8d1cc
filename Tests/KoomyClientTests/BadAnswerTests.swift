import Glibc
import KoomyClient
import ScriptedDaemon
import TestSupport
import Testing

/// Daemons that are absent, slow, or not what they should be.
@Suite struct BadAnswerTests {
    private func failure(
        _ script: @escaping ScriptedDaemon.Script,
        _ body: (ControlClient) throws(ClientError) -> Void = { client throws(ClientError) in _ = try client.status() },
        change: (inout ControlClient) -> Void = { _ in }
    ) throws -> ClientError? {
        try Workspace.with { files in
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: script)
            return daemon.whileAnswering { () -> ClientError? in
                var client = ControlClient(socketPath: daemon.path)
                client.contactPatience = .zero
                client.returnPatience = .zero
                change(&client)
                do throws(ClientError) {
                    try body(client)
                    return nil
                } catch {
                    return error
                }
            }
        }
    }

    private static let head = "HTTP/1.1 200 OK\r\n"

    @Test func `no socket, and a socket that nobody listens on, are no daemon`() throws {
        try Workspace.with { files in
            let path = files("control.sock")
            var client = ControlClient(socketPath: path)
            client.contactPatience = .zero
            #expect(throws: ClientError.noDaemon(path: path)) { try client.status() }
            _ = try ScriptedDaemon(path: path) { _ in [] }
            // It has gone, and its file is still there.
            #expect(Files.exists(path))
            #expect(throws: ClientError.noDaemon(path: path)) { try client.status() }
            try Files.write("", to: files("plain"))
            #expect(throws: ClientError.noDaemon(path: files("plain"))) {
                try ControlClient(socketPath: files("plain")).status()
            }
            #expect(ClientError.noDaemon(path: path).outcome.exitCode == .noDaemon)
        }
    }

    @Test(
        .enabled(if: geteuid() != 0 || access("/usr/bin/setpriv", X_OK) == 0, "needs setpriv or a user other than root")
    )
    func `a socket that may not be used is no permission`() throws {
        try Workspace.with { files in
            let daemon = try ScriptedDaemon(path: files("control.sock")) { _ in .answer(Samples.status) }
            #expect(chmod(daemon.path, 0) == 0)
            let before = geteuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
            let run = try Command.run(
                before + [Binaries.path("koomyctl"), "status", "--json", "--socket", daemon.path]
            )
            #expect(run.code == 10, "\(run)")
            #expect(run.out.contains("not_permitted"), "\(run)")
        }
    }

    @Test func `a path that cannot be a socket's is refused`() {
        let path = "/" + String(repeating: "a", count: 200)
        do {
            _ = try ControlClient(socketPath: path).status()
            Issue.record("no error")
        } catch {
            guard case .cannotConnect(path, _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200", head, head + "Content-Length: 100\r\n\r\n{\"schema\":1",
        head + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ])
    func `an answer that ends too early is lost`(text: String) throws {
        #expect(try failure({ _ in [.send(text)] }) == .lost)
    }

    @Test func `a stream without a result is lost`() throws {
        let news = CommandMessage.progress(CommandProgress(message: "x"))
        let error = try failure({ _ in .streamHead + [.line(news), .streamEnd] }) { client throws(ClientError) in
            _ = try client.command(.reopenLogs)
        }
        #expect(error == .lost)
        #expect(error?.outcome.exitCode == .noDaemon)
    }

    @Test func `followed events that end are lost`() throws {
        let error = try failure({ _ in .streamHead + [.streamEnd] }) { client throws(ClientError) in
            try client.events(follow: true) { _ in true }
        }
        #expect(error == .lost)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}\0\0\n", "HTTP/2.0 200 OK\r\n\r\n", "<html></html>\n",
        head + "Content-Length: 3\r\n\r\nabc", head + "Content-Length: 2\r\n\r\n{}", head + "Content-Length: x\r\n\r\n",
        head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>",
    ])
    func `what is no answer of koomyd is said to be none`(text: String) throws {
        let error = try #require(try failure({ _ in [.send(text)] }))
        guard case .unexpected(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!message.isEmpty)
        #expect(error.outcome.exitCode == .internalError)
    }

    @Test func `a head without end is not read to the end`() throws {
        let long = String(repeating: "a", count: 100_000)
        #expect(try failure({ _ in [.send(Self.head + "X: \(long)")] }) == .unexpected("a line is too long"))
    }

    @Test func `a body without end is not read to the end`() throws {
        let megabyte = [UInt8](repeating: 0x20, count: 1 << 20)
        let error = try failure({ _ in
            [.send(Self.head + "\r\n")] + [Step](repeating: .send(megabyte), count: 80)
        })
        #expect(error == .unexpected("the body is too large"))
    }

    @Test func `a line without end is not read to the end`() throws {
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        let error = try failure({ _ in .streamHead + [Step](repeating: .chunk(piece), count: 8) }) {
            client throws(ClientError) in
            _ = try client.command(.reopenLogs)
        }
        #expect(error == .unexpected("a line is too long"))
    }

    @Test func `a large status is read`() throws {
        var status = Samples.status
        status.apps = (0..<3_000).map { number in
            var app = Samples.api
            app.name = "api-\(number)"
            return app
        }
        let error = try failure({ [status] _ in .answer(status) }) { client throws(ClientError) in
            let read = try client.status()
            #expect(read == status)
        }
        #expect(error == nil)
    }

    @Test func `an answer may come byte by byte`() throws {
        let body = try #require(String(validating: WireText.status, as: UTF8.self))
        let text = Self.head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        let error = try failure({ _ in [.sendSlowly(Array(text.utf8))] }) { client throws(ClientError) in
            let pid = try client.status().daemon.pid
            #expect(pid == 9)
        }
        #expect(error == nil)
    }

    @Test func `a daemon that is silent does not answer`() throws {
        let error = try failure({ _ in [.waitForClientToLeave] }, change: { $0.answerTimeout = .milliseconds(50) })
        #expect(error == .noAnswer)
        #expect(error?.outcome.exitCode == .noDaemon)
    }

    @Test func `a daemon that accepts nothing does not answer`() throws {
        try Workspace.with { files in
            // Nobody answers here; the queue takes a few connections and then no more.
            let daemon = try ScriptedDaemon(path: files("control.sock"), backlog: 0) { _ in [] }
            var client = ControlClient(socketPath: daemon.path)
            client.connectTimeout = .milliseconds(50)
            client.answerTimeout = .milliseconds(50)
            var held: [Connection] = []
            for _ in 0..<4 {
                guard let connection = try? Connection(to: .unix(daemon.path), within: .milliseconds(50)) else { break }
                held.append(connection)
            }
            #expect(throws: ClientError.noAnswer) { try client.status() }
        }
    }

    @Test func `a call that takes too long is given up`() throws {
        let news = CommandMessage.progress(CommandProgress(message: "x"))
        let error = try failure({ _ in .streamHead + [.line(news), .waitForClientToLeave] }) {
            client throws(ClientError) in
            _ = try client.command(.reopenLogs)
        } change: {
            $0.timeout = .milliseconds(100)
        }
        #expect(error == .timedOut)
        #expect(error?.outcome.exitCode == .timedOut)
    }

    @Test func `a time-out of the whole call counts before the answer too`() throws {
        let error = try failure({ _ in [.waitForClientToLeave] }, change: { $0.timeout = .milliseconds(50) })
        #expect(error == .timedOut)
    }

    @Test(arguments: [
        ClientError.noDaemon(path: "/x"), .noPermission(path: "/x"), .cannotConnect(path: "/x", reason: "r"), .noAnswer,
        .timedOut, .lost, .unexpected("x"), .refused(ErrorView(.aborted, message: "m"), status: 409),
    ])
    func `every error has a sentence and a code`(error: ClientError) {
        #expect(!error.description.isEmpty)
        #expect(error.view.exitCode == error.outcome.exitCode.rawValue)
        #expect(error.view.code == error.outcome.rawValue)
    }
}

private enum WireText {
    static let status = Array(
        #"{"apps":[],"daemon":{"mode":"user","pid":9,"startedAt":1,"uptimeMs":2,"version":"ä"},"schema":1}"#.utf8
    )
}
