package import KoomyCore
import KoomyEventLoop
import KoomyModel
package import KoomySystem
import KoomyWire

/// Commands of the control socket, put to the fleet.
extension Supervisor: ControlDelegate {
    package func execute(
        _ command: ControlCommand,
        key: String?,
        from peer: PeerCredentials,
        answering stream: CommandStream
    ) {
        let key = key.map { OperationTable.Key(text: $0, userID: peer.userID) }
        if let key, let standing = operations.standing(key) {
            log.info("\(command.name) again by user \(peer.userID), process \(peer.pid)")
            attach(stream, to: standing)
            return
        }
        log.info("\(command.name) by user \(peer.userID), process \(peer.pid)")
        switch translate(command) {
        case .failure(let refusal):
            if refusal.outcome == .badConfiguration { announce(.configRejected, refusal.message) }
            stream.refuse(status: UInt32(refusal.outcome.httpStatus), refusal.view)
        case .success(.deploy(let deployment, let command)):
            begin(deployment, command, key: key, user: peer.userID, stream)
        case .success(.reopenLogs):
            reopenLogs()
            stream.finish(CommandResult(.done, message: "the logs are open again"))
        case .success(.logs(let change, let apps)): stream.finish(perform(change, apps))
        case .success(.leaveWorkers):
            stream.finish(CommandResult(.done, message: leftRunning))
            leaveWorkers()
        case .success(.upgrade(let binary)):
            let request = nextRequest(key)
            answers[request] = [answer(on: stream, for: nil)]
            upgrade(to: binary, for: request)
        case .success(.request(var work, let warnings)):
            // systemctl waits for a koomyctl reload that it runs.
            if case .reload = work { keepServiceManagerWaiting() }
            prepare(&work, Rollout.Cause(command: "reload", user: peer.userID))
            request(work, key: key, answer: answer(on: stream, for: apps(concernedBy: work), warnings))
        }
    }

    /// Tells a client that asks again what it would have been told.
    private func attach(_ stream: CommandStream, to standing: OperationTable.Standing) {
        switch standing {
        case .ended(let result): stream.finish(result)
        case .running(let request): answers[request, default: []].append(answer(on: stream, for: nil))
        }
    }

    func answer(
        on stream: CommandStream,
        for apps: Set<AppName>?,
        _ warnings: [DiagnosticView] = [],
        completing: @escaping (inout CommandResult) -> Void = { _ in }
    ) -> Answer {
        let answer = Answer(
            apps: apps,
            progress: { stream.send($0) },
            breakOff: { stream.breakOff() },
            end: { result in
                var result = result
                if !warnings.isEmpty { result.diagnostics = warnings }
                completing(&result)
                stream.finish(result)
            }
        )
        stream.onClose = { [weak self] in self?.abandon(answer) }
        return answer
    }

    /// What remains of a command once its words have been understood.
    private enum Work {
        case request(Request, warnings: [DiagnosticView])
        case reopenLogs
        case logs(LogChange, [AppName])
        case leaveWorkers
        case upgrade(binary: String)
        case deploy(Deployment, command: String)
    }

