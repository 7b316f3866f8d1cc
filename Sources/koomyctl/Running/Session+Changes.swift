import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// Commands that ask for a change and wait for it.
extension Session {
    func change(_ verb: String, _ command: ControlCommand) -> Int32 {
        withClient(verb) { client throws(ClientError) in try change(verb, command, client) }
    }

    func change(_ verb: String, _ command: ControlCommand, _ client: ControlClient) throws(ClientError) -> Int32 {
        try result(verb, command, client).code
    }

    /// Asks for a change, and says how it ended.
    func result(
        _ verb: String,
        _ command: ControlCommand,
        _ client: ControlClient
    ) throws(ClientError) -> CommandResult {
        let progress = ProgressDisplay(errors, isQuiet: options.quiet || options.json)
        defer { progress.clear() }
        let result: CommandResult
        do throws(ClientError) {
            result = try client.run(command) {
                progress.clear()
                noteAbsence()
            } onLine: { message, line in
                if options.json { Output.printJSON(line: line) }
                if case .progress(let news) = message { progress.show(news) }
            }
        } catch .refused(let error, let status) {
            throw .refused(withSuggestion(error, command, client), status: status)
        }
        progress.clear()
        guard !options.json else { return result }
        guard result.code != ExitCode.done.rawValue else {
            if !options.quiet { Output.print(OutcomeText(screen: results).success(verb, result)) }
            return result
        }
        let running =
            Outcome(rawValue: result.outcome)?.leavesWorkersRunning == true ? stillRunning(result, client) : nil
        var said = result
        said.hint = withSuggestion(ErrorView(result), command, client).hint
        Output.print(OutcomeText(screen: errors).failure(verb, said, running: running), to: .errors)
        return result
    }

    /// The apps that a command failed for, as they are now: what is still running has to be seen, not assumed.
    private func stillRunning(_ result: CommandResult, _ client: ControlClient) -> [AppView]? {
        let failed = result.apps.filter { $0.code != 0 }.map(\.app)
        guard !failed.isEmpty, let apps = try? client.status().apps else { return nil }
        return apps.filter { failed.contains($0.name) && StatusText.readySlots(of: $0) > 0 }
    }

    /// Adds the name that was probably meant, where an app is not known; the daemon's own advice stays where none is close.
    private func withSuggestion(_ error: ErrorView, _ command: ControlCommand, _ client: ControlClient) -> ErrorView {
        guard error.code == Outcome.noSuchApp.rawValue, let apps = try? client.status().apps else {
            return error
        }
        let names = command.targets.map { String($0.prefix { $0 != ":" }) }
        let unknown = names.first { name in name != AppName.everyApp && !apps.contains { $0.name == name } }
        guard let unknown else { return error }
        var error = error
        error.hint = unknownApp(unknown, among: apps).hint ?? error.hint
        return error
    }
}

extension Session {
    func start(_ words: [String], only: [String]?) -> Int32 {
        begin("start", words, only: only, launches: true) { apps in
            .start(StartRequest(targets: apps))
        } file: {
            .start(StartRequest(file: $0, only: only))
        }
    }

    func reload(_ words: [String]) -> Int32 {
        guard !words.isEmpty else { return change("reload", .reload(ReloadRequest())) }
        return begin("reload", words, only: nil, launches: false) { apps in
            .reload(ReloadRequest(targets: apps))
        } file: {
            .reload(ReloadRequest(file: $0))
        }
    }

