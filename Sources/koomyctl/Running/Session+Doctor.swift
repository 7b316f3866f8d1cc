import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// `koomyctl doctor`: what koomyd finds, or what can be seen of it where none answers.
extension Session {
    func doctor() -> Int32 {
        withClient("doctor") { client throws(ClientError) in
            let view: DoctorView
            let code: ExitCode
            do throws(ClientError) {
                view = try client.doctor()
                code = view.hasErrors ? .trouble : .done
            } catch  where error.outcome == .noDaemon {
                view = DoctorView(checks: localChecks(client.socketPath, error))
                code = .noDaemon
            }
            if options.json {
                Output.printJSON(view)
            } else {
                Output.print(DoctorText(view: view, screen: results).lines)
            }
            return code.rawValue
        }
    }

    private func localChecks(_ socketPath: String, _ error: ClientError) -> [DoctorCheck] {
        let start = DaemonLauncher.advice(environment)
        // Of another koomyd than the one that the environment implies, only the socket is known.
        let directories = (try? directories()).flatMap { $0.controlSocket == socketPath ? $0 : nil }
        let lock = directories.map { LockState(of: $0.lockFile) } ?? .free
        var checks = [socketCheck(socketPath, error, start: lock == .free ? start : nil)]
        if let directories { checks.append(lockCheck(lock, directories)) }
        checks.append(workersCheck(RunFolder(ofSocket: socketPath).workers(), start: start))
        return checks
    }

    private func socketCheck(_ path: String, _ error: ClientError, start: String?) -> DoctorCheck {
        let message =
            switch error {
            case .noDaemon where !Files.exists(path): "no koomyd runs: there is no \(path)"
            case .noDaemon: "nobody listens at \(path): its koomyd was killed"
            case .noAnswer, .lost, .cannotConnect, .noPermission, .timedOut, .unexpected, .refused: error.description
            }
        return DoctorCheck("control-socket", .error, message: message, hint: start)
    }

    private func lockCheck(_ lock: LockState, _ directories: Directories) -> DoctorCheck {
        switch lock {
        case .free: return DoctorCheck("lock", .ok, message: "nobody holds \(directories.lockFile)")
        case .held(let pid):
            let holder = pid.map { "process \($0)" } ?? "a process"
            return DoctorCheck(
                "lock",
                .error,
                message: "\(holder) holds \(directories.lockFile), and does not answer",
                hint: "see \(directories.log)/koomyd.log; if it hangs, kill that process and start koomyd again"
            )
        }
    }

    private func workersCheck(_ workers: [RunFolder.Worker], start: String) -> DoctorCheck {
        guard !workers.isEmpty else { return DoctorCheck("workers", .ok, message: "no worker of it is left") }
        let who = workers.map(\.description).joined(separator: ", ")
        let count = Quantity.workersRun(workers.count)
        return DoctorCheck(
            "workers",
            .warning,
            message: "\(count) without koomyd: \(who)",
            hint: "\(start), which takes them back"
        )
    }
}