    private func translate(_ command: ControlCommand) -> Result<Work, Refusal> {
        switch command {
        case .start(let request):
            guard let file = request.file else { return targets(request.targets ?? [], Request.start) }
            return source.load(file, only: request.only).map {
                .request(.define($0.definitions.map(withRelease)), warnings: $0.warnings)
            }
        case .stop(let request): return targets(request.targets, Request.stop)
        case .restart(let request): return targets(request.targets, Request.restart)
        case .reset(let request): return targets(request.targets, Request.reset)
        case .delete(let request): return targets(request.targets, Request.delete)
        case .abort(let request): return targets(request.targets, Request.abort)
        case .pause(let request): return targets(request.targets, Request.pause)
        case .resume(let request): return targets(request.targets, Request.resume)
        case .promote(let request): return targets(request.targets, Request.promote)
        case .deploy(let request): return plan(request).map { .deploy($0, command: "deploy") }
        case .rollback(let request): return plan(request).map { .deploy($0, command: "rollback") }
        case .scale(let request): return scale(request)
        case .reload(let request): return reload(request)
        case .stopDaemon(let request):
            if request.workers == .leave {
                guard setting.foregroundFile == nil else { return .failure(.inForeground) }
                return .success(.leaveWorkers)
            }
            announceLeaving(.drain)
            return .success(.request(.shutdown(.drain), warnings: []))
        case .upgradeDaemon(let request):
            guard setting.foregroundFile == nil else { return .failure(.inForeground) }
            return .success(.upgrade(binary: request.binary ?? ThisProcess.programPath ?? "/proc/self/exe"))
        case .reopenLogs: return .success(.reopenLogs)
        case .flushLogs(let request): return logs(.flush, request)
        case .rotateLogs(let request): return logs(.rotate, request)
        }
    }

    private func logs(_ change: LogChange, _ request: TargetsRequest) -> Result<Work, Refusal> {
        resolve(request.targets).flatMap { targets in
            if let target = targets.first(where: { $0.slot != nil }), let app = target.app {
                return .failure(
                    Refusal(.badRequest, "the logs of one slot cannot be changed alone", hint: "use \(app)")
                )
            }
            let isEveryApp = targets.contains { $0.app == nil }
            return .success(.logs(change, isEveryApp ? fleet.knownNames : targets.compactMap(\.app)))
        }
    }

    private func targets(_ words: [String], _ make: ([KoomyCore.Target]) -> Request) -> Result<Work, Refusal> {
        resolve(words).map { .request(make($0), warnings: []) }
    }

    private func resolve(_ words: [String]) -> Result<[KoomyCore.Target], Refusal> {
        var targets: [KoomyCore.Target] = []
        for word in words {
            switch KoomyWire.Target(parsing: word) {
            case .all?: targets.append(.init(app: nil))
            case .app(let name)?: targets.append(.init(app: name))
            case .worker(let name, let slot)?: targets.append(.init(app: name, slot: slot))
            case nil: return .failure(Refusal(.badRequest, KoomyWire.Target.problem(of: word)))
            }
        }
        if let unknown = targets.compactMap(\.app).first(where: { !fleet.knownNames.contains($0) }) {
            return .failure(noSuchApp(unknown))
        }
        return .success(targets)
    }

    func noSuchApp(_ name: AppName) -> Refusal {
        let known = knownApps()
        let hint =
            known.isEmpty
            ? "no app is known; koomyctl start FILE defines some" : NameSuggestion.hint(for: name.text, among: known)
        return Refusal(.noSuchApp, "no app is called \(name)", hint: hint)
    }

    private func scale(_ request: ScaleRequest) -> Result<Work, Refusal> {
        guard let name = AppName(request.app) else {
            return .failure(Refusal(.badRequest, KoomyWire.Target.problem(of: request.app)))
        }
        guard fleet.apps[name] != nil else { return .failure(noSuchApp(name)) }
        switch InstanceChange(parsing: request.instances) {
        case .exactly(let count)?: return .success(.request(.scale(name, .to(count)), warnings: []))
        case .by(let difference)?: return .success(.request(.scale(name, .by(difference)), warnings: []))
        case nil:
            return .failure(
                Refusal(.badRequest, "\"\(request.instances)\" is not a number of instances, as 4, +1 or -1")
            )
        }
    }

    private func reload(_ request: ReloadRequest) -> Result<Work, Refusal> {
        if let file = request.file {
            return source.load(file).map { loaded in
                let reloads = loaded.definitions.map {
                    Reload(target: .init(app: $0.spec.name), definition: withRelease($0))
                }
                return .request(.reload(reloads), warnings: loaded.warnings)
            }
        }
        return resolve(request.targets ?? [AppName.everyApp]).flatMap(reload)
    }

