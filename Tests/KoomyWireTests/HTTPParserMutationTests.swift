import KoomyWire
import TestSupport
import Testing

@Suite struct HTTPParserMutationTests {
    private static let corpus: [String] = [
        "GET /v1/status HTTP/1.1\r\nHost: koomy\r\n\r\n",
        "POST /v1/stop HTTP/1.1\r\nHost: koomy\r\nContent-Length: 19\r\n\r\n{\"targets\":[\"api\"]}",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: u\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\nServer: simple\n\nuntil the end",
    ]

    /// Bytes that matter to the grammar come up often.
    private static let interesting: [UInt8] = Array("\r\n\0 \t:;,0159afHTP/\u{7F}".utf8) + [0x80, 0xFF]

    private static func mutated(_ text: String, using random: inout SeededNumbers) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let byte = interesting.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where place < bytes.count: bytes[place] = byte
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: [byte], at: place)
            case 3:
                let end = min(bytes.count, place + Int.random(in: 0..<12, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            default:
                if let other = corpus.randomElement(using: &random) { bytes.insert(contentsOf: other.utf8, at: place) }
            }
        }
        return bytes
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `mutated messages give the same events in whatever pieces they come`(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        var limits = HTTPParser.Limits()
        limits.line = 120
        limits.headerCount = 6
        for round in 0..<4_000 {
            let bytes = Self.mutated(Self.corpus.randomElement(using: &random) ?? "", using: &random)
            let role: HTTPParser.Role = Bool.random(using: &random) ? .requests : .responses()
            let whole = events(bytes, as: role, limits: limits, finish: true)
            let single = events(bytes, as: role, limits: limits, pieces: 1, finish: true)
            let some = events(
                bytes,
                as: role,
                limits: limits,
                pieces: Int.random(in: 2...9, using: &random),
                finish: true
            )
            guard whole == single, whole == some else {
                Issue.record("seed \(seed), round \(round): \(bytes)\n\(whole)\n\(single)\n\(some)")
                return
            }
            // Every message that began has ended, or the stream has failed.
            let heads = whole.count {
                if case .request = $0 { true } else if case .response = $0 { true } else { false }
            }
            let ends = whole.count { if case .end = $0 { true } else { false } }
            let failures = whole.count { if case .failed = $0 { true } else { false } }
            #expect(failures <= 1 && (heads == ends || failures == 1 && heads == ends + 1))
        }
    }

    @Test func `a stream of noise never costs more than the limits`() {
        var random = SeededNumbers(seed: 99)
        for _ in 0..<200 {
            var parser = HTTPParser(.responses())
            var failed = false
            for _ in 0..<20 where !failed {
                let noise = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) }
                failed = parser.feed(noise).contains { if case .failed = $0 { true } else { false } }
            }
            #expect(failed)
        }
    }
}
