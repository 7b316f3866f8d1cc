import KoomyWire
import Testing

/// Feeds a text in pieces of a size and gives all events, with the pieces of a body joined.
func events(
    _ text: String,
    as role: HTTPParser.Role,
    limits: HTTPParser.Limits = .init(),
    pieces: Int = .max,
    finish: Bool = false
) -> [HTTPParser.Event] {
    events(Array(text.utf8), as: role, limits: limits, pieces: pieces, finish: finish)
}

func events(
    _ bytes: [UInt8],
    as role: HTTPParser.Role,
    limits: HTTPParser.Limits = .init(),
    pieces: Int = .max,
    finish: Bool = false
) -> [HTTPParser.Event] {
    var parser = HTTPParser(role, limits: limits)
    var events: [HTTPParser.Event] = []
    func take(_ new: [HTTPParser.Event]) {
        for event in new {
            if case .body(let more) = event, case .body(let before)? = events.last {
                events[events.count - 1] = .body(before + more)
            } else if case .failed = event, case .failed? = events.last {
                continue
            } else {
                events.append(event)
            }
        }
    }
    var rest = bytes[...]
    while !rest.isEmpty {
        take(parser.feed(Array(rest.prefix(pieces))))
        rest = rest.dropFirst(pieces)
    }
    if finish { take(parser.finish()) }
    return events
}

private func body(_ text: String) -> HTTPParser.Event { .body(Array(text.utf8)) }

@Suite struct HTTPParserTests {
    @Test(arguments: [Int.max, 1, 2, 3, 7])
    func `a response with a length`(pieces: Int) {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
        #expect(
            events(text, as: .responses(), pieces: pieces) == [
                .response(
                    .init(status: 200, reason: "OK", headers: ["Content-Type": "text/plain", "Content-Length": "5"])
                ),
                body("hello"), .end(keepsAlive: true),
            ]
        )
    }

    @Test(arguments: [Int.max, 1, 2, 3, 7])
    func `a chunked response with extensions and trailers`(pieces: Int) {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
            + "5;name=value\r\nhello\r\nA\r\n, everyone\r\n0\r\nX-Sum: 1\r\n\r\n"
        #expect(
            events(text, as: .responses(), pieces: pieces) == [
                .response(
                    .init(status: 200, reason: "OK", headers: ["Transfer-Encoding": "Chunked", "Connection": "close"])
                ),
                body("hello, everyone"), .end(keepsAlive: false),
            ]
        )
    }

    @Test(arguments: [Int.max, 1, 2])
    func `a response without a length goes on until the end of the stream`(pieces: Int) {
        let text = "HTTP/1.0 200 OK\r\n\r\nall of this"
        #expect(
            events(text, as: .responses(), pieces: pieces, finish: true) == [
                .response(.init(status: 200, reason: "OK", minorVersion: 0)), body("all of this"),
                .end(keepsAlive: false),
            ]
        )
    }

    @Test(arguments: [Int.max, 1, 5])
    func `two requests on one connection`(pieces: Int) {
        let text =
            "POST /v1/stop HTTP/1.1\r\nHost: koomy\r\nContent-Length: 2\r\n\r\n{}"
            + "\r\nGET /v1/status?x=1 HTTP/1.1\r\nhost:koomy\r\nConnection: Keep-Alive, CLOSE\r\n\r\n"
        #expect(
            events(text, as: .requests, pieces: pieces) == [
                .request(
                    .init(method: "POST", target: "/v1/stop", headers: ["Host": "koomy", "Content-Length": "2"])
                ),
                body("{}"), .end(keepsAlive: true),
                .request(
                    .init(
                        method: "GET",
                        target: "/v1/status?x=1",
                        headers: ["host": "koomy", "Connection": "Keep-Alive, CLOSE"]
                    )
                ),
                .end(keepsAlive: false),
            ]
        )
    }

    @Test(arguments: ["204 No Content", "304 Not Modified"])
    func `some statuses have no body whatever they say`(status: String) {
        let text = "HTTP/1.1 \(status)\r\nContent-Length: 10\r\n\r\n"
        #expect(events(text, as: .responses()).last == .end(keepsAlive: true))
    }

    @Test func `the answer to HEAD has no body`() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
        #expect(events(text, as: .responses(toHead: true)).last == .end(keepsAlive: true))
    }

    @Test func `interim responses are passed over`() {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            + "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"
        #expect(
            events(text, as: .responses()) == [
                .response(.init(status: 200, headers: ["Content-Length": "0"])), .end(keepsAlive: true),
            ]
        )
    }

    @Test func `a simple server may end the lines of its head with a line feed alone`() {
        let text = "HTTP/1.1 503 Down\nContent-Length: 2\n\nno"
        #expect(events(text, as: .responses()).last == .end(keepsAlive: true))
        #expect(
            events("GET / HTTP/1.1\nHost: a\n\n", as: .requests) == [.failed(.bareLineFeed)]
        )
    }

    @Test func `HTTP 1_0 keeps a connection only when asked to`() {
        let head = "GET / HTTP/1.0\r\n"
        #expect(events(head + "\r\n", as: .requests).last == .end(keepsAlive: false))
        #expect(events(head + "Connection: keep-alive\r\n\r\n", as: .requests).last == .end(keepsAlive: true))
    }

    @Test func `header names do not depend on case and values lose their blanks`() {
        let all = events("GET / HTTP/1.1\r\nHOST: \t a b \t\r\nX: 1\r\nx:2\r\n\r\n", as: .requests)
        guard case .request(let head)? = all.first else {
            Issue.record("no request: \(all)")
            return
        }
        #expect(head.headers["host"] == "a b")
        #expect(head.headers.values(of: "X") == ["1", "2"])
        #expect(head.headers["y"] == nil)
    }

    @Test(arguments: [
        "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ])
    func `an early end is a failure, except between messages`(text: String) {
        let last = events(text, as: .responses(), finish: true).last
        #expect(last == (text.isEmpty ? nil : .failed(.truncated)))
    }

    @Test func `after a failure nothing else comes`() {
        var parser = HTTPParser(.requests)
        #expect(parser.feed(Array("nonsense\r\n".utf8)) == [.failed(.invalidStartLine)])
        #expect(parser.feed(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)) == [.failed(.invalidStartLine)])
        #expect(parser.finish() == [.failed(.invalidStartLine)])
    }

    @Test func `what precedes a failure is still handed out`() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/2.0\r\n"
        let expected: [HTTPParser.Event] = [
            .request(.init(method: "GET", target: "/", headers: ["Host": "a"])), .end(keepsAlive: true),
            .failed(.unsupportedVersion),
        ]
        #expect(events(text, as: .requests) == expected)
        #expect(events(text, as: .requests, pieces: 1) == expected)
    }

    @Test func `nothing may follow a message that closes the connection`() {
        let text = "GET / HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n"
        #expect(events(text, as: .requests).last == .failed(.bytesAfterEnd))
    }
}
