/// A path and what it answers.
struct Route: Sendable {
    let path: String
    let methods: [String]
    /// Whether it is there with these options; where not, the answer is 404 like that of any unknown path.
    var exists: @Sendable (Options) -> Bool = { _ in true }
    let respond: @Sendable (Application, Exchange) -> Reply?

    private static let read = ["GET", "HEAD"]

    static let all: [Route] = [
        Route(path: "/health", methods: read) { _, _ in .ok(["ok": true, "timestamp": .string(WallClock.now().text)]) },
        Route(path: "/api/health", methods: read) { $0.health($1) },
        Route(path: "/api/ready", methods: read) { $0.readiness($1, isVerbose: false) },
        Route(path: "/api/ready/verbose", methods: read, exists: { !$0.isProduction }) {
            $0.readiness($1, isVerbose: true)
        },
        Route(path: "/api/webhooks/stripe", methods: ["POST"]) { $0.stripeWebhook($1) },
        Route(path: "/work", methods: read) { $0.work($1) },
        Route(path: "/crash", methods: read, exists: { $0.allowsFaults }) { $0.crash($1) },
    ]
}
