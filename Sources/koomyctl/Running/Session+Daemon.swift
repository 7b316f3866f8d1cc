import Glibc
import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// Starting and stopping koomyd itself.
extension Session {
    func startDaemon() -> Int32 {
        withClient("daemon start") { client throws(ClientError) in
            do throws(ClientError) {
                let daemon = try client.status().daemon
                return finish("koomyd runs already, pid \(daemon.pid)")
            } catch .noDaemon {
                if let failure = launchDaemon(client) { return fail("daemon start", failure) }
                return finish("koomyd is running")
            }
        }
    }

    /// Starts the user's own koomyd and says so.
    ///
    /// - Returns: Why there is none; nil where it answers.
    func launchDaemon(_ client: ControlClient) -> ErrorView? {
        do throws(SystemError) {
            let launcher = DaemonLauncher(environment: environment, client: client, directories: try directories())
            if let objection = launcher.objection() { return objection }
            switch try launcher.launch() {
            case .running(let pid):
                note("no koomyd was running: started one (pid \(pid), log \(launcher.logPath))")
                return nil
            case .failed(let error): return error
            }
        } catch {
            let isDenied = error.errno == .permissionDenied || error.errno == .notPermitted
            return ErrorView(isDenied ? .notPermitted : .noDaemon, message: "cannot start koomyd: \(error)")
        }
    }

    func stopDaemon() -> Int32 {
        withClient("daemon stop") { client throws(ClientError) in
            let pid = try client.status().daemon.pid
            let identity = ProcessStat(of: pid)?.identity
            let progress = ProgressDisplay(errors, isQuiet: options.quiet || options.json)
            defer { progress.clear() }
            do throws(ClientError) {
                let result = try client.command(.stopDaemon(StopDaemonRequest())) { progress.show($0) }
                guard result.code == ExitCode.done.rawValue else {
                    progress.clear()
                    if options.json {
                        Output.printJSON(CommandMessage.result(result))
                    } else {
                        Output.print(
                            OutcomeText(screen: errors).failure("daemon stop", result, running: nil),
                            to: .errors
                        )
                    }
                    return result.code
                }
            } catch .lost {
                // It left before it could say so; whether it is gone is looked at anyway.
            }
            try waitUntilGone(identity)
            progress.clear()
            return finish("koomyd has left (pid \(pid))")
        }
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

    private func finish(_ message: String) -> Int32 {
        if options.json {
            Output.printJSON(CommandMessage.result(CommandResult(.done, message: message)))
        } else if !options.quiet {
            Output.print(results.clean(message))
        }
        return ExitCode.done.rawValue
    }
}
