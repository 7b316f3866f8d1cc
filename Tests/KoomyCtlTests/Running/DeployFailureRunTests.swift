import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@testable import koomyctl

@Suite struct DeployFailureRunTests {
    @Test func `a build that fails changes nothing and leaves its output`() throws {
        try DeployField.with("build: 'echo first; echo the reason >&2; exit 3'\n") { field in
            let (run, requests) = try field.deploy(["code"])
            #expect(run.code == 12 && run.error.contains("deploy failed: the build failed: exit code 3"), "\(run)")
            #expect(!requests.contains { $0.hasPrefix("POST") })
            #expect(field.releases.isEmpty && field.remains.isEmpty, "\(field.remains)")
            let logs = Files.names(in: field.layout.buildLogs)
            #expect(
                logs.count == 1
                    && run.error.contains("next: all it wrote is in \(field.layout.buildLogs)/\(logs.first ?? "")")
            )
            // With -q too, it is seen why.
            let quiet = try field.deploy(["code", "-q"]).run
            #expect(
                quiet.code == 12 && quiet.out.isEmpty && quiet.error.hasPrefix("  first\n  the reason\ndeploy failed"),
                "\(quiet)"
            )
            let kept = try field.deploy(["code", "--keep-failed"]).run
            #expect(kept.code == 12 && field.releases.isEmpty && field.remains.count == 1, "\(kept)")
            #expect(field.remains.first?.hasPrefix(".failed-") == true)
            // The next one takes it away.
            try field.writeFile("")
            #expect(try field.deploy(["code"]).run.code == 0)
            #expect(field.remains.isEmpty && field.releases.count == 1)
        }
    }

    @Test func `a build that takes too long is killed with all that it has started`() throws {
        let build = "build: {command: 'setsid sleep 1000 & sleep 1000', timeout: 300ms}\n"
        try DeployField.with(build) { field in
            let (run, _) = try field.deploy(["code"])
            #expect(run.code == 12 && run.error.contains("not done within 300ms"), "\(run)")
            #expect(field.releases.isEmpty && field.remains.isEmpty)
            #expect(ProcessTable.pids(withEnvironmentContaining: "\(DeployTools.marker)=\(field.root)").isEmpty)
        }
    }

    @Test(arguments: [Outcome.workerFailed, .readyTimeout, .unhealthy, .aborted, .superseded, .badConfiguration])
    func `what koomyd does not take is removed`(outcome: Outcome) throws {
        try DeployField.with { field in
            let failed = CommandResult(outcome, message: "it does not serve")
            let (run, _) = try field.deploy(["code"], field.daemon(failed))
            #expect(run.code == outcome.exitCode.rawValue && run.error.contains("it does not serve"), "\(run)")
            #expect(field.releases.isEmpty && field.remains.isEmpty)
            let kept = try field.deploy(["code", "--keep-failed"], field.daemon(failed)).run
            #expect(kept.code == outcome.exitCode.rawValue && field.releases.count == 1, "\(kept)")
        }
    }

    @Test func `a release that may be in use stays`() throws {
        try DeployField.with { field in
            // koomyd goes on where koomyctl no longer waits.
            let known = field.daemon()
            let silent: ScriptedDaemon.Script = { request in
                request.method == "POST" ? .streamHead + [.waitForClientToLeave] : known(request)
            }
            let late = try field.deploy(["code", "--timeout", "2s"], silent).run
            #expect(late.code == 75 && field.releases.count == 1, "\(late)")
            #expect(late.error.contains("which stays"), "\(late)")
        }
    }

    @Test func `a release in which a process works stays`() throws {
        try DeployField.with("build: 'sleep 1000 >/dev/null 2>&1 &'\n") { field in
            let mark = "\(DeployTools.marker)=\(field.root)"
            defer { for pid in ProcessTable.pids(withEnvironmentContaining: mark) { _ = Glibc.kill(pid, SIGKILL) } }
            let (run, _) = try field.deploy(["code"], field.daemon(CommandResult(.unhealthy, message: "no")))
            #expect(run.code == 6 && run.error.contains("stays: it may still be in use"), "\(run)")
            #expect(field.releases.count == 1)
        }
    }

    @Test func `old releases go, those in service and the one before them stay`() throws {
        try DeployField.with("keep: 2\n") { field in
            for day in 1...6 { try field.files.write("x", to: "root/releases/2020010\(day)T000000Z-aaaaaaa/x") }
            func release(_ day: Int) -> ReleaseView {
                let id = "2020010\(day)T000000Z-aaaaaaa"
                return ReleaseView(id: id, path: field.layout.releases + "/" + id)
            }
            var worker = Samples.worker0
            worker.release = release(2)
            var last = DeploymentView(
                generation: 4,
                app: "api",
                command: "deploy",
                from: release(4),
                to: release(6),
                beganAt: 0
            )
            last.outcome = "done"
            var failed = DeploymentView(
                generation: 5,
                app: "api",
                command: "deploy",
                from: release(1),
                to: release(3),
                beganAt: 0
            )
            failed.outcome = "unhealthy"
            #expect(try Command.run(["ln", "-s", "releases/\(release(5).id)", field.layout.link]).code == 0)
            let daemon = field.daemon(workers: [worker], deployments: [failed, last])
            let (run, _) = try field.deploy(["code"], daemon)
            #expect(run.code == 0 && run.error.contains("removed 3 old releases"), "\(run)")
            let left = field.releases.map(\.text)
            #expect(left.dropFirst() == [release(5).id, release(4).id, release(2).id], "\(left)")
            #expect(field.remains.isEmpty)
        }
    }

    @Test func `what the last builds wrote stays`() throws {
        try DeployField.with("build: echo hello\n") { field in
            func name(_ number: Int) -> String { "20200101T000\(100 + number)Z-aaaaaaa-build.log" }
            for number in 0..<60 { try field.files.write("x", to: "root/releases/.logs/\(name(number))") }
            #expect(try field.deploy(["code"]).run.code == 0)
            let logs = Files.names(in: field.layout.buildLogs)
            #expect(logs.count == 51 && logs.first == name(10), "\(logs)")
        }
    }

    @Test func `one deployment at a time`() throws {
        try DeployField.with { field in
            try field.files.write("", to: "root/releases/.keep")
            #expect(try Command.run(["mkfifo", field.files("gate")]).code == 0)
            try field.writeFile("build: 'echo begun; cat \(field.files("gate"))'\n")
            let daemon = try ScriptedDaemon(path: field.files("control.sock"), script: field.daemon())
            try daemon.whileAnswering {
                let command = ["deploy", "api", "code", "--socket", daemon.path]
                let first = try BackgroundProcess(
                    [try Binaries.path("koomyctl")] + command,
                    name: "first",
                    in: field.files
                )
                defer { first.stop() }
                try eventually("the first one builds") { first.errorOutput.contains("begun") }
                let second = try koomyctl(command, folder: field.files.path)
                #expect(second.code == 64, "\(second)")
                #expect(
                    second.error.contains("another deployment of api is under way: process \(first.pid)"),
                    "\(second)"
                )
                let third = try BackgroundProcess(
                    [try Binaries.path("koomyctl")] + command + ["--wait"],
                    name: "third",
                    in: field.files
                )
                defer { third.stop() }
                try eventually("the third one waits") { third.errorOutput.contains("waits for another deployment") }
                try field.writeFile("")
                try Files.write("", to: field.files("gate"))
                #expect(try first.wait() == .code(0))
                #expect(try third.wait() == .code(0), "\(third.errorOutput)")
            }
            #expect(daemon.requests.count { $0.method == "POST" } == 2)
            #expect(field.releases.count == 2)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal ends it as if it had not begun`(number: Int32) throws {
        try DeployField.with("build: 'echo begun; setsid sleep 1000 & sleep 1000'\n") { field in
            let daemon = try ScriptedDaemon(path: field.files("control.sock"), script: field.daemon())
            try daemon.whileAnswering {
                let command = [try Binaries.path("koomyctl"), "deploy", "api", "code", "--socket", daemon.path]
                let process = try BackgroundProcess(command, name: "deploy", in: field.files)
                defer { process.stop() }
                try eventually("it builds") { process.errorOutput.contains("begun") }
                process.signal(number)
                #expect(try process.wait() == .code(9), "\(process.errorOutput)")
                #expect(process.errorOutput.contains("interrupted; nothing has changed"))
            }
            #expect(field.releases.isEmpty && field.remains.isEmpty, "\(field.remains)")
            #expect(!daemon.requests.contains { $0.method == "POST" })
            #expect(ProcessTable.pids(withEnvironmentContaining: "\(DeployTools.marker)=\(field.root)").isEmpty)
        }
    }

    /// Every program that a deployment runs on the new release is one at which it may be killed.
    @Test(arguments: ["mkdir", "cp", "chmod", "ln", "sync", "rm"])
    func `killed at any step, it leaves only what the next one removes`(step: String) throws {
        try DeployField.with("shared: .env\nbuild: 'true'\n") { field in
            try field.files.write("A=1", to: "root/shared/.env")
            try field.files.write("B=2", to: "code/.env")
            // A program of that name that does not come back, once it is to do something with the new release.
            let script = """
                #!/bin/sh
                case "$*" in
                    */.incoming-* | */releases/2* | */releases) echo >'\(field.files("reached"))'; exec sleep 1000 ;;
                esac
                PATH=${PATH#*:} exec \(step) "$@"

                """
            try field.files.write(script, to: "tools/\(step)", executable: true)
            try kill(field, path: "\(field.files("tools")):\(Binaries.searchPath)")
            try expectRecovery(field, step)
        }
    }

    @Test func `killed in the build, it leaves only what the next one removes`() throws {
        let build = "build: 'touch ../../../reached; setsid sleep 1000 & sleep 1000'\n"
        try DeployField.with("shared: .env\n" + build) { field in
            try field.files.write("A=1", to: "root/shared/.env")
            try kill(field, path: Binaries.searchPath)
            try expectRecovery(field, "build")
        }
    }

    private func kill(_ field: DeployField, path: String) throws {
        let daemon = try ScriptedDaemon(path: field.files("control.sock"), script: field.daemon())
        try daemon.whileAnswering {
            let command = [try Binaries.path("koomyctl"), "deploy", "api", "code", "--socket", daemon.path]
            let environment = baseEnvironment().merging(["PATH": path]) { $1 }
            let process = try BackgroundProcess(command, name: "deploy", in: field.files, environment: environment)
            defer { process.stop() }
            try eventually("it is there") {
                if let end = process.ended { throw TestFailure(description: "\(end): \(process.errorOutput)") }
                return TestSupport.Files.exists(field.files("reached"))
            }
            process.signal(SIGKILL)
            #expect(try process.wait() == .signal(SIGKILL))
        }
        #expect(!daemon.requests.contains { $0.method == "POST" })
    }

    private func expectRecovery(_ field: DeployField, _ step: String) throws {
        #expect(field.releases.isEmpty, "what is not complete is none: \(field.releases)")
        #expect(
            field.remains.allSatisfy { name in
                DeployLayout.incomplete(named: name) != nil || ReleaseID(name) != nil || name.hasSuffix(".json")
            }
        )
        try field.writeFile("shared: .env\n")
        let (run, _) = try field.deploy(["code"])
        #expect(run.code == 0, "\(step): \(run)")
        #expect(field.releases.count == 1 && field.remains.isEmpty, "\(step): \(field.remains)")
        // What the dead one had started is gone as well.
        let mark = "\(DeployTools.marker)=\(field.root)"
        #expect(ProcessTable.pids(withEnvironmentContaining: mark).isEmpty, "\(step)")
    }
}
