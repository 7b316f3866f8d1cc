import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// A release that is to serve, understood and checked.
struct Deployment {
    var spec: AppSpec
    var reload: Reload
    var warnings: [DiagnosticView] = []
}

/// Commands that put code in service.
extension Supervisor {
    func plan(_ request: DeployRequest) -> Result<Deployment, Refusal> {
        guard let name = AppName(request.app), fleet.knownNames.contains(name) else {
            return .failure(unknown(request.app))
        }
        guard let file = fleet.desired[name]?.file else {
            return .failure(Refusal(.badConfiguration, "\(name) came from no file, so nothing says how it is deployed"))
        }
        guard fleet.apps[name]?.isActive == true else {
            return .failure(Refusal(.badRequest, "\(name) is stopped", hint: "koomyctl start \(name), then deploy"))
        }
        guard !request.release.path.utf8.contains(0), let path = SymbolicLink.resolve(request.release.path) else {
            return .failure(Refusal(.badRequest, "\(request.release.path) is not there"))
        }
        guard let link = fleet.desired[name]?.spec.deploy?.link else {
            let hint = "deploy: {path: /srv/\(name)} in \(file), and koomyctl reload \(name)"
            return .failure(Refusal(.badConfiguration, "\(name) has no deploy block", hint: hint))
        }
        let folder = "\(link.dropLast("/current".count))/releases"
        let id = path.split(separator: "/").last.map(String.init) ?? ""
        guard path == "\(SymbolicLink.resolve(folder) ?? folder)/\(id)", !id.hasPrefix("."),
            (try? Folder.names(in: path)) != nil
        else { return .failure(Refusal(.badRequest, "\(path) is no release in \(folder)")) }
        guard FileFacts(at: "\(folder)/.incoming-\(id)") == nil else {
            return .failure(Refusal(.badRequest, "\(path) is not complete"))
        }
        if FileFacts(at: link) != nil, SymbolicLink.target(of: link) == nil {
            let hint = "move it away: a link to the release in service is going to be there"
            return .failure(Refusal(.badRequest, "\(link) is no symbolic link", hint: hint))
        }
        let prepared = request.release.preparedAt.map { WallTime(nanoseconds: $0 &* 1_000_000) }
        let release = Release(path: path, link: link, revision: request.release.revision, preparedAt: prepared)
        return source.load(file, in: release).flatMap { loaded in
            guard var definition = loaded.definitions.first(where: { $0.spec.name == name }) else {
                return .failure(Refusal(.badConfiguration, "\(release.locate(file)) has no app called \(name)"))
            }
            guard let deploy = definition.spec.deploy, deploy.link == link else {
                let words = "the deploy block of \(name) in \(release.locate(file)) leads to another place than \(link)"
                return .failure(Refusal(.badConfiguration, words, hint: "koomyctl reload \(name) moves an app"))
            }
            definition.spec.release = release
            let spec = definition.spec
            var plan = Rollout.Plan(hasCanary: request.canary ?? true)
            if request.rehearse ?? true, let rehearsal = deploy.rehearsal, !spec.listeners.isEmpty {
                let log = rehearsalLog(of: name)
                plan.rehearsal = Rehearsal(
                    spec: spec.rehearsed(log: log, sockets: rehearsalSockets),
                    questions: rehearsal.paths.count
                )
            }
            let reload = Reload(target: .init(app: name), definition: definition, plan: plan)
            return .success(Deployment(spec: spec, reload: reload, warnings: loaded.warnings))
        }
    }

