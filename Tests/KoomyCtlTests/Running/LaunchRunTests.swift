import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// `koomyctl start` and `koomyctl daemon` with a program in the place of koomyd.
@Suite struct LaunchRunTests {
    /// A folder with a copy of koomyctl, and beside it this shell script as koomyd.
    private func withPrograms(_ koomyd: String?, _ body: (Workspace) throws -> Void) throws {
        try Workspace.with { files in
            try Files.makeFolder(files("bin"))
            // A hard link has a path of its own, unlike a symbolic one; between file systems there is none.
            let built = try Binaries.path("koomyctl")
            if link(built, files("bin/koomyctl")) != 0 {
                try #expect(Command.run(["cp", built, files("bin/koomyctl")]).code == 0)
            }
            if let koomyd { try files.write("#!/bin/sh\n" + koomyd, to: "bin/koomyd", executable: true) }
            try body(files)
        }
    }

    private func environment(_ files: Workspace) -> [String: String] {
        baseEnvironment().merging(["KOOMY_HOME": files("k"), "PATH": "/usr/bin:/bin"]) { $1 }
    }

    private func run(_ arguments: [String], _ files: Workspace) throws -> Command.Result {
        try Command.run([files("bin/koomyctl")] + arguments, environment: environment(files), deadline: .seconds(30))
    }

    /// Runs a command that launches koomyd, and takes koomyd's place once it was launched.
    private func launching(
        _ arguments: [String],
        _ files: Workspace,
        script: @escaping ScriptedDaemon.Script
    ) throws -> (process: BackgroundProcess, exit: Exit, requests: [String]) {
        let process = try BackgroundProcess(
            [files("bin/koomyctl")] + arguments,
            name: "koomyctl",
            in: files,
            environment: environment(files)
        )
        defer { process.stop() }
        try eventually("koomyd was launched") { Files.exists(files("launched")) }
        let daemon = try ScriptedDaemon(path: files("k/run/control.sock"), script: script)
        let exit = try daemon.whileAnswering { try process.wait() }
        return (process, exit, daemon.requests.map(\.text))
    }

    /// Notes how it was started, and stays for as long as the test needs it.
    private static let sleeper = """
        folder=$(dirname "$0")/..
        descriptors=$(ls -l /proc/$$/fd)
        { echo "arguments: $*"; echo "home: $KOOMY_HOME"; echo "$descriptors"; cat /proc/$$/stat; } >"$folder/seen"
        echo "koomyd says hello" >&2
        mv "$folder/seen" "$folder/launched"
        while [ -e "$folder/launched" ]; do sleep 0.05; done
        """

    /// The process that the sleeper noted: its own stat is the last line.
    private static func launchedPid(_ files: Workspace) -> Int32? {
        let line = Files.text(of: files("launched"))?.split(separator: "\n").last
        return line?.split(separator: " ").first.flatMap { Int32($0) }
    }

    @Test func `a first deployment launches koomyd before it makes a release`() throws {
        try withPrograms(Self.sleeper) { files in
            let text = "name: api\nscript: ./a\ncwd: \(files("root"))/current\ndeploy: {path: \(files("root"))}\n"
            let path = try files.write(text, to: "code/a.yaml")
            let arguments = ["deploy", "api", files("code"), "--file", path]
            let done = CommandResult(.done, message: "1 app runs")
            let (process, exit, requests) = try launching(arguments, files) { request in
                switch (request.method, request.target) {
                case ("POST", _): .stream([], done)
                case (_, "/v1/status"): .answer(StatusView(daemon: Samples.daemon, apps: []))
                default: .unexpected
                }
            }
            #expect(exit == .code(0), "\(process.errorOutput)")
            #expect(requests.last { $0.hasPrefix("POST") }?.hasPrefix("POST /v1/start") == true, "\(requests)")
            Files.remove(files("launched"))
        }
        // Where it does not come up, nothing was made.
        try withPrograms("exit 1") { files in
            let text = "name: api\nscript: ./a\ncwd: \(files("root"))/current\ndeploy: {path: \(files("root"))}\n"
            let path = try files.write(text, to: "code/a.yaml")
            let result = try run(["deploy", "api", files("code"), "--file", path], files)
            #expect(result.code == 3 && !Files.exists(files("root")), "\(result)")
        }
    }

