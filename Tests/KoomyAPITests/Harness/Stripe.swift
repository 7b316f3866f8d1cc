import Glibc
import KoomyWorker

@testable import koomy_api

/// A sender of webhooks as Stripe is one.
struct Stripe {
    static let secret = "whsec_test"

    /// The request of one event, signed.
    static func request(
        id: String,
        type: String = "charge.succeeded",
        secret: String = secret,
        age: Int64 = 0
    ) -> String {
        request(body: #"{"id":"\#(id)","type":"\#(type)","data":{"object":{"id":"inner"}}}"#, secret: secret, age: age)
    }

    /// The request of any body, signed.
    static func request(body: String, secret: String = secret, age: Int64 = 0) -> String {
        let time = WallClock.now().seconds - age
        let code = SHA256.authenticationCode(of: [Array("\(time).\(body)".utf8)], key: Array(secret.utf8))
        let text = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return post(body, headers: "Stripe-Signature: t=\(time),v1=\(text)\r\n")
    }

    static func post(_ body: String, headers: String) -> String {
        "POST /api/webhooks/stripe HTTP/1.1\r\nHost: t\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
