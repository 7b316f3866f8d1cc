/// Names one command, so that it is done once however often it is sent: the value of the header `Idempotency-Key`.
public struct IdempotencyKey: Hashable, Sendable {
    /// 1 to 64 letters, digits, `-` and `_`.
    public let text: String

    /// The header's name.
    package static let header = "Idempotency-Key"

    /// Takes a text as a key; nil where it is none.
    public init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = String(text)
    }

    /// A key that nobody else has: 32 hexadecimal digits, 128 bits of the system's randomness.
    public static func random() -> IdempotencyKey {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in
            let half = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }
        return IdempotencyKey(trusted: digits.joined())
    }

    /// What a text is expected to be, as a sentence.
    package static let problem = "\(header) has to be 1 to 64 letters, digits, \"-\" and \"_\""

    private init(trusted text: String) { self.text = text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension IdempotencyKey: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