    func plan(_ request: RollbackRequest) -> Result<Deployment, Refusal> {
        guard let name = AppName(request.app), fleet.knownNames.contains(name), let wanted = fleet.desired[name] else {
            return .failure(unknown(request.app))
        }
        if request.to == nil, fleet.apps[name]?.rollout?.kind == .reload {
            let hint = "koomyctl abort \(name) goes back to what served before it"
            return .failure(Refusal(.badRequest, "a rollout of \(name) is under way", hint: hint))
        }
        guard let version = wanted.past.first(where: { $0.answers(to: request.to) }) else {
            let known = wanted.past.map(\.title).joined(separator: ", ")
            let hint = known.isEmpty ? "nothing else has served since it was added" : "there are: \(known)"
            let words = request.to.map { "\(name) has no version \($0) to go back to" }
            return .failure(Refusal(.badRequest, words ?? "\(name) has no version to go back to", hint: hint))
        }
        if let release = version.spec.release, FileFacts(at: release.path) == nil {
            return .failure(Refusal(.badRequest, "the code of \(version.title) is gone: \(release.path)"))
        }
        let definition = Definition(spec: version.spec, file: wanted.file)
        let reload = Reload(target: .init(app: name), definition: definition, plan: Rollout.Plan(hasCanary: false))
        return .success(Deployment(spec: version.spec, reload: reload))
    }

    private func unknown(_ word: String) -> Refusal {
        guard let name = AppName(word) else { return Refusal(.badRequest, KoomyWire.Target.problem(of: word)) }
        return noSuchApp(name)
    }

    /// Runs the hook that may forbid it, then rolls it out.
    func begin(
        _ deployment: Deployment,
        _ command: String,
        key: OperationTable.Key?,
        user: UInt32,
        _ stream: CommandStream
    ) {
        let name = deployment.spec.name
        let id = nextRequest(key)
        let before = deploymentLog.ended[name]?.generation ?? 0
        let answer = answer(on: stream, for: [name], deployment.warnings) { [weak self] result in
            guard let report = self?.deploymentLog.ended[name], report.generation > before else { return }
            result.deployment = report
        }
        answers[id, default: []].append(answer)
        guard command == "deploy", let task = deployment.spec.deploy?.before else {
            return roll(deployment, command, id, user: user)
        }
        let report = DeploymentView(
            generation: fleet.apps[name]?.nextGeneration.number ?? 1,
            app: name.text,
            command: command,
            user: user,
            from: fleet.desired[name]?.spec.release.map(ReleaseView.init),
            to: deployment.spec.release.map(ReleaseView.init),
            beganAt: WallClock.now().milliseconds
        )
        answer.progress("pre_deploy: \(task.arguments.joined(separator: " "))", step: "hook")
        run(task, "pre_deploy", of: deployment.spec, report) { [weak self] problem in
            guard let self else { return }
            guard fleet.knownNames.contains(name) else {
                return finish(id, CommandResult(.noSuchApp, message: "\(name) was deleted meanwhile"))
            }
            guard fleet.apps[name]?.isActive == true else {
                return finish(id, CommandResult(.aborted, message: "\(name) was stopped meanwhile"))
            }
            guard let problem else { return roll(deployment, command, id, user: user) }
            let words = "\(name): pre_deploy: \(problem); nothing was changed"
            finish(
                id,
                CommandResult(
                    .stepFailed,
                    message: words,
                    apps: [AppResult(app: name.text, .stepFailed, message: words)]
                )
            )
        }
    }

    private func roll(_ deployment: Deployment, _ command: String, _ id: RequestID, user: UInt32) {
        var reload = deployment.reload
        reload.plan.cause = Rollout.Cause(command: command, user: user)
        keepServiceManagerWaiting()
        weigh(deployment.spec.name)
        if fleet.apps[deployment.spec.name]?.candidate == nil {
            try? AtomicFile.unlink(rehearsalLog(of: deployment.spec.name))
        }
        send(.request(id, .reload([reload])))
    }
}

extension PastVersion {
    /// Whether a word means it: a release, the beginning of its revision, or a generation; nil means the last one.
    fileprivate func answers(to word: String?) -> Bool {
        guard let word else { return true }
        if word == "\(generation.number)" || spec.release?.id == word { return true }
        return word.count >= 7 && spec.release?.revision?.hasPrefix(word) == true
    }

    fileprivate var title: String { spec.release?.id ?? "\(generation.number)" }
}
