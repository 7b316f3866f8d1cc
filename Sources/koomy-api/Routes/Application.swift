import CMicrohttpd
import Glibc
import KoomyWorker

/// What other threads report to the application.
enum BackgroundResult: Sendable {
    case checked(ExchangeID, dependency: Int, CheckResult, took: Duration)
    /// Whether the event was new, or why it could not be stored.
    case stored(ExchangeID, Result<Bool, StoreProblem>)
    case burned(ExchangeID)
}

/// The routes, and the requests that wait for something.
///
/// It runs on the loop's thread and never blocks it.
final class Application {
    /// What a request waits for.
    enum Waiting {
        case delay(milliseconds: Int)
        case storing(WebhookEvent)
        case checks(CheckRound)
    }

    /// What becomes due by the clock.
    enum Timer {
        case delayOver(ExchangeID)
        case checksOver(ExchangeID)
    }

    /// A response for a request that had to wait.
    struct Finished {
        let exchange: Exchange
        let reply: Reply
    }

    /// Requests that may wait for the store, or for a processor, before more are turned away.
    static let laneLimit = 1_024

    let options: Options
    let worker: Worker
    let log: RequestLog
    let mailbox: Mailbox<BackgroundResult>
    let startedAt = MonotonicTime.now()
    let dependencies: [Dependency]
    private(set) var waiting: [ExchangeID: (exchange: Exchange, what: Waiting)] = [:]
    private var timers = TimerQueue<Timer>()
    let storing: Lane<StoreJob>?
    let checking: [Lane<CheckJob>]
    let burning: Lane<BurnJob>
    /// What `/crash?mode=leak` has taken.
    var leaked: [UnsafeMutableRawPointer] = []

    /// nil where the kernel gives no thread or descriptor.
    init?(options: Options, worker: Worker, store: WebhookStore?, log: RequestLog) {
        guard let mailbox = Mailbox<BackgroundResult>(), let burning = BurnJob.lane(reportingTo: mailbox) else {
            return nil
        }
        var dependencies = options.dependencies
        if let store {
            let folder = store.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/"
            )
            let disk = Dependency.Kind.disk(
                folder: folder.isEmpty ? (store.path.hasPrefix("/") ? "/" : ".") : folder,
                minimumFree: options.minimumDisk
            )
            dependencies.insert(Dependency(name: "database", isCritical: true, kind: .database(store)), at: 0)
            dependencies.insert(Dependency(name: "disk", isCritical: true, kind: disk), at: 1)
        }
        var checking: [Lane<CheckJob>] = []
        for dependency in dependencies {
            guard let lane = CheckJob.lane(for: dependency, timeout: options.checkTimeout, reportingTo: mailbox) else {
                return nil
            }
            checking.append(lane)
        }
        let storing = store.map { StoreJob.lane(for: $0, reportingTo: mailbox) }
        if case .some(nil) = storing { return nil }
        self.storing = storing ?? nil
        self.options = options
        self.worker = worker
        self.log = log
        self.mailbox = mailbox
        self.dependencies = dependencies
        self.checking = checking
        self.burning = burning
    }

    /// When `due` has to be called.
    var nextDeadline: MonotonicTime? { timers.nextDeadline }

    /// Seconds, with milliseconds as their fraction.
    var uptime: Double { ((.now() - startedAt) / .milliseconds(1)).rounded() / 1_000 }

    /// The response, or nil where it comes out of `receive` or `due` later.
    func respond(to exchange: Exchange) -> Reply? {
        guard let route = Route.all.first(where: { $0.path == exchange.path }), route.exists(options) else {
            return .failure(MHD_HTTP_NOT_FOUND, "not_found", "There is nothing at \(exchange.path).")
        }
        guard route.methods.contains(exchange.method) else {
            var reply = Reply.failure(
                MHD_HTTP_METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "\(exchange.path) does not know the method \(exchange.method)."
            )
            reply.headers = [("Allow", route.methods.joined(separator: ", "))]
            return reply
        }
        return route.respond(self, exchange)
    }

    /// Keeps the request until something happens.
    func wait(_ exchange: Exchange, for what: Waiting) -> Reply? {
        waiting[exchange.id] = (exchange, what)
        return nil
    }

    func schedule(_ timer: Timer, after time: Duration) { timers.add(timer, at: .now() + time) }

    /// The request's response, now that it is known; nil where it got one before.
    func finish(_ id: ExchangeID, _ reply: Reply) -> Finished? {
        waiting.removeValue(forKey: id).map { Finished(exchange: $0.exchange, reply: reply) }
    }

    /// Exchanges what a request waits for.
    func keepWaiting(_ id: ExchangeID, for what: Waiting) { waiting[id]?.what = what }

    /// Takes what the other threads have reported.
    func receive() -> [Finished] {
        mailbox.takeAll().compactMap { message in
            switch message {
            case .checked(let id, let dependency, let result, let took): checked(id, dependency, result, took: took)
            case .stored(let id, let result): stored(id, result)
            case .burned(let id): delayOver(id)
            }
        }
    }

    /// Takes what is due by the clock.
    func due(at now: MonotonicTime) -> [Finished] {
        var finished: [Finished] = []
        while let timer = timers.next(at: now) {
            switch timer {
            case .delayOver(let id): delayOver(id).map { finished.append($0) }
            case .checksOver(let id): checksOver(id).map { finished.append($0) }
            }
        }
        return finished
    }
}
