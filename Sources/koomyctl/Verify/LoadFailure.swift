import KoomyModel

/// A request that got no good response, with what was seen of it.
struct LoadFailure: Hashable {
    /// How a connection ended under a request.
    enum Kind: Hashable {
        /// Nothing listens.
        case refused
        /// The connection was reset before the program had read the request: what it has not read is thrown away so (tcp(7)).
        case reset
        /// The connection was closed in order, after the program had the request, without a response.
        case closed
        /// The response broke off.
        case truncated
        /// 500 to 599, or 400 to 499 where it was not so before the reload.
        case status(Int)
        case timedOut
        /// What came is no HTTP response, or nothing could be sent.
        case other(String)
    }

    var kind: Kind
    /// Whether requests had been answered on the connection before.
    var isReused: Bool
    /// Whether something listened right after it.
    var hasListener: Bool
    var listener: String
    /// When the request was due, and when it failed, in milliseconds since the epoch.
    var dueAt: Int64
    var at: Int64
}
