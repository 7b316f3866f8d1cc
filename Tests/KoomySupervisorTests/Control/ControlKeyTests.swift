import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("keys of commands, by which one that is sent again is known")
struct ControlKeyTests {
    private nonisolated static let key = "0123456789abcdef0123456789abcdef"

    @Test(arguments: [key, "x", "Deploy_2026-11", String(repeating: "k", count: 64)])
    func `a key comes as it was sent, with its command`(key: String) throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/reload", key: key, "{}")
        stream.finish(CommandResult(.done, message: "done"))
        #expect(try fixture.answer(to: client).status == 200)
        // The next command of the same connection has its own, or none.
        let next = fixture.delegate.streams.count
        client.request("POST", "/v1/reload", body: "{}")
        try fixture.turn("the next has begun", client) { fixture.delegate.streams.count > next }
        #expect(fixture.delegate.keys == [key, nil])
        #expect(fixture.delegate.commands == [.reload(ReloadRequest()), .reload(ReloadRequest())])
    }

    @Test(arguments: ["", "two words", "a.b", "\"a\"", "ä", String(repeating: "k", count: 65)])
    func `what cannot be a key is refused, and nothing is done`(key: String) throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.request("POST", "/v1/stop", key: key, body: #"{"targets":["api"]}"#)
        let answer = try fixture.answer(to: client)
        #expect(answer.status == 400)
        #expect(try fixture.error(in: answer) == ErrorView(.badRequest, message: IdempotencyKey.problem))
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test func `the name of the header is written in any case`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.send("POST /v1/reload HTTP/1.1\r\nHost: k\r\nIDEMPOTENCY-key:  k1 \r\nContent-Length: 2\r\n\r\n{}")
        try fixture.turn("it has begun", client) { fixture.delegate.keys == ["k1"] }
    }

    @Test func `a question needs no key, and one that it has is passed over`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.request("GET", "/v1/version", key: "not a key")
        #expect(try fixture.answer(to: client).status == 200)
    }

    @Test func `two clients with one key both get progress and the result`() throws {
        let fixture = try ControlFixture()
        let (first, one) = try fixture.command("/v1/reload", key: Self.key, "{}")
        let (second, two) = try fixture.command("/v1/reload", key: Self.key, "{}")
        #expect(fixture.delegate.keys == [Self.key, Self.key])
        for stream in [one, two] {
            stream.send(CommandProgress(app: "api", message: "half"))
            stream.finish(CommandResult(.done, message: "done"))
        }
        let answers = try [first, second].map { try fixture.answer(to: $0) }
        #expect(answers[0].lines.count == 2 && answers[0].body == answers[1].body)
    }

    @Test func `one that goes does not take the other's answer with it`() throws {
        let fixture = try ControlFixture()
        let (stays, one) = try fixture.command("/v1/reload", key: Self.key, "{}")
        var hasGone = false
        do {
            let (_, two) = try fixture.command("/v1/reload", key: Self.key, "{}")
            two.onClose = { hasGone = true }
        }
        try fixture.turn("the other has gone", stays) { hasGone }
        one.finish(CommandResult(.done, message: "done"))
        #expect(try fixture.answer(to: stays).lines.count == 1)
    }

    @Test func `an answer that is broken off has progress and no result, and ends`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/reload", key: Self.key, "{}")
        var closed = 0
        stream.onClose = { closed += 1 }
        let progress = CommandProgress(message: "half")
        stream.send(progress)
        stream.breakOff()
        #expect(!stream.isOpen)
        stream.finish(CommandResult(.done, message: "too late"))
        stream.refuse(status: 500, ErrorView(.internalError, message: "too late"))
        let answer = try fixture.answer(to: client)
        #expect(
            try answer.lines.map { try WireCoding.decode(from: Array($0.utf8)) } == [CommandMessage.progress(progress)]
        )
        #expect(closed == 0)
    }

    @Test func `an answer that is broken off within execute was begun all the same`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { $1.breakOff() }
        let answer = try fixture.ask("POST", "/v1/reload", body: "{}")
        #expect(answer.status == 200 && answer.body.isEmpty)
    }

    @Test func `a server that closes leaves running commands without a result`() throws {
        let fixture = try ControlFixture()
        let (client, stream) = try fixture.command("/v1/reload", key: Self.key, "{}")
        stream.send(CommandProgress(message: "half"))
        fixture.server?.close()
        try fixture.turn("the end has come", client) { client.isClosed }
        let text = String(decoding: client.received, as: UTF8.self)
        #expect(text.contains("half") && !text.contains("result"), "\(text)")
        #expect(!stream.isOpen)
    }
}
