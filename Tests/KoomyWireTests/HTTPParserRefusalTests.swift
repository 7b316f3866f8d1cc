import KoomyWire
import Testing

/// Shapes that two readers could understand differently, and those that would take memory without end.
@Suite struct HTTPParserRefusalTests {
    /// A head that must not be accepted, and why.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var text: String
        var error: HTTPParsingError

        init(_ text: String, _ error: HTTPParsingError) {
            self.text = text
            self.error = error
        }

        var testDescription: String { String(text.unicodeScalars.map { $0.value < 32 ? "·" : Character($0) }) }
    }

    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    static let requests: [Refusal] = [
        Refusal(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", .ambiguousLength),
        Refusal(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", .ambiguousLength),
        Refusal(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: 5, 5\r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: +5\r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: -1\r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: 0x5\r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: \r\n\r\n", .invalidContentLength),
        Refusal(post + "Content-Length: 99999999999999999999\r\n\r\n", .invalidContentLength),
        Refusal(post + "Transfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferEncoding),
        Refusal(post + "Transfer-Encoding: chunked, identity\r\n\r\n", .unsupportedTransferEncoding),
        Refusal(post + "Transfer-Encoding: xchunked\r\n\r\n", .unsupportedTransferEncoding),
        Refusal(
            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .unsupportedTransferEncoding
        ),
        Refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .unsupportedTransferEncoding),
        Refusal(post + "Transfer-Encoding : chunked\r\n\r\n", .invalidHeaderName),
        Refusal(get + " folded: 1\r\n\r\n", .foldedHeader),
        Refusal(get + "\tfolded\r\n\r\n", .foldedHeader),
        Refusal(get + "no colon\r\n\r\n", .invalidHeaderName),
        Refusal(get + ": no name\r\n\r\n", .invalidHeaderName),
        Refusal(get + "a\u{E9}: 1\r\n\r\n", .invalidHeaderName),
        Refusal(get + "X: a\rb\r\n\r\n", .bareCarriageReturn),
        Refusal(get + "X: a\r\r\n\r\n", .bareCarriageReturn),
        Refusal(get + "X: a\0b\r\n\r\n", .controlCharacter),
        Refusal(get + "X: a\u{7F}\r\n\r\n", .controlCharacter),
        Refusal(get + "X: a\n\r\n", .bareLineFeed),
        Refusal("GET / HTTP/1.1\r\n\r\n", .invalidHost),
        Refusal(get + "Host: b\r\n\r\n", .invalidHost),
        Refusal("GET  / HTTP/1.1\r\n", .invalidStartLine),
        Refusal("GET / HTTP/1.1 \r\n", .invalidStartLine),
        Refusal(" GET / HTTP/1.1\r\n", .invalidStartLine),
        Refusal("GET /\u{E9} HTTP/1.1\r\n", .invalidStartLine),
        Refusal("G(T / HTTP/1.1\r\n", .invalidStartLine),
        Refusal("GET /\r\n", .invalidStartLine),
        Refusal("\r\n\r\nGET / HTTP/1.1\r\n", .invalidStartLine),
        Refusal("GET / HTTP/1.2\r\n", .unsupportedVersion),
        Refusal("GET / HTTP/2\r\n", .unsupportedVersion),
        Refusal("GET / http/1.1\r\n", .unsupportedVersion),
        Refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        Refusal(chunked + "\r\n", .invalidChunk),
        Refusal(chunked + "0x5\r\n", .invalidChunk),
        Refusal(chunked + "-1\r\n", .invalidChunk),
        Refusal(chunked + "5 \r\nhello\r\n", .invalidChunk),
        Refusal(chunked + "1234567890ABCDEF0\r\n", .invalidChunk),
        Refusal(chunked + "5\nhello\r\n", .bareLineFeed),
        Refusal(chunked + "5\r\nhelloX\r\n", .invalidChunk),
        Refusal(chunked + "5\r\nhello0\r\n\r\n", .invalidChunk),
        Refusal(chunked + "5;a=\0\r\nhello\r\n", .controlCharacter),
        Refusal(chunked + "0\r\n folded\r\n\r\n", .foldedHeader),
        Refusal(chunked + "0\r\nnonsense\r\n\r\n", .invalidHeaderName),
    ]

    static let responses: [Refusal] = [
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .ambiguousLength),
        Refusal("HTTP/1.1 20 OK\r\n", .invalidStartLine),
        Refusal("HTTP/1.1 2000 OK\r\n", .invalidStartLine),
        Refusal("HTTP/1.1 099 OK\r\n", .invalidStartLine),
        Refusal("HTTP/1.1 two OK\r\n", .invalidStartLine),
        Refusal("HTTP/1.1\r\n", .invalidStartLine),
        Refusal("SSH-2.0-OpenSSH_9.2\r\n", .invalidStartLine),
        Refusal("HTTP/3.0 200 OK\r\n", .unsupportedVersion),
        Refusal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", .protocolSwitch),
        Refusal("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
        Refusal("\u{16}\u{3}\u{1}\r\n", .controlCharacter),
    ]

    @Test(arguments: requests)
    func `a request is refused for its own reason, in one piece and byte by byte`(refusal: Refusal) {
        #expect(events(refusal.text, as: .requests).last == .failed(refusal.error))
        #expect(events(refusal.text, as: .requests, pieces: 1).last == .failed(refusal.error))
    }

    @Test(arguments: responses)
    func `a response is refused for its own reason, in one piece and byte by byte`(refusal: Refusal) {
        #expect(events(refusal.text, as: .responses()).last == .failed(refusal.error))
        #expect(events(refusal.text, as: .responses(), pieces: 1).last == .failed(refusal.error))
    }

    @Test(arguments: [Int.max, 1, 1_000])
    func `limits hold`(pieces: Int) {
        var limits = HTTPParser.Limits()
        limits.line = 100
        limits.headerBytes = 300
        limits.headerCount = 5
        limits.body = 10
        func last(_ text: String) -> HTTPParser.Event? {
            events(text, as: .requests, limits: limits, pieces: pieces).last
        }
        let long = String(repeating: "a", count: 90)
        #expect(last("GET /\(long) HTTP/1.1") == .failed(.lineTooLong))
        #expect(last(Self.get + "X: \(long)\(long)") == .failed(.lineTooLong))
        #expect(last(Self.get + String(repeating: "X: \(long)\r\n", count: 4)) == .failed(.headersTooLarge))
        #expect(last(Self.get + String(repeating: "X:\r\n", count: 5)) == .failed(.tooManyHeaders))
        #expect(last(Self.post + "Content-Length: 11\r\n\r\n") == .failed(.bodyTooLarge))
        #expect(last(Self.chunked + "B\r\nhello world\r\n") == .failed(.bodyTooLarge))
        #expect(last(Self.chunked + "5;\(long)\(long)") == .failed(.lineTooLong))
        #expect(last(Self.chunked + "0\r\n" + String(repeating: "X:\r\n", count: 6)) != .end(keepsAlive: true))
        #expect(last(Self.chunked + "A\r\nhello worl\r\n0\r\n\r\n") == .end(keepsAlive: true))
    }

    @Test func `trailers count against the same limits as headers`() {
        var limits = HTTPParser.Limits()
        limits.headerBytes = 200
        let trailers = String(repeating: "X: \(String(repeating: "b", count: 50))\r\n", count: 10)
        #expect(
            events(Self.chunked + "0\r\n" + trailers, as: .requests, limits: limits).last == .failed(.headersTooLarge)
        )
    }

    @Test(arguments: HTTPParsingError.allCases)
    func `every refusal says why`(error: HTTPParsingError) {
        #expect(error.description.contains(" "))
    }
}
