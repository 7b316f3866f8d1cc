import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// One run of a command: its options, and where its words go.
struct Session {
    let options: GlobalOptions
    let environment: [String: String]
    let results: Screen
    let errors: Screen
    /// How long a socket that refuses is tried again; nil for as long as is usual.
    var contactPatience: Duration?

    init(_ options: GlobalOptions, environment: [String: String]) {
        self.options = options
        self.environment = environment
        results = Environment.screen(of: .results, environment, noColor: options.noColor)
        errors = Environment.screen(of: .errors, environment, noColor: options.noColor)
    }

    func perform(_ action: Action) -> Int32 {
        switch action {
        case .start(let words, let only): start(words, only: only)
        case .stop(let targets): change("stop", .stop(request(targets)))
        case .restart(let targets): change("restart", .restart(request(targets)))
        case .reload(let words): reload(words)
        case .deploy(let wish): withClient("deploy") { Deployment(wish, self, $0).run() }
        case .rollback(let app, let goal): change("rollback", .rollback(RollbackRequest(app: app.text, to: goal)))
        case .history(let wish): history(wish)
        case .pause(let targets): change("pause", .pause(request(targets)))
        case .resume(let targets): change("resume", .resume(request(targets)))
        case .promote(let targets): change("promote", .promote(request(targets)))
        case .abort(let targets): change("abort", .abort(request(targets)))
        case .verify(let request): verify(request)
        case .status(let names): status(names)
        case .describe(let names): describe(names)
        case .scale(let name, let instances):
            change("scale", .scale(ScaleRequest(app: name.text, instances: instances)))
        case .delete(let targets): change("delete", .delete(request(targets)))
        case .reset(let targets): change("reset", .reset(request(targets)))
        case .logs(let request): logs(request)
        case .flush(let targets): change("flush", .flushLogs(request(targets)))
        case .rotate(let targets): change("rotate", .rotateLogs(request(targets)))
        case .reopen: change("reopen", .reopenLogs)
        case .events(let follow, let since): events(follow: follow, since: since)
        case .validate(let file): validate(file)
        case .daemon(.start): startDaemon()
        case .daemon(.stop(let leavesWorkers)): stopDaemon(leavesWorkers ? .leave : .drain)
        case .daemon(.upgrade(let binary)): upgradeDaemon(binary)
        case .daemon(.status): daemonStatus()
        case .doctor: doctor()
        case .version: version()
        case .help(let command): help(command)
        }
    }

    /// The client for the daemon that is meant; throws where the environment does not say which.
    func client() throws(SystemError) -> ControlClient {
        let path: String = if let given = options.socketPath { given } else { try directories().controlSocket }
        var client = ControlClient(socketPath: path)
        client.timeout = options.timeout.map { .nanoseconds($0.nanoseconds) }
        if let contactPatience { client.contactPatience = contactPatience }
        // We are ExecReload= of koomyd's unit: until we end, systemd starts no other koomyd (systemd.service(5)).
        if environment["MAINPID"] != nil { client.returnPatience = .seconds(2) }
        return client
    }

    func directories() throws(SystemError) -> Directories { try Directories(environment: environment) }

    private func request(_ targets: [Target]) -> TargetsRequest { TargetsRequest(targets: targets.map(\.description)) }
}

extension Session {
    /// Says why something was not done.
    ///
    /// - Returns: The exit code of that.
    func fail(_ verb: String, _ error: ErrorView) -> Int32 {
        if options.json {
            Output.printJSON(ErrorAnswer(error: error))
        } else {
            Output.print(OutcomeText(screen: errors).failure(verb, error), to: .errors)
        }
        return error.exitCode
    }

    func fail(_ verb: String, _ error: ClientError) -> Int32 { fail(verb, error.view) }

    func fail(_ verb: String, _ error: SystemError) -> Int32 {
        let isDenied = error.errno == .permissionDenied || error.errno == .notPermitted
        return fail(verb, ErrorView(isDenied ? .notPermitted : .internalError, message: error.description))
    }

    /// What is worth knowing and changes nothing.
    func note(_ text: String) {
        if !options.quiet { Output.print(errors.clean(text), to: .errors) }
    }

    /// Says that a daemon is waited for that has gone.
    func noteAbsence() { note("koomyd is away; waiting for it to come back") }

    /// Does something with the daemon; says why where that fails.
    func withClient(_ verb: String, _ body: (ControlClient) throws(ClientError) -> Int32) -> Int32 {
        let client: ControlClient
        do {
            client = try self.client()
        } catch {
            return fail(verb, error)
        }
        do {
            return try body(client)
        } catch {
            return fail(verb, error)
        }
    }

    /// An error for a name that no app has, with the name that was probably meant.
    func unknownApp(_ name: String, among apps: [AppView]) -> ErrorView {
        let guess = Suggestion.among(apps.map(\.name), for: name)
        return ErrorView(
            .noSuchApp,
            message: "no app is named \(name)",
            hint: guess.map { "did you mean \($0)?" }
        )
    }

    private func version() -> Int32 {
        if options.json {
            Output.printJSON(["version": Version.current])
        } else {
            Output.print("koomyctl \(Version.current)")
        }
        return ExitCode.done.rawValue
    }

    private func help(_ command: CommandName?) -> Int32 {
        let text = command.map(Help.text(of:)) ?? Help.overview()
        if options.json {
            Output.printJSON(["help": text])
        } else {
            Output.write(Array((results.isUTF8 ? text : text.replacingEllipses()).utf8), to: .results)
        }
        return ExitCode.done.rawValue
    }
}

extension String {
    /// For screens that have no `…`.
    fileprivate func replacingEllipses() -> String {
        split(separator: "…", omittingEmptySubsequences: false).joined(separator: "...")
    }
}
