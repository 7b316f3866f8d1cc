import KoomyModel

@testable import KoomyCore

/// Actions in the few words of a script; what a story seldom turns on is left out: notices, and the timers of workers.
enum Deeds {
    static func words(_ actions: [Action], since now: Instant, naming: Bool = false) -> [String] {
        actions.compactMap { words($0, since: now, naming: naming) }
    }

    private static func words(_ action: Action, since now: Instant, naming: Bool) -> String? {
        func name(_ id: WorkerID) -> String { naming ? "\(id.app)#\(id.serial)" : "\(id.serial)" }
        switch action {
        case .spawn(let id): return "spawn \(name(id))"
        case .signal(let id, let signal): return "\(signal.description.dropFirst(3)) \(name(id))"
        case .killTree(let id): return "kill \(name(id))"
        case .arm(let timer, let instant): return timer.words.map { "\($0) in \(instant - now)" }
        case .disarm(let timer): return timer.words.map { "no \($0)" }
        case .sample: return "sample"
        case .compare(_, let generation): return "compare \(generation.number)"
        case .weigh: return "weigh"
        case .schedule(_, let schedule): return schedule.map { "schedule \($0.text)" }
        case .openListeners(let app, let generation): return "listen \(naming ? "\(app)@" : "")\(generation.number)"
        case .closeSlotListeners(let app, let slot): return "close \(naming ? "\(app)" : "")#\(slot)"
        case .closeListeners(let app, let generation): return "close \(naming ? "\(app)@" : "")\(generation.number)"
        case .prepare(_, let preparation): return preparation.words
        case .reply(let id, let reply): return "reply \(id.number) \(reply.words)"
        case .exit(let status): return "exit \(status)"
        case .anomaly(let anomaly): return "anomaly \(anomaly)"
        case .signalDescendants, .forget, .ask, .publish: return nil
        }
    }
}

extension TimerID {
    /// nil for the timers of workers.
    fileprivate var words: String? {
        switch self {
        case .worker: nil
        case .restart(_, let slot): "restart \(slot)"
        case .settle(_, let slot): "settle \(slot)"
        case .retry: "retry"
        case .sample, .weigh: nil
        case .rehearsal: "rehearsal"
        case .canary: "canary"
        case .stagger: "stagger"
        case .recycleHold: "hold"
        case .save: "save"
        }
    }
}

extension Preparation {
    fileprivate var words: String {
        let opened = listeners.map { "\($0.app)@\($0.generation.number)" }
        return (["prepare"] + opened + (desired == nil ? [] : ["save"])).joined(separator: " ")
    }
}

extension Reply {
    var words: String {
        guard !apps.isEmpty else { return "\(outcome)" }
        return apps.map { "\($0.app.map { "\($0) " } ?? "")\($0.outcome.words)" }.joined(separator: ", ")
    }
}

extension Outcome {
    fileprivate var words: String {
        switch self {
        case .rollout(let outcome): "\(outcome)"
        case .done, .noSuchApp, .cannotListen, .notSaved, .refused, .shuttingDown: "\(self)"
        }
    }
}
