import KoomyModel
import KoomyWire

/// Whose fault a failure was, with the evidence for it.
struct Attribution: Hashable {
    enum Culprit: String, CaseIterable, Codable {
        /// Nothing listened.
        case koomy
        /// A worker that was leaving.
        case drain = "app_drain"
        /// A worker that had said that it serves.
        case readiness = "app_readiness"
        case unknown
    }

    var culprit: Culprit
    /// A sentence for people.
    var evidence: String
    var slot: Int?
    var pid: Int32?

    /// Judges a failure by what koomyd was doing.
    ///
    /// - Parameters:
    ///   - failure: What was seen.
    ///   - events: The app's events since before the first request, in their order.
    init(_ failure: LoadFailure, _ events: [EventView]) {
        let history = WorkerHistory(events)
        let leaving = history.leaving(at: failure.at)
        let fresh = history.ready(by: failure.dueAt)
        let reuse = failure.isReused ? "a keep-alive connection" : "a new connection"
        switch failure.kind {
        case .refused:
            self.init(.koomy, "nothing listened on \(failure.listener)")
        case .reset where !failure.hasListener:
            self.init(.koomy, "\(reuse) was reset, and nothing listened on \(failure.listener)")
        case .reset, .closed, .truncated:
            guard let worker = leaving else {
                self.init(.unknown, "\(reuse) \(failure.kind.words), and no worker was leaving")
                return
            }
            let since = failure.at - worker.at
            let how =
                failure.isReused && failure.kind == .reset
                ? "an idle keep-alive connection was closed as a request was sent, without `Connection: close` before"
                : "\(reuse) \(failure.kind.words)"
            self.init(.drain, "\(how), while \(worker.name) was leaving, \(since) ms after it was asked to", worker)
        case .status, .timedOut:
            guard let worker = fresh else {
                self.init(.unknown, "\(failure.kind.words), before any new worker was ready")
                return
            }
            let since = failure.dueAt - worker.at
            let also = leaving.map { "; \($0.name) was leaving" } ?? ""
            self.init(.readiness, "\(failure.kind.words), \(since) ms after \(worker.name) was ready\(also)", worker)
        case .other(let words):
            self.init(.unknown, words)
        }
    }

    private init(_ culprit: Culprit, _ evidence: String, _ worker: WorkerHistory.Moment? = nil) {
        self.culprit = culprit
        self.evidence = evidence
        slot = worker?.slot
        pid = worker?.pid
    }
}

extension LoadFailure.Kind {
    /// What happened to the connection or request, to follow its name.
    var words: String {
        switch self {
        case .refused: "was refused"
        case .reset: "was reset before the request was read"
        case .closed: "was closed with a request in flight, without a response"
        case .truncated: "broke off in the middle of a response"
        case .status(let status): "status \(status)"
        case .timedOut: "no response within \(VerifyRequest.patience)"
        case .other(let words): words
        }
    }

    /// A stable word.
    var word: String {
        switch self {
        case .refused: "refused"
        case .reset: "reset"
        case .closed: "closed"
        case .truncated: "truncated"
        case .status: "status"
        case .timedOut: "timeout"
        case .other: "other"
        }
    }
}
