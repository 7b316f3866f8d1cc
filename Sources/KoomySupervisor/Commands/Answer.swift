import KoomyCore
import KoomyModel
import KoomyWire

/// Somebody who waits for a request: told what happens, and at the end how it ended.
final class Answer {
    /// The apps that it is about; nil for all.
    private let apps: Set<AppName>?
    private let onProgress: (CommandProgress) -> Void
    private let onEnd: (CommandResult) -> Void
    private let onBreak: () -> Void

    init(
        apps: Set<AppName>?,
        progress: @escaping (CommandProgress) -> Void = { _ in },
        breakOff: @escaping () -> Void = {},
        end: @escaping (CommandResult) -> Void
    ) {
        onBreak = breakOff
        self.apps = apps
        onProgress = progress
        onEnd = end
    }

    func concerns(_ app: AppName) -> Bool { apps?.contains(app) ?? true }

    func progress(_ app: AppName, _ text: NoticeText) {
        onProgress(CommandProgress(app: app.text, slot: text.slot, message: text.message, step: text.type.rawValue))
    }

    func progress(_ words: String, step: String) {
        onProgress(CommandProgress(app: nil, slot: nil, message: words, step: step))
    }

    /// Another koomyd will have the result.
    func breakOff() { onBreak() }

    func finish(_ result: CommandResult) { onEnd(result) }
}

extension CommandResult {
    /// A fleet's reply as it goes over the wire.
    init(_ reply: Reply) {
        let outcome = reply.outcome.onTheWire
        let results = reply.apps.compactMap { entry in
            entry.app.map { AppResult(app: $0.text, entry.outcome.onTheWire, message: entry.text) }
        }
        let telling = reply.apps.first { $0.outcome == reply.outcome && $0.outcome != .done } ?? reply.apps.first
        let words = telling.map { entry in entry.app.map { "\($0): \(entry.text)" } ?? entry.text }
        self.init(outcome, message: words ?? "done", apps: results)
    }
}

extension AppReply {
    /// What happened, in words, whether or not the machine had any.
    fileprivate var text: String {
        guard message.isEmpty else { return message }
        guard case .rollout(let rollout) = outcome else { return "done" }
        return rollout.words
    }
}

extension KoomyCore.Outcome {
    var onTheWire: KoomyWire.Outcome {
        switch self {
        case .done: .done
        case .noSuchApp: .noSuchApp
        case .rollout(let rollout): rollout.onTheWire
        case .cannotListen: .workerFailed
        case .notSaved: .cannotSave
        case .refused: .badRequest
        case .shuttingDown: .shuttingDown
        }
    }
}

extension RolloutOutcome {
    fileprivate var onTheWire: KoomyWire.Outcome {
        switch self {
        case .done: .done
        case .workerFailed: .workerFailed
        case .readyTimeout: .readyTimeout
        case .unhealthy: .unhealthy
        case .drainForced: .drainForced
        case .superseded: .superseded
        case .aborted: .aborted
        case .noRoom: .noRoom
        }
    }
}
