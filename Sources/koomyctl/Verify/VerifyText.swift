import KoomyWire

/// What `koomyctl verify` says to people.
struct VerifyText {
    var report: VerifyReport
    var screen: Screen
    /// A wall time in milliseconds since the Unix epoch, for people.
    var stamp: (Int64) -> String

    /// As many failures of each culprit are told one by one.
    private static let examples = 5

    var lines: [String] {
        let requests = report.requests
        let slow = requests.slow > 0 ? ", \(requests.slow) slow" : ""
        let failed = requests.failed > 0 ? screen.styled("\(requests.failed) failed", .red) : "0 failed"
        var lines = [
            "\(screen.clean(report.app)): \(Quantity.counted(requests.begun, "request")), "
                + "\(requests.ok) answered, \(failed)\(slow)"
        ]
        if let latency = report.latencyMs {
            lines.append(
                "  p50 \(tenths(latency.p50)) ms, p99 \(tenths(latency.p99)) ms, max \(tenths(latency.max)) ms"
            )
        }
        let outcome = report.reload.code == 0 ? "done" : screen.styled(screen.clean(report.reload.outcome), .red)
        lines.append("  reload: \(outcome): \(screen.clean(report.reload.message))")
        for culprit in Attribution.Culprit.allCases {
            guard let count = report.culprits[culprit.rawValue] else { continue }
            lines.append("\(count) of them: \(culprit.words)")
            let own = report.failures.filter { $0.culprit == culprit.rawValue }
            lines += own.prefix(Self.examples).map { "  \(stamp($0.at))  \(screen.clean($0.evidence))" }
            if count > Self.examples { lines.append("  and \(count - Self.examples) more") }
            lines.append("  next: \(culprit.advice)")
        }
        return lines
    }

    private func tenths(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension Attribution.Culprit {
    fileprivate var words: String {
        switch self {
        case .koomy: "koomyd's doing: nothing listened"
        case .drain: "the app's drain: a worker that was leaving closed a connection with a request on it"
        case .readiness: "the app's readiness: a worker that had said it serves did not"
        case .unknown: "unknown whose doing"
        }
    }

    fileprivate var advice: String {
        switch self {
        case .koomy: "please report it, with koomyctl events"
        case .drain:
            "docs/worker-contract.md, TERM: finish what is in flight, say Connection: close, end idle connections late"
        case .readiness:
            "say that a worker is ready only when it can answer: ready: notify, or a probe that tries what it needs"
        case .unknown: "koomyctl logs, and koomyctl events"
        }
    }
}
