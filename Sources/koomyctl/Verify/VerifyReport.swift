import KoomyModel
import KoomyWire

/// What `koomyctl verify --json` prints, as one line.
struct VerifyReport: Codable, Hashable {
    struct Reload: Codable, Hashable {
        var code: Int32
        var outcome: String
        var message: String
    }

    struct Requests: Codable, Hashable {
        var begun: Int
        var ok: Int
        var failed: Int
        /// Of those that were answered.
        var slow: Int
    }

    /// Milliseconds from when a request was due to the end of its response; absent where none was answered.
    struct Latency: Codable, Hashable {
        var p50: Double
        var p99: Double
        var max: Double
    }

    struct Failure: Codable, Hashable {
        var kind: String
        var status: Int?
        /// Whether requests had been answered on the connection before.
        var reused: Bool
        var listener: String
        /// When the request was due, and when it failed, in milliseconds since the epoch.
        var dueAt: Int64
        var at: Int64
        var culprit: String
        var evidence: String
        var slot: Int?
        var pid: Int32?
    }

    /// The version of this schema; raised only by a change that an older reader would misunderstand.
    static let currentSchema = 1
    /// Failures beyond this are counted and not listed.
    static let mostFailures = 1_000

    var schema = Self.currentSchema
    var app: String
    var path: String
    var listeners: [String]
    var reload: Reload
    var requests: Requests
    var latencyMs: Latency?
    /// How many failures are whose doing; only those that have some.
    var culprits: [String: Int]
    var failures: [Failure]
    /// The exit code.
    var code: Int32

    init(
        _ app: AppName,
        _ target: VerifyTarget,
        _ tally: Load.Tally,
        reload: Reload,
        events: [EventView]
    ) {
        self.app = app.text
        path = target.path
        listeners = target.listeners.map(\.address.description)
        self.reload = reload
        let failed = tally.failures
        requests = Requests(begun: tally.begun, ok: tally.ok, failed: failed.count, slow: tally.slow)
        latencyMs = Latency(tally.times)
        let own = events.filter { $0.app == app.text }
        let judged = failed.map { ($0, Attribution($0, own)) }
        culprits = judged.reduce(into: [:]) { $0[$1.1.culprit.rawValue, default: 0] += 1 }
        failures = judged.prefix(Self.mostFailures).map(Failure.init)
        code =
            self.reload.code != ExitCode.done.rawValue
            ? self.reload.code : failed.isEmpty ? ExitCode.done.rawValue : ExitCode.trouble.rawValue
    }
}

extension VerifyReport.Latency {
    fileprivate init?(_ times: [TimeSpan]) {
        let sorted = times.sorted()
        guard let last = sorted.last else { return nil }
        func percentile(_ share: Double) -> Double {
            Self.milliseconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))])
        }
        self.init(p50: percentile(0.5), p99: percentile(0.99), max: Self.milliseconds(last))
    }

    private static func milliseconds(_ span: TimeSpan) -> Double { Double(span.nanoseconds / 1_000) / 1_000 }
}

extension VerifyReport.Failure {
    fileprivate init(_ failure: LoadFailure, _ attribution: Attribution) {
        kind = failure.kind.word
        if case .status(let number) = failure.kind { status = number }
        reused = failure.isReused
        listener = failure.listener
        dueAt = failure.dueAt
        at = failure.at
        culprit = attribution.culprit.rawValue
        evidence = attribution.evidence
        slot = attribution.slot
        pid = attribution.pid
    }
}
