import KoomyModel
import KoomySystem
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

@Suite("clients of the control server that misbehave")
struct ControlAbuseTests {
    /// Sends each text on a connection of its own, waits for an answer or the end, and checks that the server is as
    /// good as before.
    private func outcome(of texts: [[UInt8]], _ fixture: ControlFixture) throws -> [RawControlClient] {
        let clients = try texts.map { text in
            let client = try fixture.client()
            client.send(text)
            return client
        }
        try fixture.turn("an answer or the end", clients) {
            clients.allSatisfy { !$0.answers.isEmpty || $0.isClosed || $0.parsingError != nil }
        }
        #expect(try fixture.ask("GET", "/v1/version").status == 200)
        return clients
    }

    /// What has no end is cut off soon.
    private static var hasty: HTTPLimits {
        var limits = HTTPLimits()
        limits.requestTime = .milliseconds(100)
        return limits
    }

    @Test(arguments: [
        "\r\n\r\n\r\n", "GET\r\n\r\n", "GET /v1/status\r\n\r\n", "GET /v1/status HTTP/9.9\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\n\r\n", "GET /v1 /status HTTP/1.1\r\nHost: k\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\nHost: k\r\nno colon\r\n\r\n", ": : :\r\n\r\n",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: x\r\n\r\n{}",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: -1\r\n\r\n{}",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 10\r\n\r\n{}",
        "GET /v1/%00status HTTP/1.1\r\nHost: k\r\n\r\n", "GET /v1/%c3%28 HTTP/1.1\r\nHost: k\r\n\r\n",
        "GET /v1/apps/%2 HTTP/1.1\r\nHost: k\r\n\r\n", "GET \0 HTTP/1.1\r\nHost: k\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}",
    ])
    func `garbage is answered with an error, or with the end`(text: String) throws {
        let fixture = try ControlFixture(limits: Self.hasty)
        let client = try outcome(of: [Array(text.utf8)], fixture)[0]
        for answer in client.answers {
            #expect((400...505).contains(answer.status) || answer.status == 200 && text.contains("GET /v1/status"))
        }
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test(arguments: 0..<20)
    func `noise does no harm`(seed: UInt64) throws {
        let fixture = try ControlFixture(limits: Self.hasty)
        var random = SeededNumbers(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let request = Array(
            "POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{} \r\n0\r\n\r\n".utf8
        )
        let texts = (0..<20).map { _ in
            var bytes = request
            for _ in 0..<Int(random.next() % 6) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: [0x0D, 0x0A, UInt8(truncatingIfNeeded: random.next())], at: place)
                }
            }
            return bytes
        }
        _ = try outcome(of: texts, fixture)
    }

    @Test(arguments: [
        "GET /v1/\(String(repeating: "x", count: 100_000)) HTTP/1.1\r\nHost: k\r\n\r\n",
        "GET /v1 HTTP/1.1\r\nHost: k\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n",
        "GET /v1 HTTP/1.1\r\nHost: k\r\n\(String(repeating: "X: y\r\n", count: 20_000))\r\n",
    ])
    func `a head that is too large is refused`(text: String) throws {
        let client = try outcome(of: [Array(text.utf8)], ControlFixture())[0]
        #expect(client.answers.allSatisfy { [400, 413, 414, 431].contains($0.status) })
        #expect(client.answers.count == 1 || client.isClosed)
    }

    @Test func `a body that says that it is too large is refused before it comes`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n")
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 413 && !answer.keepsAlive)
        let message = "the body is larger than 1048576 bytes"
        #expect(try fixture.error(in: answer) == ErrorView(.tooLarge, message: message))
        try fixture.turn("the connection is closed", client) { client.isClosed }
    }

    @Test func `a client that sends such a body all the same can read why it was refused`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.request("POST", "/v1/stop", body: String(repeating: " ", count: 2 << 20))
        #expect(try fixture.answer(to: client).status == 413)
    }

    @Test func `a chunked body that turns out too large is refused at its end`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n\(String(repeating: " ", count: 65_536))\r\n"
        for _ in 0..<20 { client.send(chunk) }
        client.send("0\r\n\r\n")
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 413 && answer.keepsAlive)
        #expect(try fixture.error(in: answer).exitCode == 64)
        client.request("GET", "/v1/version")
        #expect(try fixture.answer(to: client).status == 200)
    }

    @Test func `a chunked body without end is cut off`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n\(String(repeating: " ", count: 65_536))\r\n"
        var sent = 0
        while !client.isClosed, sent < 1_000 {
            if client.hasSentAll {
                client.send(chunk)
                sent += 1
            }
            var rounds = 0
            try fixture.turn("a round", client) {
                rounds += 1
                return rounds == 2
            }
        }
        #expect(client.isClosed && client.answers.isEmpty)
        #expect((128...160).contains(sent), "\(sent) chunks")
    }

    @Test(arguments: [
        "GET /v1/sta", "GET /v1/status HTTP/1.1\r\nHost: koomy.example",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 100000\r\n\r\n{",
        "POST /v1/stop HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n{",
    ])
    func `a request that never ends is cut off, however busy it looks`(beginning: String) throws {
        var limits = HTTPLimits()
        limits.requestTime = .milliseconds(300)
        let fixture = try ControlFixture(limits: limits)
        let client = try fixture.client()
        let begin = MonotonicClock.now()
        client.send(beginning)
        var last = begin
        try fixture.turn("it is cut off", client) {
            // Slowly enough that no limit of size is met before the time is over.
            if MonotonicClock.now() - last >= .milliseconds(1) {
                client.send("x")
                last = MonotonicClock.now()
            }
            return client.isClosed
        }
        let took = MonotonicClock.now() - begin
        #expect(took > .milliseconds(250) && took < .seconds(20), "\(took)")
        #expect(client.answers.allSatisfy { $0.status >= 400 })
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test func `a connection that asks for nothing is closed, one that follows or waits is not`() throws {
        var limits = HTTPLimits()
        limits.requestTime = .milliseconds(200)
        limits.answerTime = .milliseconds(200)
        let fixture = try ControlFixture(limits: limits)
        let silent = try fixture.client()
        let idle = try fixture.client()
        let follower = try fixture.client()
        follower.request("GET", "/v1/events?follow=1")
        let (waiting, stream) = try fixture.command("/v1/reload", "{}")
        idle.request("GET", "/v1/version")
        #expect(try fixture.answer(to: idle).status == 200)
        try fixture.turn("both are closed", silent, idle) { silent.isClosed && idle.isClosed }
        try fixture.turn(for: .milliseconds(500), follower, waiting)
        #expect(!follower.isClosed && !waiting.isClosed && stream.isOpen)
        fixture.server?.broadcast(EventView(1))
        stream.finish(CommandResult(.done, message: "done"))
        #expect(try fixture.answer(to: waiting).lines.count == 1)
        try fixture.turn("the event has come", follower) { follower.current?.lines.count == 1 }
        // What waited has become an idle connection.
        try fixture.turn("it is closed", waiting) { waiting.isClosed }
    }

    @Test func `an answer that nobody takes is given up`() throws {
        var limits = HTTPLimits()
        limits.answerTime = .milliseconds(200)
        let fixture = try ControlFixture(limits: limits)
        fixture.delegate.apps[0].reason = String(repeating: "x", count: 4 << 20)
        let client = try fixture.client()
        client.appetite = 0
        client.request("GET", "/v1/status")
        try fixture.turn("it is connected", client) { fixture.server?.http?.connectionCount == 1 }
        try fixture.turn("it is given up", client) { fixture.server?.http?.connectionCount == 0 }
        client.appetite = .max
        try fixture.turn("it has read the rest", client) { client.isClosed }
        #expect(client.parsingError == .truncated)
    }

    @Test func `a result that nobody takes is given up`() throws {
        var limits = HTTPLimits()
        limits.answerTime = .milliseconds(200)
        let fixture = try ControlFixture(limits: limits)
        let (client, stream) = try fixture.command("/v1/reload", "{}")
        client.appetite = 0
        stream.finish(CommandResult(.done, message: String(repeating: "x", count: 4 << 20)))
        try fixture.turn("it is given up", client) { fixture.server?.http?.connectionCount == 0 }
    }
}
