import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// One run of `koomyctl deploy`: prepares a release on disk, which touches nothing that serves, then asks koomyd for one
/// thing.
final class Deployment {
    let wish: DeployWish
    let session: Session
    let client: ControlClient
    let steps: DeploySteps
    var tools: DeployTools
    /// Held to the end of this process.
    private var lock: LockFile?

    init(_ wish: DeployWish, _ session: Session, _ client: ControlClient) {
        self.wish = wish
        self.session = session
        self.client = client
        steps = DeploySteps(wish.app, session)
        tools = DeployTools(environment: session.environment)
    }

    /// - Returns: The exit code.
    func run() -> Int32 {
        do throws(DeployFailure) {
            let target = try find()
            if wish.isDry { return try explain(target) }
            if !target.isKnown { try ensureDaemon() }
            let release = try prepareUndisturbed(target)
            return release.target.isKnown ? askKoomyd(for: release) : startFirst(release)
        } catch {
            return fail(error)
        }
    }

    /// What it takes for a release to serve.
    struct Release {
        var target: DeployTarget
        var id: ReleaseID
        var revision: String?
        var preparedAt: Int64?
        /// Whether this run has made it, and may remove it again.
        var isNew: Bool

        var path: String { target.layout.release(id) }
    }

    /// With SIGINT, SIGTERM and SIGHUP held, so that one of them leads to an end in which everything is as it was.
    private func prepareUndisturbed(_ target: DeployTarget) throws(DeployFailure) -> Release {
        let signals = try held()
        tools.interruption = signals.descriptor.number
        defer { tools.interruption = nil }
        // What is waited for may have changed how the app is deployed.
        let hasWaited = try takeLock(of: target.layout)
        let release = try prepare(hasWaited ? findAgain(target) : target)
        guard !signals.hasCome else {
            if release.isNew { removeQuietly(release) }
            throw .interrupted
        }
        do throws(SystemError) {
            try signals.letGo()
        } catch {
            throw DeployFailure(error)
        }
        return release
    }

    private func held() throws(DeployFailure) -> PendingSignals {
        do {
            return try PendingSignals(holding: [.interrupt, .terminate, .hangup])
        } catch {
            throw DeployFailure(error)
        }
    }

    private func findAgain(_ before: DeployTarget) throws(DeployFailure) -> DeployTarget {
        let target = try find()
        guard target.layout == before.layout else {
            throw DeployFailure(.badConfiguration, "\(wish.app.text) has moved to \(target.deploy.root) meanwhile")
        }
        return target
    }

    /// - Returns: Whether another deployment was waited for.
    private func takeLock(of layout: DeployLayout) throws(DeployFailure) -> Bool {
        let folders = ReleaseFolders(layout: layout, tools: tools)
        var hasWaited = false
        try steps.perform("locking", "takes the lock of \(layout.root)") { () throws(DeployFailure) in
            try folders.prepare()
            lock = try acquire(layout.lockFile, &hasWaited)
        }
        let left = try folders.removeLeftovers()
        if !left.isEmpty {
            steps.tell("tidied", "removed what was left of \(left.map(\.text).joined(separator: ", "))")
        }
        return hasWaited
    }

    /// Another deployment that is under way is waited for, or said.
    private func acquire(_ path: String, _ hasWaited: inout Bool) throws(DeployFailure) -> LockFile {
        while true {
            do {
                return try LockFile.acquire(path)
            } catch {
                guard error.errno == .wouldBlock else { throw DeployFailure(error) }
                let holder = LockFile.holder(of: path).map { "process \($0)" } ?? "another process"
                guard wish.waits else {
                    throw DeployFailure(
                        .usage,
                        "another deployment of \(wish.app.text) is under way: \(holder) has \(path)",
                        hint: "wait for it with --wait"
                    )
                }
                if !hasWaited { steps.tell("waiting", "waits for another deployment, of \(holder)") }
                hasWaited = true
                let entry = Poll.Entry(tools.interruption ?? -1, .readable)
                let events = try? Poll.wait([entry], atMost: .milliseconds(100))
                if events?.first?.isEmpty == false { throw .interrupted }
            }
        }
    }

    /// Says why it ended before koomyd was asked.
    func fail(_ failure: DeployFailure) -> Int32 {
        let error = failure.error
        if session.options.json {
            let result = CommandResult(
                code: error.exitCode,
                outcome: error.code,
                message: error.message,
                hint: error.hint,
                diagnostics: error.diagnostics
            )
            Output.printJSON(CommandMessage.result(result))
        } else {
            // With -q nobody has seen them yet.
            Output.print(failure.tail.map { "  \(session.errors.clean($0))" }, to: .errors)
            Output.print(OutcomeText(screen: session.errors).failureToPrepare("deploy", error), to: .errors)
        }
        return error.exitCode
    }
}
