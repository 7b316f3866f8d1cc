import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// `koomyctl daemon stop`, with processes in the places of koomyd and its workers.
@Suite struct StopDaemonRunTests {
    /// What koomyd does with its one worker when it is told to leave.
    private enum Deed { case ends, leaves }

    private struct Run {
        var result: Command.Result
        var requests: [String]
        var koomyd: Int32
        var worker: Int32
    }

    private func stop(_ options: [String], worker deed: Deed, isLost: Bool = false) throws -> Run {
        try Workspace.with { files in
            let koomyd = try BackgroundProcess(["sleep", "100"], name: "koomyd", in: files)
            let worker = try files.worker("api", slot: 0)
            defer {
                koomyd.stop()
                worker.stop()
            }
            var status = Samples.status
            status.daemon.pid = koomyd.pid
            let daemon = try ScriptedDaemon(path: files("run/control.sock")) { [status] request in
                guard request.method == "POST" else { return .answer(status) }
                let leave = Step.perform {
                    if deed == .ends { worker.stop() }
                    koomyd.stop()
                }
                let result = CommandMessage.result(CommandResult(.done, message: "done"))
                // It may be gone before it could say so, and its socket with it.
                return isLost
                    ? [leave, .perform { unlink(files("run/control.sock")) }] : .streamHead + [.line(result), leave]
            }
            let result = try daemon.whileAnswering {
                try koomyctl(["daemon", "stop", "--socket", daemon.path] + options)
            }
            return Run(result: result, requests: daemon.requests.map(\.text), koomyd: koomyd.pid, worker: worker.pid)
        }
    }

    @Test(arguments: [true, false])
    func `drained is said when no worker is left`(isLost: Bool) throws {
        let run = try stop([], worker: .ends, isLost: isLost)
        let words = "drained: no worker is left, and koomyd has left (pid \(run.koomyd))\n"
        #expect(run.result.code == 0 && run.result.out == words, "\(run)")
        #expect(run.requests == ["GET /v1/status", "POST /v1/daemon/stop {}"])
    }

    @Test(arguments: [true, false])
    func `left running is said with the number of those that run`(isLost: Bool) throws {
        let run = try stop(["--leave-workers"], worker: .leaves, isLost: isLost)
        let words = "left running: 1 worker runs on, and koomyd has left (pid \(run.koomyd))\n"
        #expect(run.result.code == 0 && run.result.out == words, "\(run)")
        #expect(run.requests.last == #"POST /v1/daemon/stop {"workers":"leave"}"#)
    }

    @Test func `with nothing to leave running, that is said`() throws {
        let run = try stop(["--leave-workers"], worker: .ends)
        let words = "no worker was running, and koomyd has left (pid \(run.koomyd))\n"
        #expect(run.result.code == 0 && run.result.out == words, "\(run)")
    }

    @Test(arguments: [true, false])
    func `a worker that was to be drained and runs on is named, and no success`(isLost: Bool) throws {
        let run = try stop([], worker: .leaves, isLost: isLost)
        #expect(run.result.code == 70 && run.result.out.isEmpty, "\(run)")
        let words = "not drained: koomyd has left (pid \(run.koomyd)), and 1 worker runs on: api:0 (pid \(run.worker))"
        #expect(run.result.error.contains(words), "\(run)")
        #expect(run.result.error.contains("next: koomyctl daemon start, which takes them back"), "\(run)")
    }

    @Test func `a koomyd that is killed while it drains is followed by one that is asked the same`() throws {
        try Workspace.with { files in
            let processes = try (0..<2).map { try BackgroundProcess(["sleep", "100"], name: "k\($0)", in: files) }
            defer { for process in processes { process.stop() } }
            let daemon = try ScriptedDaemon(path: files("control.sock")) { request in
                var status = Samples.status
                let present = processes.first { $0.ended == nil } ?? processes[1]
                status.daemon.pid = present.pid
                guard request.method == "POST" else { return .answer(status) }
                let result = CommandMessage.result(CommandResult(.done, message: "done"))
                let end = Step.perform { present.stop() }
                return present === processes[0] ? [end] : .streamHead + [.line(result), end]
            }
            let run = try daemon.whileAnswering { try koomyctl(["daemon", "stop", "--socket", daemon.path]) }
            #expect(run.code == 0 && run.out.contains("drained: ") && run.out.contains("\(processes[1].pid)"), "\(run)")
            let keys = daemon.requests.compactMap(\.key)
            #expect(keys.count == 2 && Set(keys).count == 1, "\(keys)")
        }
    }
}

extension Workspace {
    /// A process that carries what koomyd's workers carry, of the koomyd whose sockets are in `run`.
    func worker(_ app: String, slot: Int, command: [String] = ["sleep", "100"]) throws -> BackgroundProcess {
        try Files.makeFolder(self("run"))
        let environment = [
            "NOTIFY_SOCKET": self("run/notify/\(app)-\(slot).sock"), "KOOMY_APP": app, "KOOMY_SLOT": "\(slot)",
        ]
        return try BackgroundProcess(
            command,
            name: "\(app)-\(slot)",
            in: self,
            environment: baseEnvironment().merging(environment) { $1 }
        )
    }
}
