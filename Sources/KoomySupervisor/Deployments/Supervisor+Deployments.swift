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
        case .canaryBegan:
            canaries[name] = complaints(of: name)
            note(notice.kind, text, of: name, at: now)
        case .canaryHeld, .rolloutPaused:
            gauges[name]?.rest()
            note(notice.kind, text, of: name, at: now)
        case .promoted, .rolloutResumed:
            gauges[name]?.go()
            note(notice.kind, text, of: name, at: now)
        default: note(notice.kind, text, of: name, at: now)
        }
    }

    private func note(_ kind: Notice.Kind, _ text: NoticeText, of name: AppName, at now: Int64) {
        guard let step = kind.step else { return }
        deploymentLog.add(DeploymentStepView(at: now, step: step, slot: text.slot, message: text.message), to: name)
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
}
