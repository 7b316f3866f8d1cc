/// The bookkeeping of an orderly leave, without any I/O: which connection is idle, and what is due with it when.
///
/// It serves any event loop: tell it the facts (`opened`, `requestBegan`, `requestEnded`, `closed`, `begin`), wait no
/// longer than `nextDeadline`, and do what `due(at:)` says. While `isDraining`, every response has to say
/// `Connection: close`, and no listener is accepted from.
///
/// A connection's life: idle, busy, idle … and at its end half-closed (the write side is shut, what still comes is read
/// and thrown away, RFC 9112 §9.6) until the peer has closed too, or for `closeTimeout` at most.
public struct Drain<ID: Hashable & Sendable>: Sendable {
    /// What is to be done with a connection.
    public enum Step: Hashable, Sendable {
        /// Shut the write side, and read until the peer closes.
        ///
        /// Where bytes have come that nobody has looked at, read them first: then it is not idle.
        case halfClose(ID)
        /// Close it: the peer had its time.
        case close(ID)
    }

    private enum Condition: Hashable, Sendable {
        /// No request is under way. Goes to `busy`, `halfClosed`.
        case idle(since: MonotonicTime)
        /// A request has begun to arrive, or its response is not sent yet. Goes to `idle`, `halfClosed`.
        case busy
        /// The write side is shut. Goes nowhere.
        case halfClosed(since: MonotonicTime)
    }

    /// How long an idle connection is kept in a drain for a request that may be on its way.
    public let linger: Duration
    /// How long a half-closed connection is read from.
    public let closeTimeout: Duration
    /// How long an idle connection is kept otherwise; nil for ever.
    public let idleTimeout: Duration?
    /// Requests that came on a half-closed connection, and could not be answered.
    public private(set) var lateRequests = 0
    /// Requests that have begun and not ended.
    public private(set) var requestsInFlight = 0

    private var conditions: [ID: Condition] = [:]
    private var began: MonotonicTime?
    /// Not later than the first deadline; connections in use push theirs back without looking here.
    private var earliest: MonotonicTime?

    /// A ledger without connections.
    public init(linger: Duration = .seconds(2), closeTimeout: Duration = .seconds(2), idleTimeout: Duration? = nil) {
        self.linger = linger
        self.closeTimeout = closeTimeout
        self.idleTimeout = idleTimeout
    }

    /// Whether the worker leaves.
    public var isDraining: Bool { began != nil }
    /// Whether the worker leaves and has no connection any more.
    public var isFinished: Bool { isDraining && conditions.isEmpty }
    /// Connections that are open, in any condition.
    public var connectionCount: Int { conditions.count }
    /// When `due(at:)` has to be asked again at the latest; nil while nothing is going to be due.
    public var nextDeadline: MonotonicTime? { earliest }

    /// A connection was accepted.
    public mutating func opened(_ id: ID, at now: MonotonicTime) { idle(id, since: now) }

    /// The first byte of a request came.
    ///
    /// - Returns: Whether it is to be answered; false on a connection that cannot carry an answer any more.
    @discardableResult
    public mutating func requestBegan(_ id: ID) -> Bool {
        switch conditions[id] {
        case .idle:
            conditions[id] = .busy
            requestsInFlight += 1
            return true
        case .busy: return true
        case .halfClosed:
            lateRequests += 1
            return false
        case nil: return false
        }
    }

    /// The response to the last request was sent, and the connection kept.
    public mutating func requestEnded(_ id: ID, at now: MonotonicTime) {
        guard conditions[id] == .busy else { return }
        requestsInFlight -= 1
        idle(id, since: now)
    }

    /// The write side was shut, after a response that said `Connection: close` or on the advice of `due(at:)`.
    public mutating func halfClosed(_ id: ID, at now: MonotonicTime) {
        guard let condition = conditions[id] else { return }
        if condition == .busy { requestsInFlight -= 1 }
        conditions[id] = .halfClosed(since: now)
        wake(at: now + closeTimeout)
    }

    /// The connection is gone.
    public mutating func closed(_ id: ID) {
        if conditions.removeValue(forKey: id) == .busy { requestsInFlight -= 1 }
    }

    /// The worker was asked to leave; later calls change nothing.
    public mutating func begin(at now: MonotonicTime) {
        guard began == nil else { return }
        began = now
        earliest = nil
        for condition in conditions.values { if let deadline = deadline(of: condition) { wake(at: deadline) } }
    }

    /// What is due now; a connection stays in the list until `halfClosed` or `closed` is told of it.
    public mutating func due(at now: MonotonicTime) -> [Step] {
        guard let earliest, earliest <= now else { return [] }
        self.earliest = nil
        var steps: [Step] = []
        for (id, condition) in conditions {
            guard let deadline = deadline(of: condition) else { continue }
            wake(at: deadline)
            guard deadline <= now else { continue }
            switch condition {
            case .idle: steps.append(.halfClose(id))
            case .halfClosed: steps.append(.close(id))
            case .busy: break
            }
        }
        return steps
    }

    private mutating func idle(_ id: ID, since now: MonotonicTime) {
        let condition = Condition.idle(since: now)
        conditions[id] = condition
        if let deadline = deadline(of: condition) { wake(at: deadline) }
    }

    private func deadline(of condition: Condition) -> MonotonicTime? {
        switch condition {
        case .busy: nil
        case .halfClosed(let since): since + closeTimeout
        case .idle(let since): began.map { max($0, since) + linger } ?? idleTimeout.map { since + $0 }
        }
    }

    private mutating func wake(at moment: MonotonicTime) { earliest = earliest.map { min($0, moment) } ?? moment }
}
