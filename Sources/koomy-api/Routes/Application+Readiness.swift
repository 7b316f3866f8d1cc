import CMicrohttpd
import Glibc
import KoomyWorker

/// A check that one request asks for.
struct CheckJob: Sendable {
    var exchange: ExchangeID
    var dependency: Int

    /// The thread that looks at one dependency; requests that come while it looks share the next look.
    static func lane(
        for dependency: Dependency,
        timeout: Duration,
        reportingTo mailbox: Mailbox<BackgroundResult>
    ) -> Lane<CheckJob>? {
        Lane(limit: Application.laneLimit) { jobs in
            let begin = MonotonicTime.now()
            let result = dependency.check(timeout: timeout)
            let took = MonotonicTime.now() - begin
            for job in jobs {
                mailbox.post(.checked(job.exchange, dependency: job.dependency, result, took: took))
            }
        }
    }
}

/// The checks that one request waits for.
struct CheckRound {
    /// Which route asked.
    enum Purpose {
        case health
        case readiness(isVerbose: Bool)
    }

    var purpose: Purpose
    /// Indices into the application's dependencies.
    var wanted: [Int]
    var results: [Int: (result: CheckResult, took: Duration)] = [:]

    var isComplete: Bool { results.count == wanted.count }

    /// What was found, with everything that did not answer counted as too slow.
    func result(of dependency: Int) -> CheckResult { results[dependency]?.result ?? .timedOut }
}

extension Application {
    /// `GET /api/health`: this process, and whether its database is there.
    func health(_ exchange: Exchange) -> Reply? {
        let wanted = dependencies.indices.filter { if case .database = dependencies[$0].kind { true } else { false } }
        return begin(CheckRound(purpose: .health, wanted: wanted), for: exchange)
    }

    /// `GET /api/ready`: everything that is needed, looked at in parallel.
    func readiness(_ exchange: Exchange, isVerbose: Bool) -> Reply? {
        begin(CheckRound(purpose: .readiness(isVerbose: isVerbose), wanted: Array(dependencies.indices)), for: exchange)
    }

    func checked(_ id: ExchangeID, _ dependency: Int, _ result: CheckResult, took: Duration) -> Finished? {
        guard let entry = waiting[id], case .checks(var round) = entry.what else { return nil }
        round.results[dependency] = (result, took)
        guard round.isComplete else {
            keepWaiting(id, for: .checks(round))
            return nil
        }
        return finish(id, reply(to: entry.exchange, round))
    }

    func checksOver(_ id: ExchangeID) -> Finished? {
        guard let entry = waiting[id], case .checks(let round) = entry.what else { return nil }
        return finish(id, reply(to: entry.exchange, round))
    }

    private func begin(_ round: CheckRound, for exchange: Exchange) -> Reply? {
        guard !round.wanted.isEmpty else { return reply(to: exchange, round) }
        for dependency in round.wanted {
            // A lane that takes no more has a check that hangs: the request counts it as too slow.
            _ = checking[dependency].submit(CheckJob(exchange: exchange.id, dependency: dependency))
        }
        schedule(.checksOver(exchange.id), after: options.checkTimeout)
        return wait(exchange, for: .checks(round))
    }

    private func reply(to exchange: Exchange, _ round: CheckRound) -> Reply {
        switch round.purpose {
        case .health: healthReply(round)
        case .readiness(let isVerbose): readinessReply(exchange, round, isVerbose: isVerbose)
        }
    }

    private func healthReply(_ round: CheckRound) -> Reply {
        let isHealthy = round.wanted.allSatisfy { round.result(of: $0) == .up }
        let body: JSON = [
            "status": isHealthy ? "healthy" : "unhealthy",
            "timestamp": .string(WallClock.now().text),
            "server": "koomy-api",
            "version": .string(options.versionLabel),
            "uptime": .number(uptime),
            "git": ["sha": .text(options.gitSHA), "source": .text(options.gitSource)],
            "database": .string(round.wanted.first.map { round.result(of: $0).word } ?? "none"),
            "memory": ProcessUsage.now().json,
        ]
        return Reply(status: UInt32(isHealthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE), body: body)
    }

    private func readinessReply(_ exchange: Exchange, _ round: CheckRound, isVerbose: Bool) -> Reply {
        let critical = round.wanted.filter { dependencies[$0].isCritical }.map { round.result(of: $0) }
        let isDown = critical.contains { if case .down = $0 { true } else { false } }
        let isSlow = critical.contains(.timedOut)
        let isDegraded = round.wanted.contains { round.result(of: $0) != .up }
        let (status, word): (Int32, String) =
            if isDown { (MHD_HTTP_SERVICE_UNAVAILABLE, "unavailable") } else if isSlow {
                (MHD_HTTP_REQUEST_TIMEOUT, "timeout")
            } else { (MHD_HTTP_OK, isDegraded ? "degraded" : "ready") }
        var members: [JSON.Member] = [
            .init(name: "status", value: .string(word)),
            .init(name: "timestamp", value: .string(WallClock.now().text)),
            .init(name: "checks", value: checksJSON(round, isVerbose: isVerbose)),
            .init(name: "memory", value: ProcessUsage.now().json),
            .init(name: "uptime", value: .number(uptime)),
            .init(name: "responseTime", value: .number(RequestLog.milliseconds(.now() - exchange.begunAt))),
        ]
        if isVerbose {
            let process: JSON = [
                "pid": .integer(getpid()),
                "app": .text(worker.app),
                "slot": worker.slot.map { .integer($0) } ?? .null,
                "generation": worker.generation.map { .integer($0) } ?? .null,
                "version": .string(options.versionLabel),
                "database": .text(options.database),
                "requestsWaiting": .integer(waiting.count),
            ]
            members.append(.init(name: "process", value: process))
        }
        return Reply(status: UInt32(status), body: .object(members))
    }

    private func checksJSON(_ round: CheckRound, isVerbose: Bool) -> JSON {
        .object(
            round.wanted.map { index in
                let dependency = dependencies[index]
                let result = round.result(of: index)
                guard isVerbose else { return .init(name: dependency.name, value: .string(result.word)) }
                var message = JSON.null
                if case .down(let text) = result { message = .string(text) }
                let detail: JSON = [
                    "status": .string(result.word),
                    "critical": .bool(dependency.isCritical),
                    "message": message,
                    "duration": round.results[index].map { .number(RequestLog.milliseconds($0.took)) } ?? .null,
                ]
                return .init(name: dependency.name, value: detail)
            }
        )
    }
}

extension JSON {
    /// A string, or null where there is none.
    static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}
