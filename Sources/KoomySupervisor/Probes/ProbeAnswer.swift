import KoomyCore
import KoomyWire

/// Reads the answer to a probe and judges it.
nonisolated struct ProbeAnswer {
    /// The status that is wanted; nil for any from 200 to 399.
    private let expected: Int?
    private var parser = HTTPParser(.responses())
    private(set) var hasBegun = false
    private var bodyBytes = 0

    /// A health answer that is longer has said enough.
    private static let longestBody = 65_536

    init(expected: Int?) { self.expected = expected }

    /// What is known after these bytes; nil where more has to come.
    mutating func feed(_ bytes: [UInt8]) -> ProbeResult? {
        hasBegun = hasBegun || !bytes.isEmpty
        return judge(parser.feed(bytes))
    }

    /// What is known when no more comes.
    mutating func finish() -> ProbeResult {
        guard hasBegun else { return .failed("the connection was closed without an answer") }
        return judge(parser.finish()) ?? .failed("malformed answer: it ends too early")
    }

    private mutating func judge(_ events: [HTTPParser.Event]) -> ProbeResult? {
        for event in events {
            switch event {
            case .response(let head):
                if !isWanted(head.status) { return .failed("HTTP \(head.status)") }
            case .body(let bytes):
                bodyBytes += bytes.count
                if bodyBytes > Self.longestBody { return .succeeded }
            case .end: return .succeeded
            case .failed(let error): return .failed("malformed answer: \(error)")
            case .request: break
            }
        }
        return nil
    }

    private func isWanted(_ status: Int) -> Bool {
        expected.map { $0 == status } ?? (200...399).contains(status)
    }
}
