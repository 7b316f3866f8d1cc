import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("events of the control server")
struct ControlEventsTests {
    private func numbers(_ answer: RawControlClient.Answer?) throws -> [UInt64] {
        try (answer?.lines ?? []).map { try WireCoding.decode(EventView.self, from: Array($0.utf8)).seq }
    }

    @Test func `without follow the answer ends after what is remembered`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.remembered = (1...5).map { EventView($0) }
        let answer = try fixture.ask("GET", "/v1/events")
        #expect(answer.head.headers["Content-Type"] == "application/x-ndjson")
        #expect(try numbers(answer) == [1, 2, 3, 4, 5])
        #expect(try numbers(fixture.ask("GET", "/v1/events?since=3")) == [4, 5])
        #expect(try numbers(fixture.ask("GET", "/v1/events?follow=0&since=5")) == [])
    }

    @Test func `a number above all that there are is of an earlier daemon, so everything is new`() throws {
        let fixture = try ControlFixture()
        #expect(try numbers(fixture.ask("GET", "/v1/events?since=9")) == [])
        fixture.delegate.remembered = [EventView(1), EventView(2)]
        #expect(try numbers(fixture.ask("GET", "/v1/events?since=9")) == [1, 2])
        let client = try fixture.client()
        client.request("GET", "/v1/events?since=3&follow=1")
        try fixture.turn("two events have come", client) { try numbers(client.current) == [1, 2] }
        fixture.server?.broadcast(EventView(3))
        try fixture.turn("the next has come", client) { try numbers(client.current) == [1, 2, 3] }
    }

    @Test(arguments: ["follow=1", "follow", "since=0&follow=true", "follow=%31"])
    func `a follower gets what is remembered, then each event as it happens`(query: String) throws {
        let fixture = try ControlFixture()
        fixture.delegate.remembered = [EventView(1), EventView(2)]
        let client = try fixture.client()
        client.request("GET", "/v1/events?\(query)")
        try fixture.turn("two events have come", client) { try numbers(client.current) == [1, 2] }
        for number: UInt64 in 3...5 {
            fixture.server?.broadcast(EventView(number))
            try fixture.turn("event \(number) has come", client) { try numbers(client.current).last == number }
        }
        #expect(try numbers(client.current) == [1, 2, 3, 4, 5])
        #expect(client.answers.isEmpty && !client.isClosed)
    }

    @Test func `a follower has its head at once, also where nothing has happened`() throws {
        let fixture = try ControlFixture()
        let client = try fixture.client()
        client.request("GET", "/v1/events?follow=1&since=7")
        try fixture.turn("the head has come", client) { client.current?.status == 200 }
        // After a restart of the daemon numbers begin again, below what the client knows.
        fixture.server?.broadcast(EventView(1))
        try fixture.turn("the event has come", client) { try numbers(client.current) == [1] }
    }

    @Test func `an event that was remembered already is not told twice`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.remembered = [EventView(4)]
        let client = try fixture.client()
        client.request("GET", "/v1/events?follow=1")
        try fixture.turn("the first has come", client) { try numbers(client.current) == [4] }
        for number: UInt64 in [3, 4, 5] { fixture.server?.broadcast(EventView(number)) }
        try fixture.turn("the next has come", client) { try numbers(client.current) == [4, 5] }
    }

    @Test(arguments: ["since=x", "since=-1", "since=", "follow=maybe", "since=99999999999999999999", "x=%zz"])
    func `a query that cannot be read is refused`(query: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("GET", "/v1/events?\(query)")
        #expect(answer.status == 400)
        #expect(try fixture.error(in: answer).code == "bad_request")
    }

    @Test func `an event that comes from within a command reaches followers and the client`() throws {
        let fixture = try ControlFixture()
        let follower = try fixture.client()
        follower.request("GET", "/v1/events?follow=1")
        try fixture.turn("it follows", follower) { follower.current != nil }
        fixture.delegate.onCommand = { [weak fixture] _, stream in
            fixture?.server?.broadcast(EventView(1))
            stream.finish(CommandResult(.done, message: "done"))
        }
        #expect(try fixture.ask("POST", "/v1/reload").status == 200)
        try fixture.turn("the event has come", follower) { try numbers(follower.current) == [1] }
    }

    @Test func `a follower that goes is forgotten`() throws {
        let fixture = try ControlFixture()
        do {
            let client = try fixture.client()
            client.request("GET", "/v1/events?follow=1")
            try fixture.turn("it follows", client) { client.current != nil }
            #expect(fixture.server?.followerCount == 1)
        }
        try fixture.turn("it is forgotten") { fixture.server?.followerCount == 0 }
        fixture.server?.broadcast(EventView(1))
    }

    @Test func `a follower that does not read is cut off, and the others get everything`() throws {
        let fixture = try ControlFixture()
        let deaf = try fixture.client()
        let other = try fixture.client()
        for client in [deaf, other] { client.request("GET", "/v1/events?follow=1") }
        try fixture.turn("both follow", deaf, other) { deaf.current != nil && other.current != nil }
        let text = String(repeating: "x", count: 2_000)
        var number: UInt64 = 0
        while fixture.server?.followerCount == 2, number < 5_000 {
            number += 1
            fixture.server?.broadcast(EventView(number, message: text))
            if number % 50 == 0 { try fixture.turn("all has come", other) { try isLast(number, of: other) } }
        }
        #expect(number > 500 && number < 1_500, "\(number * 2) KB")
        #expect(fixture.server?.followerCount == 1)
        try fixture.turn("the other has everything", other) { try isLast(number, of: other) }
        #expect(try numbers(other.current) == Array(1...number))
        try fixture.turn("the deaf one is at its end", deaf) { deaf.isClosed }
        let heard = try numbers(
            deaf.current.map { answer in
                // The last line may have been cut.
                var answer = answer
                answer.body = Array(answer.body.prefix(through: answer.body.lastIndex(of: 0x0A) ?? 0))
                return answer
            }
        )
        #expect(heard == Array(1...UInt64(heard.count)))
    }

    @Test func `much that is remembered is no reason to be cut off`() throws {
        let fixture = try ControlFixture()
        let text = String(repeating: "x", count: 2_000)
        fixture.delegate.remembered = (1...2_000).map { EventView($0, message: text) }
        let client = try fixture.client()
        client.appetite = 0
        client.request("GET", "/v1/events?follow=1")
        try fixture.turn("it follows", client) { fixture.server?.followerCount == 1 }
        fixture.server?.broadcast(EventView(2_001, message: text))
        client.appetite = .max
        try fixture.turn("all has come", client) { try isLast(2_001, of: client) }
        #expect(try numbers(client.current) == Array(1...2_001))
    }

    @Test func `followers cannot lock others out: the oldest makes room`() throws {
        let fixture = try ControlFixture()
        let limit = ControlServer.followerLimit
        let clients = try (0...limit).map { _ in
            let client = try fixture.client()
            client.request("GET", "/v1/events?follow=1")
            try fixture.turn("it follows", client) { client.current != nil }
            return client
        }
        try fixture.turn("the oldest is at its end", clients) { clients[0].answers.count == 1 }
        #expect(fixture.server?.followerCount == limit)
        fixture.server?.broadcast(EventView(1))
        try fixture.turn("the others have heard", clients) {
            clients.dropFirst().allSatisfy { $0.current?.lines.count == 1 }
        }
    }

    /// Looks at the end only, which is enough while it is asked again and again.
    private func isLast(_ number: UInt64, of client: RawControlClient) throws -> Bool {
        guard let body = client.current?.body, body.last == 0x0A,
            let line = body.dropLast().split(separator: 0x0A).last
        else { return false }
        return try WireCoding.decode(EventView.self, from: Array(line)).seq == number
    }
}
