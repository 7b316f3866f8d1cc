import CMicrohttpd
import Glibc
import KoomyWorker

/// Processor time that one request wants used up.
struct BurnJob: Sendable {
    var exchange: ExchangeID
    var milliseconds: Int

    /// The thread that is busy; one request after another.
    static func lane(reportingTo mailbox: Mailbox<BackgroundResult>) -> Lane<BurnJob>? {
        Lane(limit: Application.laneLimit) { jobs in
            for job in jobs {
                let end = MonotonicTime.now() + .milliseconds(job.milliseconds)
                while MonotonicTime.now() < end {}
                mailbox.post(.burned(job.exchange))
            }
        }
    }
}

extension Application {
    /// The longest that `/work` takes.
    static let workLimit = 60_000

    /// `GET /work?ms=N`: answers after N ms while everything else goes on; with `cpu=1` a processor is busy that long.
    func work(_ exchange: Exchange) -> Reply? {
        guard let milliseconds = Int(exchange.parameter("ms") ?? "0"), milliseconds >= 0 else {
            return .failure(MHD_HTTP_BAD_REQUEST, "bad_parameter", "ms is a number of milliseconds.")
        }
        let time = min(milliseconds, Self.workLimit)
        if exchange.parameter("cpu") == "1" {
            guard burning.submit(BurnJob(exchange: exchange.id, milliseconds: time)) else {
                return .unavailable("busy", "Too many requests wait for a processor.")
            }
        } else {
            guard time > 0 else { return workReply(0) }
            schedule(.delayOver(exchange.id), after: .milliseconds(time))
        }
        return wait(exchange, for: .delay(milliseconds: time))
    }

    func delayOver(_ id: ExchangeID) -> Finished? {
        guard let entry = waiting[id], case .delay(let milliseconds) = entry.what else { return nil }
        return finish(id, workReply(milliseconds))
    }

    private func workReply(_ milliseconds: Int) -> Reply {
        .ok(["worked": .integer(milliseconds), "pid": .integer(getpid()), "version": .string(options.versionLabel)])
    }
}
