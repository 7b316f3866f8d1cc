import KoomyCore
import KoomyModel
import KoomySystem
package import KoomyWire

/// What koomyd remembers of rollouts, and what it measures for them.
extension Supervisor {
    package func deployments(_ name: String) -> DeploymentsView? {
        guard let app = AppName(name), fleet.apps[app] != nil else { return nil }
        return DeploymentsView(app: name, deployments: deploymentLog.history(of: app))
    }

    /// Takes note of what belongs into the report of a rollout.
    func record(_ notice: Notice, _ text: NoticeText) {
        guard let name = notice.app else { return }
        let now = WallClock.now().milliseconds
        switch notice.kind {
        case .rolloutBegan(let from, let to, _, _):
            let app = fleet.apps[name]
            let cause = causes.removeValue(forKey: name)
            let deployment = DeploymentView(
                generation: to.number,
                app: name.text,
                command: cause?.command ?? "reload",
                user: cause?.user,
                from: app?.specs[from]?.release.map(ReleaseView.init),
                to: app?.specs[to]?.release.map(ReleaseView.init),
                beganAt: now
            )
            deploymentLog.begin(deployment, of: name)
            gauges[name] = QueueGauge(loop: loop) { [weak self] in self?.listeners.queueLengths(name) ?? [] }
        case .rolloutEnded(_, let outcome, _): ended(name, outcome, text.message, at: now)
        case .deleted: deploymentLog.forget(name)
        default:
            guard let step = notice.kind.step else { return }
            deploymentLog.add(DeploymentStepView(at: now, step: step, slot: text.slot, message: text.message), to: name)
        }
    }

    private func ended(_ name: AppName, _ outcome: RolloutOutcome, _ words: String, at now: Int64) {
        let queues = gauges.removeValue(forKey: name)?.view
        let result = KoomyCore.Outcome.rollout(outcome).onTheWire
        deploymentLog.end(name) { deployment in
            deployment.endedAt = now
            deployment.outcome = result.rawValue
            deployment.code = result.exitCode.rawValue
            deployment.message = words
            deployment.queues = queues
            if deployment.steps.contains(where: { $0.step == "rehearsing" }) {
                deployment.rehearsalLog = lastLines(ofFile: rehearsalLog(of: name))
            }
        }
        guard let deployment = deploymentLog.ended[name], deployment.command == "deploy" else { return }
        let spec = fleet.apps[name]?.spec
        let isDone = outcome == .done || outcome == .drainForced
        if let task = isDone ? spec?.deploy?.after : spec?.deploy?.onFailure, let spec {
            run(task, isDone ? "post_deploy" : "on_failure", of: spec, deployment) { _ in }
        }
    }

    /// Runs a hook, and tells the log of it.
    func run(
        _ task: DeploySpec.Task,
        _ hook: String,
        of spec: AppSpec,
        _ deployment: DeploymentView,
        _ done: @escaping (String?) -> Void
    ) {
        let document = (try? WireCoding.encodeLine(HookDocument(hook: hook, deployment: deployment))) ?? []
        let output = "\(deploymentsFolder)/\(spec.name)-hooks.log"
        attempt("make a folder") { () throws(SystemError) in
            try Folder.make(deploymentsFolder, mode: 0o700, ownedBy: ThisProcess.userID)
        }
        log.info("\(spec.name): \(hook): \(task.arguments.joined(separator: " "))")
        tasks.begin(task, of: spec, document: document, log: output) { [weak self] problem in
            if let problem { self?.log.warning("\(spec.name): \(hook): \(problem); its output is in \(output)") }
            done(problem)
        }
    }

    var deploymentsFolder: String { "\(setting.directories.state)/deployments" }

    /// Where the candidate of a rehearsal logs.
    func rehearsalLog(of name: AppName) -> String { "\(deploymentsFolder)/\(name)-rehearsal.log" }

    /// As many lines as a report has room for.
    private func lastLines(ofFile path: String) -> [String]? {
        guard let bytes = try? WholeFile.read(path) else { return nil }
        return bytes.split(separator: UInt8(ascii: "\n")).suffix(20).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: - What a rollout asks

    /// How the host is, before a rollout begins and while one goes on.
    func weigh(_ name: AppName) {
        let workers = processes.workers.values.filter { $0.id.app == name && $0.pursuit == nil }
        send(.weighed(name, HostGauge.measure(beside: workers)))
    }

    /// How new workers do beside the others.
    func compare(_ name: AppName, _ generation: Generation) {
        let usage = SessionUsage()
        func group(_ belongs: (WorkerProcess) -> Bool) -> Comparison.Group {
            let workers = processes.workers.values.filter { $0.id.app == name && $0.pursuit == nil && belongs($0) }
            let sizes = workers.compactMap { usage.memory[$0.pid] }
            guard !sizes.isEmpty else { return Comparison.Group() }
            return Comparison.Group(memory: ByteCount(bytes: sizes.reduce(0, +) / UInt64(sizes.count)))
        }
        let comparison = Comparison(
            new: group { $0.generation == generation },
            old: group { $0.generation < generation }
        )
        send(.compared(name, comparison))
    }

    // MARK: - Links

    /// Has the links of releases that are put in service by this state lead to them.
    func followReleases(_ desired: DesiredState) {
        for app in desired.apps {
            guard let release = app.spec.release, release.link == app.spec.deploy?.link,
                fleet.durable[app.spec.name]?.spec.release?.path != release.path,
                SymbolicLink.resolve(release.link) != release.path
            else { continue }
            attempt("lead \(release.link) to \(release.path)") { () throws(SystemError) in
                try SymbolicLink.point(release.link, at: release.relativePath)
            }
        }
    }
}

/// What a hook reads from its standard input.
private struct HookDocument: Encodable {
    var schema = 1
    var hook: String
    var deployment: DeploymentView
}

extension Release {
    /// Its path as seen from the folder of its link, so that both can be moved together.
    fileprivate var relativePath: String {
        let folder = link.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" } + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
    }
}