    @Test func `start launches koomyd where none answers, and says so`() throws {
        try withPrograms(Self.sleeper) { files in
            let path = try files.write("{}", to: "a.json")
            let done = CommandResult(.done, message: "1 app runs")
            let (process, exit, requests) = try launching(["start", path], files) { request in
                var status = Samples.status
                status.daemon.pid = Self.launchedPid(files) ?? 0
                return request.method == "POST" ? .stream([], done) : .answer(status)
            }
            #expect(exit == .code(0) && process.output == "1 app runs\n", "\(process.errorOutput)")
            #expect(
                process.errorOutput.contains(
                    "no koomyd was running: started one (pid \(Self.launchedPid(files) ?? 0), "
                ),
                "\(process.errorOutput)"
            )
            #expect(requests.last == "POST /v1/start {\"file\":\"\(path)\"}")

            let seen = Files.text(of: files("launched")) ?? ""
            #expect(seen.contains("home: \(files("k"))\n"))
            #expect(seen.contains(" 0 -> /dev/null") && seen.contains(" 1 -> /dev/null"), "\(seen)")
            #expect(seen.contains(" 2 -> \(files("k/log/koomyd.log"))"), "\(seen)")
            #expect(!seen.contains("socket:"), "\(seen)")
            // Its own session: its number is its process id (proc_pid_stat(5)).
            let stat = seen.split(separator: "\n").last?.split(separator: " ") ?? []
            #expect(stat.count > 5 && stat[0] == stat[5], "\(seen)")
            #expect(Files.text(of: files("k/log/koomyd.log")) == "koomyd says hello\n")
            try Files.rename(files("launched"), to: files("over"))
        }
    }

    @Test func `daemon start launches koomyd, once`() throws {
        try withPrograms(Self.sleeper) { files in
            let script: ScriptedDaemon.Script = { _ in .answer(Samples.status) }
            let (process, exit, _) = try launching(["daemon", "start"], files, script: script)
            #expect(exit == .code(0) && process.output == "koomyd is running\n", "\(process.errorOutput)")
            try Files.rename(files("launched"), to: files("over"))
            let daemon = try ScriptedDaemon(path: files("k/run/control.sock"), script: script)
            let again = try daemon.whileAnswering { try run(["daemon", "start"], files) }
            #expect(again.code == 0 && again.out == "koomyd runs already, pid 4000\n", "\(again)")
            #expect(!Files.exists(files("launched")))
        }
    }

    @Test func `a koomyd that does not come up is shown with what it said`() throws {
        try withPrograms("echo 'cannot read state.json' >&2; exit 3") { files in
            try files.write("{}", to: "a.json")
            for arguments in [["start", files("a.json")], ["daemon", "start"]] {
                let run = try run(arguments, files)
                #expect(run.code == 3, "\(run)")
                #expect(run.error.contains("koomyd did not come up: it ended at once: exit code 3"), "\(run)")
                #expect(run.error.contains("cannot read state.json"), "\(run)")
                #expect(run.error.contains("see \(files("k/log/koomyd.log"))"), "\(run)")
            }
        }
    }

    @Test func `no koomyd anywhere is said`() throws {
        try withPrograms(nil) { files in
            let run = try run(["daemon", "start"], files)
            #expect(run.code == 3 && run.error.contains("neither beside koomyctl nor on PATH"), "\(run)")
        }
    }

    @Test(arguments: [["stop", "api"], ["reload", "api"], ["status"], ["restart", "all"], ["scale", "api", "2"]])
    func `nothing but start launches`(arguments: [String]) throws {
        try withPrograms(Self.sleeper) { files in
            try #expect(run(arguments, files).code == 3)
            #expect(!Files.exists(files("launched")))
        }
    }

    @Test func `daemon stop waits until the process is gone`() throws {
        try Workspace.with { files in
            let victim = try BackgroundProcess(["sleep", "100"], name: "victim", in: files)
            defer { victim.stop() }
            var status = Samples.status
            status.daemon.pid = victim.pid
            let script: ScriptedDaemon.Script = { [status] request in
                guard request.method == "POST" else { return .answer(status) }
                // Its process ends only after it has answered.
                let result = CommandMessage.result(CommandResult(.done, message: "leaving"))
                return .streamHead + [.line(result), .perform { victim.signal(SIGTERM) }, .streamEnd]
            }
            let (run, requests) = try koomyctl(["daemon", "stop"], script: script)
            #expect(
                run.code == 0 && run.out == "drained: no worker is left, and koomyd has left (pid \(victim.pid))\n",
                "\(run)"
            )
            #expect(requests == ["GET /v1/status", "POST /v1/daemon/stop {}"])
            #expect(victim.ended == .signal(SIGTERM))
        }
    }

    @Test func `daemon stop does not believe a daemon that stays`() throws {
        try Workspace.with { files in
            let victim = try BackgroundProcess(["sleep", "100"], name: "victim", in: files)
            defer { victim.stop() }
            var status = Samples.status
            status.daemon.pid = victim.pid
            let (run, _) = try koomyctl(["daemon", "stop", "--timeout", "300ms"]) { [status] request in
                request.method == "POST" ? .stream([], CommandResult(.done, message: "leaving")) : .answer(status)
            }
            #expect(run.code == 75, "\(run)")
        }
    }
}
