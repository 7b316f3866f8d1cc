import Glibc
import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// `koomyctl daemon stop`: what has become of the workers is looked at, not assumed.
extension Session {
    func stopDaemon(_ workers: StopDaemonRequest.Workers) -> Int32 {
        withClient("daemon stop") { client throws(ClientError) in
            var client = client
            // One that is told to leave goes away: that it does not come back is no trouble.
            client.returnPatience = .zero
            let key = IdempotencyKey.random()
            let folder = RunFolder(ofSocket: client.socketPath)
            let before = folder.workers()
            let command = ControlCommand.stopDaemon(StopDaemonRequest(workers: workers == .leave ? .leave : nil))
            while true {
                let pid = try client.status().daemon.pid
                let identity = ProcessStat(of: pid)?.identity
                let result = try ask(command, key, client)
                if let result, result.code != ExitCode.done.rawValue { return failToStop(result) }
                try waitUntilGone(identity)
                // Killed before it was through: the one that follows it knows what was asked for.
                if result == nil, (try? client.status()) != nil { continue }
                // A service manager may have started the next koomyd already, whose workers are none of these.
                return tell(workers, folder.workers().filter(before.contains), pid)
            }
        }
    }

    /// The daemon's result; nil where it left before it could say so.
    private func ask(
        _ command: ControlCommand,
        _ key: IdempotencyKey,
        _ client: ControlClient
    ) throws(ClientError) -> CommandResult? {
        let progress = ProgressDisplay(errors, isQuiet: options.quiet || options.json)
        defer { progress.clear() }
        do throws(ClientError) {
            return try client.command(command, key: key) { progress.show($0) }
        } catch .lost {
            return nil
        }
    }

    private func failToStop(_ result: CommandResult) -> Int32 {
        if options.json {
            Output.printJSON(CommandMessage.result(result))
        } else {
            Output.print(OutcomeText(screen: errors).failure("daemon stop", result, running: nil), to: .errors)
        }
        return result.code
    }

    /// Waits until the process is not there any more, or only its parent has not noticed.
    private func waitUntilGone(_ daemon: ProcessIdentity?) throws(ClientError) {
        guard let daemon else { return }
        let deadline = MonotonicClock.now() + (options.timeout ?? .seconds(30))
        while let stat = ProcessStat(of: daemon.pid), stat.identity == daemon, !stat.isDead {
            guard MonotonicClock.now() < deadline else { throw .timedOut }
            _ = poll(nil, 0, 10)
        }
    }

    private func tell(_ wish: StopDaemonRequest.Workers, _ left: [RunFolder.Worker], _ pid: ProcessID) -> Int32 {
        let daemon = "koomyd has left (pid \(pid))"
        switch (wish, left.count) {
        case (.drain, 0): return finish("drained: no worker is left, and \(daemon)")
        case (.drain, _):
            let who = left.map(\.description).joined(separator: ", ")
            let message = "not drained: \(daemon), and \(Quantity.workersRun(left.count)) on: \(who)"
            let hint = "\(DaemonLauncher.advice(environment)), which takes them back; then koomyctl daemon stop"
            return fail("daemon stop", ErrorView(.internalError, message: message, hint: hint))
        case (.leave, 0): return finish("no worker was running, and \(daemon)")
        case (.leave, let count):
            return finish("left running: \(Quantity.workersRun(count)) on, and \(daemon)")
        }
    }
}

extension Quantity {
    /// `1 worker runs`, `2 workers run`.
    static func workersRun(_ count: Int) -> String { count == 1 ? "1 worker runs" : "\(count) workers run" }
}
