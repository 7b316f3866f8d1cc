import KoomySystem
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// `koomyctl doctor`, and what `status` says of workers without koomyd.
@Suite struct DoctorRunTests {
    private static let fine = DoctorCheck("apps", .ok, message: "every app is as it is wanted")
    private static let poor = DoctorCheck("anomalies", .warning, message: "1 anomaly", hint: "koomyctl events")
    private static let bad = DoctorCheck("store", .error, message: "the keeper is gone", hint: "start it")

    private func findings(_ run: Command.Result) throws -> [String: DoctorCheck] {
        let view = try WireCoding.decode(DoctorView.self, from: Array(run.out.utf8))
        return Dictionary(uniqueKeysWithValues: view.checks.map { ($0.name, $0) })
    }

    @Test(arguments: [([fine], 0), ([fine, poor], 0), ([poor, bad, fine], 1)] as [([DoctorCheck], Int32)])
    func `an error is 1, and a warning is not`(checks: [DoctorCheck], code: Int32) throws {
        let view = DoctorView(checks: checks)
        let (run, requests) = try koomyctl(["doctor"]) { _ in .answer(view) }
        #expect(run.code == code && run.error.isEmpty && requests == ["GET /v1/doctor"], "\(run)")
        for check in checks { #expect(run.out.contains(check.message) && run.out.contains(check.hint ?? ""), "\(run)") }
        let json = try koomyctl(["doctor", "--json"]) { _ in .answer(view) }.run
        let line = try WireCoding.encodeLine(view)
        #expect(json.code == code && Array(json.out.utf8) == line, "\(json)")
    }

    @Test func `without daemon, and without anything left of one, starting it is all there is to do`() throws {
        try Workspace.with { files in
            let environment = ["KOOMY_HOME": files("k")]
            let run = try koomyctl(["doctor"], environment: environment)
            #expect(run.code == 3 && run.out.contains("no koomyd runs: there is no \(files("k"))"), "\(run)")
            #expect(run.out.contains("next, for control-socket: koomyctl daemon start"), "\(run)")
            let checks = try findings(koomyctl(["doctor", "--json"], environment: environment))
            #expect(checks["control-socket"]?.status == "error")
            #expect(checks["lock"]?.status == "ok" && checks["workers"]?.status == "ok")
            #expect(!Files.exists(files("k")))
        }
    }

    @Test func `workers without koomyd are counted and named, each once`() throws {
        try Workspace.with { files in
            let workers = try [
                files.worker("api", slot: 0), files.worker("api", slot: 1, command: ["sh", "-c", "sleep 100 & wait"]),
                files.worker("web", slot: 0),
            ]
            defer { for worker in workers { worker.stop() } }
            let socket = ["--socket", files("run/control.sock")]
            let names = zip(["api:0", "api:1", "web:0"], workers).map { "\($0) (pid \($1.pid))" }
            let list = names.joined(separator: ", ")
            // The second worker is two processes; it is there when its child is.
            try eventually("all run") { try koomyctl(["doctor"] + socket).out.contains("without koomyd: \(list)") }
            let run = try koomyctl(["doctor"] + socket)
            #expect(run.code == 3 && run.out.contains("3 workers run without koomyd: \(list)"), "\(run)")
            #expect(run.out.contains("next, for workers: koomyctl daemon start, which takes them back"), "\(run)")

            let status = try koomyctl(["status"] + socket)
            #expect(status.code == 3 && status.out.isEmpty, "\(status)")
            let remark = "3 workers still run without koomyd; start it and it takes them back"
            #expect(status.error.hasSuffix("\n\(remark)\n"), "\(status)")
            let json = try koomyctl(["status", "--json"] + socket)
            let error = try WireCoding.decode(ErrorAnswer.self, from: Array(json.out.utf8)).error
            #expect(json.code == 3 && json.error.isEmpty && error.hint == remark, "\(json)")

            for worker in workers.dropFirst() { worker.stop() }
            let one = try koomyctl(["status"] + socket)
            #expect(one.error.hasSuffix("\n1 worker still runs without koomyd; start it and it takes that back\n"))
            // Those of another koomyd are none of its.
            let other = try koomyctl(["status", "--socket", files("run2/control.sock")])
            #expect(!other.error.contains("still run"), "\(other)")
        }
    }

    @Test func `a lock that is held without an answer is told with its holder`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("k"))
            try Files.makeFolder(files("k/state"))
            let path = files("k/state/lock")
            let environment = ["KOOMY_HOME": files("k")]
            do {
                let lock = try LockFile.acquire(path)
                let run = try koomyctl(["doctor", "--json"], environment: environment)
                let check = try #require(try findings(run)["lock"])
                #expect(run.code == 3 && check.status == "error", "\(run)")
                #expect(check.message == "process \(ThisProcess.id) holds \(path), and does not answer")
                #expect(check.hint?.contains(files("k/log/koomyd.log")) == true)
                // To start another one would lead nowhere.
                #expect(try findings(run)["control-socket"]?.hint == nil)
                _ = lock.path
            }
            // A child that another test has just cloned may have the lock until it calls execve.
            try eventually("nobody has it") {
                let check = try findings(koomyctl(["doctor", "--json"], environment: environment))["lock"]
                return check?.status == "ok" && check?.message == "nobody holds \(path)"
            }
        }
    }

    @Test func `a koomyd that may not be asked is no missing one`() throws {
        let error = ErrorView(.notPermitted, message: "user 7 may not look at anything here")
        let (run, _) = try koomyctl(["doctor"]) { _ in .refusal(error) }
        #expect(run.code == 10 && run.error.contains("user 7 may not"), "\(run)")
    }
}
