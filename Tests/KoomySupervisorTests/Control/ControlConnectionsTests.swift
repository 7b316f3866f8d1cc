import Glibc
import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("connections of the control server")
struct ControlConnectionsTests {
    @Test func `one connection serves request after request`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        for _ in 0..<50 {
            client.request("GET", "/v1/version")
            let answer = try fixture.answer(to: client)
            #expect(answer.status == 200 && answer.keepsAlive)
        }
        #expect(fixture.server?.http?.connectionCount == 1)
    }

    @Test func `requests that come all at once are answered in their order`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.finish(CommandResult(.done, message: "done")) }
        let client = try fixture.client()
        for number in 0..<30 {
            if number % 3 == 0 {
                client.request("POST", "/v1/reload", body: "{}")
            } else {
                client.request("GET", number % 3 == 1 ? "/v1/apps/api" : "/v1/missing")
            }
        }
        try fixture.turn("all are answered", client) { client.answers.count == 30 }
        for (number, answer) in client.answers.enumerated() {
            #expect(answer.status == (number % 3 == 2 ? 404 : 200), "\(number)")
            #expect(answer.text.contains("result") == (number % 3 == 0), "\(number)")
        }
    }

    @Test func `a request behind a stream waits for the stream's end`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/reload", "{}")
        client.request("GET", "/v1/version")
        stream.send(CommandProgress(message: "one"))
        try fixture.turn("the line has come", client) { client.current?.lines.count == 1 }
        #expect(client.answers.isEmpty)
        stream.finish(CommandResult(.done, message: "done"))
        try fixture.turn("both are answered", client) { client.answers.count == 2 }
        #expect(client.answers[1].text.contains("\"version\":\"1.2.3\""))
    }

    @Test func `a client that asks for it has its connection closed`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("GET /v1/version HTTP/1.1\r\nHost: k\r\nConnection: close\r\n\r\n")
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 200 && !answer.keepsAlive)
        try fixture.turn("it is closed", client) { client.isClosed }
    }

    @Test func `a client that says at once that it is the only request has its connection closed`() throws {
        let fixture = try ControlFixture()
        for count in 1...3 {
            let client = try fixture.client()
            client.send(String(repeating: "GET /v1/version HTTP/1.1\r\nHost: k\r\n\r\n", count: count))
            try client.shutdownWriting()
            try fixture.turn("it is closed", client) { client.isClosed }
            #expect(client.answers.map(\.status) == [Int](repeating: 200, count: count))
        }
    }

    @Test func `the absolute form of a target is understood`() throws {
        let fixture = try ControlFixture()
        #expect(try fixture.ask("GET", "http://koomy/v1/version?x").status == 200)
        #expect(try fixture.ask("GET", "http://koomy").status == 404)
    }

    @Test func `three hundred connections are all served, 256 at a time`() throws {
        let fixture = try ControlFixture()
        let clients = try (0..<300).map { _ in try fixture.client() }
        for client in clients { client.request("GET", "/v1/version") }
        try fixture.turn("those who have room are answered", clients) {
            clients.count { !$0.answers.isEmpty } == 256
        }
        try fixture.turn(for: .milliseconds(20))
        #expect(fixture.server?.http?.connectionCount == 256)
        #expect(clients.allSatisfy { !$0.isClosed })
        // Each that goes makes room for one that waits.
        for client in clients.prefix(100) { try client.shutdownWriting() }
        try fixture.turn("all are answered", clients) { clients.allSatisfy { $0.answers.count == 1 } }
        #expect(clients.allSatisfy { $0.answers.first?.status == 200 })
    }

    @Test func `waiting costs no turn of the loop`() throws {
        let fixture = try ControlFixture()
        let follower = try fixture.client()
        follower.request("GET", "/v1/events?follow=1")
        let (waiting, stream) = try fixture.command("/v1/reload", "{}")
        let idle = try fixture.client()
        idle.request("GET", "/v1/version")
        _ = try fixture.answer(to: idle)
        let half = try fixture.client()
        half.send("GET /v1/ver")
        let full = try fixture.client()
        full.appetite = 0
        fixture.delegate.apps[0].reason = String(repeating: "x", count: 2 << 20)
        full.request("GET", "/v1/status")
        try fixture.turn(for: .milliseconds(50), follower, waiting, idle, half, full)
        let before = fixture.server?.http?.rounds
        try fixture.turn(for: .milliseconds(200), follower, waiting, idle, half, full)
        #expect(fixture.server?.http?.rounds == before)
        #expect(stream.isOpen)
    }

    @Test func `what is finished goes out when the server closes, and the rest is ended`() throws {
        let fixture = try ControlFixture()
        let follower = try fixture.client()
        follower.request("GET", "/v1/events?follow=1")
        let (finished, first) = try fixture.command("/v1/daemon/stop", "{}")
        let (waiting, second) = try fixture.command("/v1/reload", "{}")
        let idle = try fixture.client()
        try fixture.turn("all have begun", finished, waiting, follower, idle) {
            finished.current != nil && waiting.current != nil && follower.current != nil
                && fixture.server?.http?.connectionCount == 4
        }
        var closed = 0
        second.onClose = { closed += 1 }
        fixture.server?.broadcast(EventView(1))
        first.finish(CommandResult(.done, message: "good bye"))
        fixture.server?.close()
        #expect(closed == 1 && !second.isOpen)
        second.finish(CommandResult(.done, message: "too late"))
        for client in [finished, waiting, follower, idle] {
            client.pump()
            #expect(client.isClosed)
        }
        #expect(finished.answers.first?.text.contains("good bye") == true)
        #expect(follower.answers.first?.lines.count == 1)
        #expect(waiting.answers.first?.body.isEmpty == true)
        fixture.server?.broadcast(EventView(2))
        fixture.server?.close()
        #expect(throws: SystemError.self) { try fixture.client() }
    }

    @Test func `a server that is closed from within a command answers it still`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { [weak fixture] _, stream in
            stream.finish(CommandResult(.done, message: "good bye"))
            fixture?.server?.close()
        }
        let client = try fixture.client()
        client.request("POST", "/v1/daemon/stop")
        let answer = try fixture.answer(to: client)
        #expect(answer.text.contains("good bye"))
        try fixture.turn("it is closed", client) { client.isClosed }
    }

    @Test func `a server that is dropped from within a command does no harm`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { [weak fixture] _, stream in
            fixture?.delegate.streams.append(stream)
            fixture?.dropServer()
        }
        let client = try fixture.client()
        client.request("POST", "/v1/daemon/stop")
        try fixture.turn("it is closed", client) { client.isClosed }
        let stream = try #require(fixture.delegate.streams.first)
        #expect(!stream.isOpen)
        stream.send(CommandProgress(message: "too late"))
        stream.finish(CommandResult(.done, message: "too late"))
        #expect(fixture.server == nil)
    }

    @Test func `only a Unix socket is taken`() throws {
        let fixture = try ControlFixture()
        let spec = ListenerSpec(name: "tcp", address: .tcp(host: "127.0.0.1", port: 0))
        #expect(throws: SystemError.self) {
            _ = try ControlServer(
                loop: fixture.loop,
                listener: try ListeningSocket.open(spec).takeDescriptor(),
                delegate: fixture.delegate
            )
        }
    }
}
