import KoomyModel

/// What an app's starts are subject to after workers ended that nobody had asked to.
package enum Breaker: Hashable, Sendable, Codable {
    /// Each slot restarts by its own record. Transitions to: incident, open.
    case closed
    /// Several workers ended alike in a moment: the scout's slot restarts alone, the others wait until it is ready.
    ///
    /// Transitions to: closed, open.
    case incident(scout: Int)
    /// Too many unstable ends: nothing is started until the retry timer fires. Transitions to: halfOpen, closed.
    case open
    /// One worker is tried; a stable run closes the breaker, another end opens it again. Transitions to: closed, open.
    case halfOpen(scout: Int)
    /// The listeners could not be opened, for this reason: nothing is started before they are. Transitions to: closed.
    case deaf(String)

    package var scout: Int? {
        switch self {
        case .incident(let scout), .halfOpen(let scout): scout
        case .closed, .open, .deaf: nil
        }
    }
}

/// The end of a worker that the next one is compared with.
struct RecentEnd: Hashable, Sendable, Codable {
    /// Ends this close together, and alike, have one cause.
    static let moment = TimeSpan.seconds(1)

    var slot: Int
    var reason: ExitReason
    var at: Instant
}