    /// Reads the files of the apps again; one problem in any of them and nothing is reloaded.
    private func reload(_ targets: [KoomyCore.Target]) -> Result<Work, Refusal> {
        var reloads: [Reload] = []
        var warnings: [DiagnosticView] = []
        var files: [String: ConfigurationSource.Loaded] = [:]
        for target in targets.flatMap({ $0.app == nil ? fleet.knownNames.map { .init(app: $0) } : [$0] }) {
            guard let name = target.app else { continue }
            guard target.slot == nil, let file = fleet.desired[name]?.file else {
                reloads.append(Reload(target: target))
                continue
            }
            if files[file] == nil {
                switch source.load(file) {
                case .failure(let refusal): return .failure(refusal)
                case .success(let loaded):
                    files[file] = loaded
                    warnings += loaded.warnings
                }
            }
            guard let definition = files[file]?.definitions.first(where: { $0.spec.name == name }) else {
                let hint = "koomyctl delete \(name) removes it; koomyctl start \(file) defines what the file has"
                return .failure(Refusal(.badConfiguration, "\(file) no longer has an app called \(name)", hint: hint))
            }
            reloads.append(Reload(target: target, definition: withRelease(definition)))
        }
        return .success(.request(.reload(reloads), warnings: warnings))
    }

    /// The definition with the release that its link leads to; one that is known is the same as before.
    private func withRelease(_ definition: Definition) -> Definition {
        var definition = definition
        let wanted = fleet.desired[definition.spec.name]
        let known = [wanted?.spec.release].compactMap { $0 } + (wanted?.past.compactMap(\.spec.release) ?? [])
        definition.spec.release = definition.spec.presentRelease.map { present in
            known.first { $0.path == present.path && $0.link == present.link } ?? present
        }
        return definition
    }

    /// Notes who asks for rollouts, and how the host is before they begin.
    private func prepare(_ request: inout Request, _ cause: Rollout.Cause) {
        switch request {
        case .reload(var reloads):
            for index in reloads.indices { reloads[index].plan.cause = cause }
            request = .reload(reloads)
            weigh(reloads.filter { $0.target.slot == nil }.flatMap { $0.target.app.map { [$0] } ?? fleet.knownNames })
        case .define(let definitions): weigh(definitions.map(\.spec.name))
        case .start, .stop, .restart, .abort, .pause, .resume, .promote, .scale, .reset, .delete, .shutdown: break
        }
    }

    private func weigh(_ names: [AppName]) {
        for name in Set(names) where fleet.apps[name]?.isActive == true { weigh(name) }
    }

    private func apps(concernedBy request: Request) -> Set<AppName>? {
        func named(_ targets: [KoomyCore.Target]) -> Set<AppName>? {
            targets.contains { $0.app == nil } ? nil : Set(targets.compactMap(\.app))
        }
        switch request {
        case .define(let definitions): return Set(definitions.map(\.spec.name))
        case .start(let targets), .stop(let targets), .restart(let targets), .abort(let targets), .reset(let targets),
            .delete(let targets), .pause(let targets), .resume(let targets), .promote(let targets):
            return named(targets)
        case .reload(let reloads): return named(reloads.map(\.target))
        case .scale(let name, _): return [name]
        case .shutdown: return nil
        }
    }

    // MARK: - Signals

    /// SIGHUP: everything that came from a file is read again and rolled out.
    package func reloadEverything() {
        reporter.reloading()
        keepServiceManagerWaiting()
        announce(.configLoaded, "SIGHUP: reading every file again")
        switch reload([.init(app: nil)]) {
        case .failure(let refusal):
            announce(.configRejected, refusal.message)
            for diagnostic in refusal.diagnostics ?? [] { log.error(diagnostic.text) }
            reporter.ready()
        case .success(.request(var work, let warnings)):
            prepare(&work, Rollout.Cause(command: "signal"))
            for diagnostic in warnings { log.warning(diagnostic.text) }
            request(
                work,
                answer: Answer(apps: nil) { [weak self] result in
                    self?.log.write(result.code == 0 ? .info : .error, "reload: \(result.outcome): \(result.message)")
                    self?.reporter.ready()
                }
            )
        case .success(.reopenLogs), .success(.logs), .success(.leaveWorkers), .success(.upgrade), .success(.deploy):
            break
        }
    }

