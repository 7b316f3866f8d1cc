import KoomyModel

/// What `koomyctl verify` is to do.
struct VerifyRequest: Equatable {
    /// How requests use connections.
    enum Style: String, CaseIterable, Equatable {
        case keepAlive = "keep-alive"
        case close
        /// In turns.
        case both
    }

    enum Method: String, CaseIterable, Equatable { case GET, HEAD }

    var app: AppName
    /// nil for the path of the app's probe, or `/`.
    var path: String?
    /// Requests a second.
    var rate = 50
    var style = Style.both
    /// How long requests are made before the reload, and after it.
    var duration = TimeSpan.seconds(2)
    var method = Method.GET
    /// A response that takes longer is counted as slow.
    var slow = TimeSpan.seconds(1)

    /// A request without a response for so long has failed.
    static let patience = TimeSpan.seconds(10)
    /// The most connections at one time; what is due beyond them waits, and its time runs.
    static let mostConnections = 256
    /// Idle connections that are kept for each listener; each is used in its turn, so that some are always idle.
    static let idleConnections = 16
    static let rates = 1...2_000
}
