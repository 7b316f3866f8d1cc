import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct ProbeRunnerHTTPTests {
    private func http(_ path: String = "/health", status: Int? = nil, timeout: TimeSpan = .seconds(10)) -> Probe {
        Probe(kind: .http(target: .privateSocket, path: path, status: status), timeout: timeout)
    }

    @Test(
        arguments: [
            (200, nil), (204, nil), (302, nil), (399, nil), (503, 503), (404, 404), (200, 200),
        ] as [(Int, Int?)]
    )
    func `a wanted status is success`(_ status: Int, _ wanted: Int?) throws {
        let bench = try ProbeBench(.text("HTTP/1.1 \(status) So\r\nContent-Length: 0\r\n\r\n"))
        #expect(try bench.result(of: http(status: wanted)) == .succeeded)
    }

    @Test(arguments: [(400, nil), (503, nil), (500, nil), (200, 204), (204, 200)] as [(Int, Int?)])
    func `another status is told`(_ status: Int, _ wanted: Int?) throws {
        let bench = try ProbeBench(.text("HTTP/1.1 \(status) So\r\nContent-Length: 0\r\n\r\n"))
        #expect(try bench.result(of: http(status: wanted)) == .failed("HTTP \(status)"))
    }

    @Test func `the request is a plain GET`() throws {
        let bench = try ProbeBench(.text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        #expect(try bench.result(of: http("/api/health?deep=1")) == .succeeded)
        let lines = bench.server.received.split(separator: "\r\n")
        #expect(lines.first == "GET /api/health?deep=1 HTTP/1.1")
        #expect(lines.contains("Host: 127.0.0.1:\(bench.server.port)"))
        #expect(lines.contains("Connection: close"))
        #expect(lines.contains { $0.hasPrefix("User-Agent: koomyd") })
        #expect(try bench.result(of: http("health")) == .succeeded)
        #expect(bench.server.received.hasPrefix("GET /health HTTP/1.1\r\n"))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\n\nbare",
    ])
    func `an answer is read in one piece and byte by byte`(_ text: String) throws {
        #expect(try ProbeBench(.text(text)).result(of: http()) == .succeeded)
        #expect(try ProbeBench(.byteByByte(text)).result(of: http()) == .succeeded)
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2\r\n", "malformed answer: the first line is malformed"),
        ("HTTP/1.1 OK\r\n\r\n", "malformed answer: the first line is malformed"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "malformed answer: it ends too early"),
        ("HTTP/1.1 200 OK\r\nContent-", "malformed answer: it ends too early"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "malformed answer"),
        ("\u{0}\u{1}\u{2}\r\n", "malformed answer: there is a control character"),
        ("", "the connection was closed without an answer"),
    ])
    func `what is no answer fails with what is wrong with it`(_ text: String, _ words: String) throws {
        guard case .failed(let said) = try ProbeBench(.text(text)).result(of: http()) else {
            Issue.record("it succeeded")
            return
        }
        #expect(said.hasPrefix(words))
    }

    @Test func `a body without end is read no further than it needs to be`() throws {
        let bench = try ProbeBench(.endless("HTTP/1.1 200 OK\r\n\r\n"))
        #expect(try bench.result(of: http()) == .succeeded)
        let lying = try ProbeBench(.endless("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"))
        #expect(try lying.result(of: http()) == .succeeded)
        let failing = try ProbeBench(.endless("HTTP/1.1 500 No\r\n\r\n"))
        #expect(try failing.result(of: http()) == .failed("HTTP 500"))
    }

    @Test func `headers without end are malformed`() throws {
        let bench = try ProbeBench(.endless("HTTP/1.1 200 OK\r\nX: "))
        #expect(try bench.result(of: http()) == .failed("malformed answer: a line is too long"))
    }

    @Test func `silence ends at the timeout, wherever it begins`() throws {
        let patience = TimeSpan.milliseconds(150)
        func words(_ manner: ScriptedServer.Manner) throws -> ProbeResult {
            let bench = try ProbeBench(manner)
            let began = MonotonicClock.now()
            let result = try bench.result(of: http(timeout: patience))
            let elapsed = MonotonicClock.now() - began
            #expect(elapsed >= patience && elapsed < .seconds(5), "\(elapsed)")
            return result
        }
        #expect(try words(.silent) == .failed("no answer within 150ms"))
        #expect(try words(.neverAccepting) == .failed("no answer within 150ms"))
        #expect(try words(.silentAfter("HTTP/1.1 200 OK\r\n")) == .failed("no complete answer within 150ms"))
        #expect(
            try words(.silentAfter("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"))
                == .failed("no complete answer within 150ms")
        )
    }

    @Test func `nobody there is connection refused`() throws {
        let bench = try ProbeBench(.silent)
        let port = try FreePort.next()
        let probe = Probe(kind: .http(target: .port(port, perSlot: false), path: "/", status: nil))
        #expect(try bench.result(of: probe) == .failed("connection refused"))
    }

    @Test func `a reset is told`() throws {
        let bench = try ProbeBench(.reset)
        #expect(try bench.result(of: http()) == .failed("connection reset by peer"))
    }

    @Test func `a Unix socket of the slot is asked`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let bench = try ProbeBench(.text(answer), at: .unix(path: workspace("app-3-3.sock")), slot: 3)
        let path = workspace("app-{slot}-{slot}.sock")
        let probe = Probe(kind: .http(target: .unix(path: path), path: "/", status: nil))
        #expect(try bench.result(of: probe) == .succeeded)
        #expect(bench.server.received.contains("Host: localhost\r\n"))
        let missing = Probe(kind: .http(target: .unix(path: workspace("none-{slot}")), path: "/", status: nil))
        #expect(try bench.result(of: missing) == .failed("no socket \(workspace("none-3"))"))
        let long = Probe(kind: .http(target: .unix(path: String(repeating: "x", count: 200)), path: "/", status: nil))
        guard case .failed = try bench.result(of: long) else {
            Issue.record("it succeeded")
            return
        }
    }

    @Test func `a full queue of a Unix socket is waited for`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let bench = try ProbeBench(.neverAccepting, at: .unix(path: workspace("full.sock")), backlog: 0)
        let filler = try StreamSocket.connect(to: .unix(workspace("full.sock")))
        let probe = Probe(
            kind: .http(target: .unix(path: workspace("full.sock")), path: "/", status: nil),
            timeout: .milliseconds(200)
        )
        #expect(try bench.result(of: probe) == .failed("no connection within 200ms"))
        _ = consume filler
    }

    @Test func `a port is counted up by the slot, also on IPv6 alone`() throws {
        let answer = ScriptedServer.Manner.text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let bench = try ProbeBench(answer, slot: 7)
        let perSlot = Probe(kind: .http(target: .port(bench.server.port - 7, perSlot: true), path: "/", status: nil))
        #expect(try bench.result(of: perSlot) == .succeeded)
        let outside = Probe(kind: .http(target: .port(65_530, perSlot: true), path: "/", status: nil))
        #expect(try bench.result(of: outside) == .failed("there is no port 65537"))
        let six = try ProbeBench(answer, at: .tcp(host: "::1", port: 0))
        let onSix = Probe(kind: .http(target: .port(six.server.port, perSlot: false), path: "/", status: nil))
        #expect(try six.result(of: onSix) == .succeeded)
    }

    @Test func `what cannot be asked fails with the reason, in a later turn`() throws {
        let bench = try ProbeBench(.silent)
        #expect(
            try bench.result(of: http("/a b")) == .failed("the path /a b cannot be sent: the first line is malformed")
        )
        #expect(try bench.result(of: http("/a\r\nX: y")) != .succeeded)
        bench.subject.privateAddress = nil
        #expect(try bench.result(of: http()) == .failed("the worker has no private socket"))
        bench.subject.privateAddress = .tcp(host: "example.com", port: 80)
        // A name is not even looked up: that could take seconds.
        guard case .failed = try bench.result(of: http()) else {
            Issue.record("it succeeded")
            return
        }
        #expect(bench.server.received.isEmpty)
    }

    @Test(.needsNode) func `node's own http server`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let port = try FreePort.next()
        let script = """
            const http = require('http');
            http.createServer((q, r) => { r.statusCode = q.url === '/health' ? 200 : 503; r.end('{"ok":true}'); })
                .listen(\(port), '127.0.0.1');
            """
        let node = try Program(["node", "-e", script])
        let bench = try ProbeBench(.silent)
        let well = Probe(kind: .http(target: .port(port, perSlot: false), path: "/health", status: nil))
        let ill = Probe(kind: .http(target: .port(port, perSlot: false), path: "/other", status: nil))
        try eventually("node answers") { try bench.result(of: well) == .succeeded }
        #expect(try bench.result(of: ill) == .failed("HTTP 503"))
        withExtendedLifetime(node) {}
    }
}
