/// Stripe's signature of a webhook: `t=1492774577,v1=5257a8…,v1=…` in the header Stripe-Signature.
///
/// v1 is HMAC-SHA256 over the time, a dot and the body exactly as it came (https://docs.stripe.com/webhooks/signature).
/// Several v1 stand there while a secret is rolled; other schemes are ignored, so that nobody can ask for a weaker one.
struct StripeSignature: Hashable {
    /// What may be wrong.
    enum Problem: Error, Hashable {
        /// It is not of the form above.
        case malformed
        /// No v1 is right for this body and this secret.
        case mismatch
        /// It is right, and too old or from the future.
        case outsideTolerance
    }

    /// Seconds by which the signature's time may differ from the clock: replay protection, Stripe's default.
    static let tolerance: Int64 = 300

    private let timeText: String
    private let time: Int64
    private let candidates: [[UInt8]]

    init(parsing header: String) throws(Problem) {
        var timeText: String?
        var candidates: [[UInt8]] = []
        for part in header.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw .malformed }
            let value = String(pair[1])
            switch pair[0].drop(while: { $0 == " " }) {
            case "t": timeText = value
            case "v1": if let bytes = Self.bytes(hexadecimal: value) { candidates.append(bytes) }
            default: break
            }
        }
        guard let timeText, let time = Int64(timeText), time >= 0, !candidates.isEmpty else { throw .malformed }
        self.timeText = timeText
        self.time = time
        self.candidates = candidates
    }

    /// Checks the body as it came; `now` in seconds since the epoch.
    func verify(_ body: [UInt8], secret: String, now: Int64) throws(Problem) {
        let expected = SHA256.authenticationCode(of: [Array("\(timeText).".utf8), body], key: Array(secret.utf8))
        // Every candidate is compared in full: how long it takes says nothing about how much was right.
        var isRight = false
        for candidate in candidates where Self.isEqual(candidate, expected) { isRight = true }
        guard isRight else { throw .mismatch }
        guard (now - time).magnitude <= Self.tolerance.magnitude else { throw .outsideTolerance }
    }

    /// Compares without stopping at the first difference.
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * SHA256.digestCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
