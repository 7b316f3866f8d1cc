import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("streams of commands")
struct CommandStreamTests {
    private static let stop = #"{"targets":["api"]}"#

    private func messages(_ answer: RawControlClient.Answer) throws -> [CommandMessage] {
        try answer.lines.map { try WireCoding.decode(from: Array($0.utf8)) }
    }

    @Test func `the client knows at once that it was accepted, then gets each line as it comes`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        try fixture.turn("the head has come", client) { client.current?.status == 200 }
        #expect(client.current?.head.headers["Transfer-Encoding"] == "chunked")
        #expect(client.current?.body.isEmpty == true)
        #expect(stream.isOpen)
        for number in 1...3 {
            stream.send(CommandProgress(app: "api", slot: number, message: "step \(number)"))
            try fixture.turn("line \(number) has come", client) { client.current?.lines.count == number }
        }
        let result = CommandResult(.done, message: "3 steps")
        stream.finish(result)
        #expect(!stream.isOpen)
        let answer = try fixture.answer(to: client)
        #expect(answer.text.last == "\n")
        let steps = (1...3).map { (number: Int) in
            CommandMessage.progress(CommandProgress(app: "api", slot: number, message: "step \(number)"))
        }
        #expect(try messages(answer) == steps + [.result(result)])
        #expect(answer.keepsAlive && !client.isClosed)
        client.request("GET", "/v1/version")
        #expect(try fixture.answer(to: client).status == 200)
    }

    @Test func `all that is sent within execute arrives in order`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { _, stream in
            stream.send(CommandProgress(message: "one"))
            stream.send(CommandProgress(message: "two"))
            stream.finish(CommandResult(.done, message: "three"))
            stream.send(CommandProgress(message: "too late"))
            stream.finish(CommandResult(.aborted, message: "too late"))
            stream.refuse(status: 500, ErrorView(.internalError, message: "too late"))
        }
        let answer = try fixture.ask("POST", "/v1/stop", body: Self.stop)
        #expect(
            try messages(answer) == [
                .progress(CommandProgress(message: "one")), .progress(CommandProgress(message: "two")),
                .result(CommandResult(.done, message: "three")),
            ]
        )
    }

    @Test func `a refusal that comes too late for a status is a result`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        stream.refuse(status: 404, ErrorView(.noSuchApp, message: "no such", hint: "try another"))
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 200)
        let result = CommandResult(.noSuchApp, message: "no such", hint: "try another")
        #expect(try messages(answer) == [.result(result)])
    }

    @Test func `a refusal after progress is a result`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { _, stream in
            stream.send(CommandProgress(message: "begun"))
            stream.refuse(status: 409, ErrorView(.superseded, message: "another came"))
        }
        let answer = try fixture.ask("POST", "/v1/stop", body: Self.stop)
        #expect(answer.status == 200)
        #expect(try messages(answer).last == .result(CommandResult(.superseded, message: "another came")))
    }

    @Test func `an answer that is forgotten ends with a fault`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { _, stream in stream.send(CommandProgress(message: "begun")) }
        let last = try messages(fixture.ask("POST", "/v1/stop", body: Self.stop)).last
        guard case .result(let result)? = last else {
            Issue.record("no result")
            return
        }
        #expect(result.code == 70 && result.outcome == "internal")
    }

    @Test func `a client that goes is told of once, and the command can go on`() throws {
        let fixture = try ControlFixture()
        var closed = 0
        do {
            let (_, stream) = try fixture.command("/v1/stop", Self.stop)
            stream.onClose = { closed += 1 }
        }
        try fixture.turn("it is known that the client has gone") { closed > 0 }
        let stream = try #require(fixture.delegate.streams.last)
        #expect(!stream.isOpen)
        stream.send(CommandProgress(message: "nobody hears it"))
        stream.finish(CommandResult(.done, message: "nor this"))
        fixture.delegate.streams = []
        try fixture.turn(for: .milliseconds(10))
        #expect(closed == 1)
        #expect(fixture.server?.http?.connectionCount == 0)
        #expect(try fixture.ask("GET", "/v1/version").status == 200)
    }

    @Test func `a client that goes after the result is not told of`() throws {
        let fixture = try ControlFixture()
        var closed = 0
        do {
            let (client, stream) = try fixture.command("/v1/stop", Self.stop)
            stream.onClose = { closed += 1 }
            stream.finish(CommandResult(.done, message: "done"))
            _ = try fixture.answer(to: client)
        }
        try fixture.turn("the connection is gone") { fixture.server?.http?.connectionCount == 0 }
        #expect(closed == 0)
    }

    @Test func `a client that goes in the middle of its request begins nothing`() throws {
        let fixture = try ControlFixture()
        do {
            let client = try fixture.client()
            client.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 100\r\n\r\n{\"targets\"")
            try fixture.turn("it is connected") { fixture.server?.http?.connectionCount == 1 }
            try fixture.turn(for: .milliseconds(5))
        }
        try fixture.turn("the connection is gone") { fixture.server?.http?.connectionCount == 0 }
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test func `a client that only writes no more gets its result`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        try client.shutdownWriting()
        try fixture.turn(for: .milliseconds(20), client)
        #expect(stream.isOpen)
        stream.send(CommandProgress(message: "one"))
        try fixture.turn("the line has come", client) { client.current?.lines.count == 1 }
        stream.finish(CommandResult(.done, message: "done"))
        #expect(try messages(fixture.answer(to: client)).count == 2)
    }

    @Test func `HTTP 1.0 gets the same lines up to the end of the connection`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("POST /v1/stop HTTP/1.0\r\nContent-Length: \(Self.stop.utf8.count)\r\n\r\n\(Self.stop)")
        try fixture.turn("the command has begun", client) { !fixture.delegate.streams.isEmpty }
        let stream = fixture.delegate.streams[0]
        stream.send(CommandProgress(message: "one"))
        stream.finish(CommandResult(.done, message: "done"))
        let answer = try fixture.answer(to: client)
        #expect(answer.head.headers["Transfer-Encoding"] == nil)
        #expect(try messages(answer).count == 2)
        #expect(client.isClosed)
    }

    @Test func `many lines at once are one answer, whole and in order`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        client.appetite = 1
        for number in 0..<8_000 {
            stream.send(CommandProgress(slot: number, message: "worker \(number) is ready"))
            if number % 500 == 0 { try fixture.turn(for: .milliseconds(1), client) }
        }
        stream.finish(CommandResult(.done, message: "done"))
        client.appetite = .max
        let lines = try messages(fixture.answer(to: client))
        #expect(lines.count == 8_001)
        for (number, line) in lines.dropLast().enumerated() {
            guard case .progress(let progress) = line, progress.slot == number else {
                Issue.record("line \(number) is \(line)")
                return
            }
        }
    }

    @Test func `a result larger than the room arrives where nothing else waits`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        try fixture.turn("the head has come", client) { client.current != nil }
        let message = String(repeating: "x", count: 3 << 20)
        stream.finish(CommandResult(.done, message: message))
        #expect(try messages(fixture.answer(to: client)) == [.result(CommandResult(.done, message: message))])
    }

    @Test func `a reader that stops reading loses its connection, and nobody else notices`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/stop", Self.stop)
        var closed = 0
        stream.onClose = { closed += 1 }
        let other = try fixture.client()
        let text = String(repeating: "x", count: 1_000)
        var sent = 0
        while closed == 0, sent < 10_000 {
            stream.send(CommandProgress(message: text))
            sent += 1
            if sent % 100 == 0 {
                other.request("GET", "/v1/version")
                #expect(try fixture.answer(to: other).status == 200)
            }
        }
        // The room, and what the kernel's buffers hold; without reading, nobody gets more.
        #expect(sent > 1_000 && sent < 3_000, "\(sent) KB")
        #expect(!stream.isOpen && closed == 1)
        stream.finish(CommandResult(.done, message: "done"))
        try fixture.turn("its connection is gone") { fixture.server?.http?.connectionCount == 1 }
        // It can read what it had been sent, and sees that it was not all.
        try fixture.turn("the reader is at the end", client) { client.isClosed }
        #expect(client.answers.isEmpty && client.parsingError == .truncated)
    }
}