    /// Tells files from apps, then asks for each file and for all apps; the first failure's code counts.
    private func begin(
        _ verb: String,
        _ words: [String],
        only: [String]?,
        launches: Bool,
        apps command: ([String]) -> ControlCommand,
        file fileCommand: (String) -> ControlCommand
    ) -> Int32 {
        var files: [String] = []
        var apps: [String] = []
        let known = KnownApps(try? client())
        for word in words {
            switch StartWord(word, isFile: Files.isRegular(word), isApp: { known.contains(word) }) {
            case .file(let path): files.append(path)
            case .app(let name): apps.append(name)
            case .either(let name):
                note("\(name) is an app and a file here; the app is meant, ./\(name) would be the file")
                apps.append(name)
            }
        }
        if let problem = problem(verb, files: files, apps: apps, only: only) { return fail(verb, problem) }
        var session = self
        // It was waited for once.
        if known.isWithoutDaemon { session.contactPatience = .zero }
        var commands = files.map { path in
            fileCommand(StartWord.absolutePath(of: path, from: Environment.workingDirectory()))
        }
        if !apps.isEmpty { commands.append(command(apps)) }
        var code = ExitCode.done.rawValue
        for command in commands {
            let result = launches ? session.changeLaunching(verb, command) : session.change(verb, command)
            if code == ExitCode.done.rawValue { code = result }
        }
        return code
    }

    /// What keeps a command from being sent at all.
    private func problem(_ verb: String, files: [String], apps: [String], only: [String]?) -> ErrorView? {
        if only != nil, !apps.isEmpty {
            return ErrorView(.usage, message: "--only chooses among the apps of a file; \(apps[0]) is none")
        }
        for app in apps where Target(parsing: app) == nil {
            return ErrorView(.usage, message: Target.problem(of: app))
        }
        for file in files where !Files.isRegular(file) {
            let what = Files.exists(file) ? "is not a regular file" : "is not there"
            return ErrorView(.badConfiguration, message: "\(file) \(what)", hint: "koomyctl help \(verb)")
        }
        return nil
    }

    private func changeLaunching(_ verb: String, _ command: ControlCommand) -> Int32 {
        withClient(verb) { client throws(ClientError) in
            do throws(ClientError) {
                return try change(verb, command, client)
            } catch .noDaemon where options.socketPath == nil {
                if let failure = launchDaemon(client) { return fail(verb, failure) }
                return try change(verb, command, client)
            }
        }
    }
}

/// The names of the apps that the daemon knows, asked for only where that matters, and once.
private final class KnownApps {
    private let client: ControlClient?
    private lazy var names = ask()
    /// Whether it was asked for, and there was no daemon.
    private(set) var isWithoutDaemon = false

    init(_ client: ControlClient?) { self.client = client }

    func contains(_ name: String) -> Bool { names.contains(name) }

    private func ask() -> [String] {
        do throws(ClientError) {
            return try client?.status().apps.map(\.name) ?? []
        } catch {
            isWithoutDaemon = error.outcome == .noDaemon
            return []
        }
    }
}

extension ControlCommand {
    /// What it names.
    fileprivate var targets: [String] {
        switch self {
        case .start(let request): request.targets ?? []
        case .stop(let request), .restart(let request), .abort(let request), .reset(let request),
            .delete(let request), .pause(let request), .resume(let request), .promote(let request),
            .flushLogs(let request), .rotateLogs(let request):
            request.targets
        case .reload(let request): request.targets ?? []
        case .scale(let request): [request.app]
        case .deploy(let request): [request.app]
        case .rollback(let request): [request.app]
        case .stopDaemon, .upgradeDaemon, .reopenLogs: []
        }
    }
}

extension Outcome {
    /// Whether what still runs after it is worth knowing.
    fileprivate var leavesWorkersRunning: Bool {
        switch self {
        case .workerFailed, .readyTimeout, .unhealthy, .drainForced, .superseded, .aborted, .noRoom, .stepFailed: true
        case .done, .noSuchApp, .noSuchWorker, .noDaemon, .notPermitted, .usage, .badRequest, .notFound,
            .methodNotAllowed, .tooLarge, .badConfiguration, .stateUnreadable, .internalError, .shuttingDown,
            .cannotSave, .timedOut, .trouble:
            false
        }
    }
}

extension ErrorView {
    fileprivate init(_ result: CommandResult) {
        self.init(
            code: result.outcome,
            message: result.message,
            hint: result.hint,
            diagnostics: result.diagnostics,
            exitCode: result.code
        )
    }
}