    /// SIGUSR1: the logs were moved away.
    package func reopenLogs() {
        log.reopen()
        logs.reopen()
        announce(.daemonLogsReopened, "the logs are open again")
    }

    /// SIGTERM, SIGINT: drain; SIGQUIT, or asked again: now.
    package func leave(_ urgency: Urgency) {
        announceLeaving(urgency)
        request(.shutdown(urgency), answer: Answer(apps: nil) { _ in })
    }

    /// Ends this koomyd, and leaves the workers and their sockets to the one that follows.
    package func leaveWorkers() {
        announce(.daemonStopping, leftRunning)
        beginJournal()
        reporter.stopping()
        for answer in answers.values.joined() { answer.breakOff() }
        leaving = .workersStay
        loop.exit(code: 0)
    }

    private var leftRunning: String {
        let count = processes.workers.count
        return "left running: \(count) \(count == 1 ? "worker" : "workers"); the next koomyd takes them back"
    }

    private func announceLeaving(_ urgency: Urgency) {
        announce(.daemonStopping, urgency == .now ? "leaving at once" : "draining every worker, then leaving")
        reporter.stopping()
        keepServiceManagerWaiting()
    }

    /// As long as workers leave, or a rollout that systemd waits for is under way, it is asked for more time.
    func keepServiceManagerWaiting() {
        reporter.askForTime()
        patience?.arm(at: MonotonicClock.now() + ServiceReporter.period)
    }

    /// The patience timer fired.
    func renewPatience() {
        let isReloading = fleet.apps.values.contains { $0.rollout != nil }
        switch fleet.phase {
        case .serving: if isReloading { keepServiceManagerWaiting() }
        case .leaving: keepServiceManagerWaiting()
        case .left: break
        }
    }

    var source: ConfigurationSource { ConfigurationSource(environment: setting.environment) }
}

extension Refusal {
    fileprivate static var inForeground: Refusal {
        Refusal(.badRequest, "a koomyd in the foreground takes its workers with it", hint: "stop it and start it again")
    }
}

extension ControlCommand {
    /// For the log.
    fileprivate var name: String {
        switch self {
        case .start(let request): "start \(request.file ?? (request.targets ?? []).joined(separator: " "))"
        case .stop(let request): "stop \(request.targets.joined(separator: " "))"
        case .restart(let request): "restart \(request.targets.joined(separator: " "))"
        case .reset(let request): "reset \(request.targets.joined(separator: " "))"
        case .delete(let request): "delete \(request.targets.joined(separator: " "))"
        case .scale(let request): "scale \(request.app) \(request.instances)"
        case .reload(let request): "reload \(request.file ?? (request.targets ?? ["all"]).joined(separator: " "))"
        case .deploy(let request): "deploy \(request.app) \(request.release.path)"
        case .rollback(let request): "rollback \(request.app)" + (request.to.map { " \($0)" } ?? "")
        case .pause(let request): "pause \(request.targets.joined(separator: " "))"
        case .resume(let request): "resume \(request.targets.joined(separator: " "))"
        case .promote(let request): "promote \(request.targets.joined(separator: " "))"
        case .abort(let request): "abort \(request.targets.joined(separator: " "))"
        case .stopDaemon(let request): "daemon stop (\((request.workers ?? .drain).rawValue))"
        case .upgradeDaemon(let request): "daemon upgrade" + (request.binary.map { " \($0)" } ?? "")
        case .reopenLogs: "daemon reopen-logs"
        case .flushLogs(let request): "logs flush \(request.targets.joined(separator: " "))"
        case .rotateLogs(let request): "logs rotate \(request.targets.joined(separator: " "))"
        }
    }
}
