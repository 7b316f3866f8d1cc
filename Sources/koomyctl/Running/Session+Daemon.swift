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
            case .running(let pid, let isOurs):
                let what = isOurs ? "started one" : "another koomyctl has just started one"
                note("no koomyd was running: \(what) (pid \(pid), log \(launcher.logPath))")
                return nil
            case .failed(let error): return error
            }
        } catch {
            let isDenied = error.errno == .permissionDenied || error.errno == .notPermitted
            return ErrorView(isDenied ? .notPermitted : .noDaemon, message: "cannot start koomyd: \(error)")
        }
    }

    func upgradeDaemon(_ binary: String?) -> Int32 {
        let path = binary.map { StartWord.absolutePath(of: $0, from: Environment.workingDirectory()) }
        return change("daemon upgrade", .upgradeDaemon(UpgradeRequest(binary: path)))
    }

    func finish(_ message: String) -> Int32 {
        if options.json {
            Output.printJSON(CommandMessage.result(CommandResult(.done, message: message)))
        } else if !options.quiet {
            Output.print(results.clean(message))
        }
        return ExitCode.done.rawValue
    }
}
