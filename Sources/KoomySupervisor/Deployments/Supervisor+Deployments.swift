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
        case .rolloutBegan(let from, let to, _, _, let cause):
            let app = fleet.apps[name]
            let deployment = DeploymentView(
                generation: to.number,
                app: name.text,
                command: cause?.command ?? "start",
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
            switch notice.kind {
            case .canaryBegan: canaries[name] = complaints(of: name)
            case .canaryHeld, .rolloutPaused: gauges[name]?.rest()
            case .promoted, .rolloutResumed: gauges[name]?.go()
            default: break
            }
            deploymentLog.add(DeploymentStepView(at: now, step: step, slot: text.slot, message: text.message), to: name)
        }
    }

    private func ended(_ name: AppName, _ outcome: RolloutOutcome, _ words: String, at now: Int64) {
        let queues = gauges.removeValue(forKey: name)?.view
        canaries[name] = nil
        let result = KoomyCore.Outcome.rollout(outcome).onTheWire
        deploymentLog.end(name) { deployment in
            deployment.endedAt = now
            deployment.outcome = result.rawValue
            deployment.code = result.exitCode.rawValue
            deployment.message = words
            deployment.queues = queues
            if deployment.steps.contains(where: { $0.step == "rehearsing" }) {
                deployment.rehearsalLog = lastLines(ofFile: rehearsalLog(of: name), without: secrets(of: name))
            }
        }
        guard let deployment = deploymentLog.ended[name], deployment.command == "deploy" else { return }
        let spec = fleet.apps[name]?.spec
        let isDone = outcome == .done || outcome == .drainForced
        guard let spec else { return }
        if isDone {
            // When what serves is durable, and the link leads to it.
            guard let task = spec.deploy?.after else { return }
            hooksAfterSave.append { [weak self] in self?.run(task, "post_deploy", of: spec, deployment) { _ in } }
        } else if let task = spec.deploy?.onFailure {
            run(task, "on_failure", of: spec, deployment) { _ in }
        }
    }

    /// The state is durable: whoever waits for that is told.
    func runHooksAfterSave() {
        let hooks = hooksAfterSave
        hooksAfterSave = []
        for hook in hooks { hook() }
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

    /// Where its Unix sockets are.
    var rehearsalSockets: String {
        let folder = "\(setting.directories.run)/try"
        attempt("make a folder") { () throws(SystemError) in
            try Folder.make(folder, mode: 0o700, ownedBy: ThisProcess.userID)
        }
        return folder
    }

    /// As many lines as a report has room for.
    private func lastLines(ofFile path: String, without secrets: [String]) -> [String]? {
        guard let file = try? FileDescriptor.readingOnly(path), let size = try? file.fileSize(),
            let bytes = try? file.read(at: max(0, size - Self.tail), most: Int(Self.tail))
        else { return nil }
        return bytes.split(separator: UInt8(ascii: "\n")).suffix(20).map { line in
            secrets.reduce(String(decoding: line, as: UTF8.self)) { Self.replacing($1, in: $0) }
        }
    }

    /// As much of the end of a log as is looked at.
    private static let tail: Int64 = 64 << 10

    /// Values of an app's environment that are long enough to be secrets: a report is shown to more people than a log.
    private func secrets(of name: AppName) -> [String] {
        let specs = fleet.apps[name].map { Array($0.specs.values) } ?? []
        return Set(specs.flatMap(\.environment.values)).filter { $0.utf8.count >= 8 }.sorted { $0.count > $1.count }
    }

    private static func replacing(_ secret: String, in line: String) -> String {
        var result = ""
        var rest = Substring(line)
        while let range = rest.firstRange(of: secret) {
            result += rest[..<range.lowerBound] + "***"
            rest = rest[range.upperBound...]
        }
        return result + rest
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
        let now = MonotonicClock.now()
        let before = canaries[name]
        func group(_ belongs: (WorkerProcess) -> Bool) -> Comparison.Group {
            let workers = processes.workers.values.filter { $0.id.app == name && $0.pursuit == nil && belongs($0) }
            let sizes = workers.compactMap { usage.memory[$0.pid] }
            // Since the canary began, for all alike: what an old worker wrote by night says nothing about the day.
            let rates = workers.compactMap { worker -> Double? in
                guard let before = before?[worker.id], let carried = logs.carried(worker.id, .error) else { return nil }
                return Double(carried - min(carried, before.bytes)) / max(1, (now - before.at).seconds)
            }
            var group = Comparison.Group()
            if !sizes.isEmpty { group.memory = ByteCount(bytes: sizes.reduce(0, +) / UInt64(sizes.count)) }
            if !rates.isEmpty { group.complaints = rates.reduce(0, +) / Double(rates.count) }
            return group
        }
        let comparison = Comparison(
            new: group { $0.generation == generation },
            old: group { $0.generation < generation }
        )
        send(.compared(name, comparison))
    }

    /// What each worker has written to its standard error until now.
    private func complaints(of name: AppName) -> [WorkerID: Complaints] {
        let now = MonotonicClock.now()
        return processes.workers.values.reduce(into: [:]) { result, worker in
            guard worker.id.app == name, let bytes = logs.carried(worker.id, .error) else { return }
            result[worker.id] = Complaints(bytes: bytes, at: now)
        }
    }

    /// How much a worker had written to its standard error, and when.
    struct Complaints {
        var bytes: UInt64
        var at: Instant
    }

    // MARK: - Links

    /// Has the links of releases that are put in service by this state lead to them.
    ///
    /// - Throws: Where one cannot be moved; it is tried again with the next write of the state.
    func followReleases(_ desired: DesiredState) throws(SystemError) {
        for app in desired.apps {
            guard let release = app.spec.release, release.link == app.spec.deploy?.link,
                fleet.durable[app.spec.name]?.spec.release?.path != release.path,
                SymbolicLink.resolve(release.link) != release.path
            else { continue }
            try SymbolicLink.point(release.link, at: release.relativePath)
        }
    }

    /// Moves the links that a koomyd which died had not moved yet, and says which others lead elsewhere than to what serves.
    func checkLinks() {
        for app in fleet.desired.apps {
            guard let release = app.spec.release, release.link == app.spec.deploy?.link,
                SymbolicLink.resolve(release.link) != release.path
            else { continue }
            // One that was moved since then was moved by somebody who wanted it.
            let last = deploymentLog.history(of: app.spec.name).first {
                $0.to?.path == release.path && $0.outcome == "done"
            }
            if let last, FileFacts(at: release.link).map({ $0.modified.milliseconds < last.beganAt }) ?? true {
                attempt("lead \(release.link) to \(release.path)") { () throws(SystemError) in
                    try SymbolicLink.point(release.link, at: release.relativePath)
                }
                continue
            }
            log.warning(
                "\(app.spec.name) is served from \(release.path), and \(release.link) leads elsewhere; "
                    + "koomyctl reload \(app.spec.name) takes what it leads to"
            )
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
