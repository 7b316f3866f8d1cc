import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

/// A control server on a socket of its own, with its loop driven by the test.
final class ControlFixture {
    struct Timeout: Error, CustomStringConvertible {
        var description: String
    }

    let loop: EventLoop
    let delegate = FakeControlDelegate()
    let path: String
    private(set) var server: ControlServer?
    private let folder: String

    init(limits: HTTPLimits = HTTPLimits()) throws {
        var template = Array("/tmp/koomy-control-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Timeout(description: "mkdtemp failed") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(folder)/control.sock"
        loop = try EventLoop()
        let spec = ListenerSpec(name: "control", address: .unix(path: path), backlog: 512)
        let listener = try ListeningSocket.open(spec).takeDescriptor()
        server = try ControlServer(loop: loop, listener: listener, delegate: delegate, limits: limits)
    }

    isolated deinit {
        server?.close()
        unlink(path)
        rmdir(folder)
    }

    /// Lets the server go.
    func dropServer() { server = nil }

    func client(isHead: Bool = false) throws -> RawControlClient { try RawControlClient(path: path, isHead: isHead) }

    /// Turns the loop, and lets the clients work, until the condition is met.
    func turn(
        _ what: String,
        _ clients: RawControlClient...,
        within limit: TimeSpan = .seconds(20),
        until condition: () throws -> Bool
    ) throws {
        try turn(what, clients, within: limit, until: condition)
    }

    func turn(
        _ what: String,
        _ clients: [RawControlClient],
        within limit: TimeSpan = .seconds(20),
        until condition: () throws -> Bool
    ) throws {
        let deadline = MonotonicClock.now() + limit
        while true {
            for client in clients { client.pump() }
            if try condition() { return }
            guard MonotonicClock.now() < deadline else { throw Timeout(description: "not in time: \(what)") }
            try loop.runOnce(waitingAtMost: .milliseconds(2))
        }
    }

    /// Turns the loop for so long, whatever happens.
    func turn(for span: TimeSpan, _ clients: RawControlClient...) throws {
        let end = MonotonicClock.now() + span
        try turn("the time is over", clients) { MonotonicClock.now() >= end }
    }

    /// The next whole answer that a client gets.
    func answer(to client: RawControlClient) throws -> RawControlClient.Answer {
        let before = client.answers.count
        try turn("an answer has come", client) { client.answers.count > before || client.isClosed }
        return try #require(client.answers.dropFirst(before).first, "closed: \(client.received.count) bytes")
    }

    /// One request on a connection of its own.
    func ask(_ method: String, _ target: String, body: String? = nil) throws -> RawControlClient.Answer {
        let client = try client(isHead: method == "HEAD")
        client.request(method, target, body: body)
        return try answer(to: client)
    }

    /// The error that an answer carries.
    func error(in answer: RawControlClient.Answer) throws -> ErrorView {
        try WireCoding.decode(ErrorAnswer.self, from: answer.body).error
    }

    /// A client whose command was begun, with the answer that the daemon holds.
    func command(
        _ path: String,
        key: String? = nil,
        _ body: String
    ) throws -> (client: RawControlClient, stream: CommandStream) {
        let client = try client()
        let before = delegate.streams.count
        client.request("POST", path, key: key, body: body)
        try turn("the command has begun", client) { delegate.streams.count > before }
        return (client, try #require(delegate.streams.last))
    }
}
