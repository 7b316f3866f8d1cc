import KoomyWire
import Testing

@Suite struct HTTPMessageTests {
    @Test func `a request is read back as it was`() throws {
        let head = HTTPRequestHead(
            method: "POST",
            target: "/v1/start?x=1",
            headers: ["Host": "koomy", "Accept": "application/json"]
        )
        let bytes = try head.serialized(body: Array("{}".utf8))
        var expected = head
        expected.headers.fields.append(.init(name: "Content-Length", value: "2"))
        #expect(
            events(bytes, as: .requests) == [.request(expected), .body(Array("{}".utf8)), .end(keepsAlive: true)]
        )
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "POST /v1/start?x=1 HTTP/1.1\r\nHost: koomy\r\nAccept: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
    }

    @Test func `a request without a body says nothing of one`() throws {
        let bytes = try HTTPRequestHead(method: "GET", target: "/", headers: ["Host": "a"]).serialized()
        #expect(String(decoding: bytes, as: UTF8.self) == "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    @Test func `no line can be smuggled in`() {
        #expect(throws: HTTPParsingError.controlCharacter) {
            try HTTPRequestHead(method: "GET", target: "/", headers: ["Host": "a\r\nX: 1"]).serialized()
        }
        #expect(throws: HTTPParsingError.invalidHeaderName) {
            try HTTPRequestHead(method: "GET", target: "/", headers: ["Ho st": "a"]).serialized()
        }
        #expect(throws: HTTPParsingError.invalidStartLine) {
            try HTTPRequestHead(method: "GET", target: "/ HTTP/1.1\r\nX: 1\r\n").serialized()
        }
        #expect(throws: HTTPParsingError.invalidStartLine) {
            try HTTPRequestHead(method: "GET\r\n", target: "/").serialized()
        }
    }

    @Test func `lists in headers are taken apart`() {
        let headers: HTTPHeaders = ["Connection": "Keep-Alive,\t X ", "connection": "close"]
        #expect(headers.tokens(of: "CONNECTION") == ["keep-alive", "x", "close"])
        #expect(headers.tokens(of: "none").isEmpty)
    }
}
