import KoomyModel
import KoomyWire

/// How a command ended, for people.
struct OutcomeText {
    var screen: Screen

    /// What a success says: a line for each app, or the whole in one.
    func success(_ verb: String, _ result: CommandResult) -> [String] {
        if let upgrade = result.upgrade {
            let versions = "\(screen.clean(upgrade.from)) -> \(screen.clean(upgrade.to))"
            return ["koomyd upgraded: \(versions), pid \(upgrade.pid)"]
        }
        // Where the daemon has no more to say than "done", it is said what was done.
        func words(_ message: String) -> String { message == "done" ? "\(verb) done" : screen.clean(message) }
        let apps = result.apps.map { "\(screen.clean($0.app)): \(words($0.message))" }
        return apps.isEmpty ? [words(result.message)] : apps
    }

    /// What a failure says: what failed and why, what still runs, and what to try next.
    ///
    /// - Parameters:
    ///   - verb: The command, as `reload`.
    ///   - result: How it ended.
    ///   - running: The apps that it was about, as they are now; nil where that is not known.
    /// - Returns: Lines, none of which is empty.
    func failure(_ verb: String, _ result: CommandResult, running: [AppView]?) -> [String] {
        let error = ErrorView(
            code: result.outcome,
            message: result.message,
            hint: result.hint,
            diagnostics: result.diagnostics,
            exitCode: result.code
        )
        // The headline may be what the one app of the command has to say.
        let told = result.apps.filter { result.apps.count > 1 || !result.message.hasSuffix($0.message) }
        let apps = told.map { app in
            let mark = app.code == 0 ? screen.styled("done", .green) : screen.styled(screen.clean(app.outcome), .red)
            return "  \(screen.clean(app.app)): \(mark): \(screen.clean(app.message))"
        }
        let rest = (running ?? []).map { app in
            "  still running: \(screen.clean(app.name)) with \(StatusText.readySlots(of: app)) of "
                + "\(Quantity.counted(app.instances, "worker")) ready, \(generations(of: app))"
        }
        let failed = result.apps.first { $0.code != 0 }?.app
        let next = result.hint ?? advice(error, app: failed)
        return failure(verb, error, hint: next, between: apps + rest)
    }

    /// A request that was not begun, or whose end is not known.
    func failure(_ verb: String, _ error: ErrorView) -> [String] {
        failure(verb, error, hint: error.hint ?? advice(error, app: nil), between: [])
    }

    /// What failed before koomyd was asked; what its outcome means there is not what to try here.
    func failureToPrepare(_ verb: String, _ error: ErrorView) -> [String] {
        failure(
            verb,
            error,
            hint: error.hint ?? error.diagnostics.flatMap { _ in advice(error, app: nil) },
            between: []
        )
    }

    private func failure(_ verb: String, _ error: ErrorView, hint: String?, between: [String]) -> [String] {
        let head = screen.styled("\(verb) failed:", .red) + " \(screen.clean(error.message))"
        let diagnostics = (error.diagnostics ?? []).map { "  \(screen.clean($0.text))" }
        return [head] + diagnostics + between + (hint.map { ["next: \(screen.clean($0))"] } ?? [])
    }

    private func generations(of app: AppView) -> String {
        let numbers = Set(app.workers.filter { $0.condition == .ready }.map(\.generation)).sorted()
        guard !numbers.isEmpty else { return app.state }
        return "generation " + numbers.map { "\($0)" }.joined(separator: " and ")
    }

    private func advice(_ error: ErrorView, app: String?) -> String? {
        let file = error.diagnostics?.first { $0.severity == "error" }?.file
        return Self.advice(Outcome(rawValue: error.code), app: app, file: file)
    }

    /// The next command to try.
    static func advice(_ outcome: Outcome?, app: String?, file: String? = nil) -> String? {
        let name = app.map { " \($0)" } ?? ""
        switch outcome {
        case .workerFailed, .unhealthy: return "koomyctl logs\(name) --err"
        case .readyTimeout, .drainForced: return app == nil ? "koomyctl events" : "koomyctl describe\(name)"
        case .noSuchApp, .noSuchWorker, .superseded, .aborted, .timedOut: return "koomyctl status"
        case .noDaemon, .shuttingDown: return "koomyctl daemon status"
        case .cannotSave: return "free some space on the disk that holds koomyd's state"
        case .internalError: return "koomyctl events"
        case .noRoom: return "memory_short: stop-first in the file, or fewer instances"
        case .stepFailed: return "koomyctl history\(name)"
        case .badConfiguration: return "koomyctl validate \(file ?? "FILE")"
        case .usage, .badRequest, .notFound, .methodNotAllowed, .tooLarge, .notPermitted, .stateUnreadable, .trouble,
            .done, nil:
            return nil
        }
    }
}
