import Glibc
import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct ProbeRunnerCommandTests {
    /// A bench whose commands run in a folder of their own.
    private final class Commands {
        let workspace: Workspace
        let bench: ProbeBench
        /// The processes that were started.
        private(set) var started: [KoomySystem.ProcessID] = []

        init() throws {
            workspace = try Workspace()
            bench = try ProbeBench()
            let spawner = try Spawner()
            let folder = workspace.path
            bench.subject.execute = { [weak self] arguments in
                let request = SpawnRequest(
                    path: Binaries.installed(arguments[0]) ?? arguments[0],
                    arguments: arguments,
                    environment: baseEnvironment(),
                    workingDirectory: folder
                )
                let process = try spawner.spawn(request)
                self?.started.append(process.pid)
                return process
            }
        }

        isolated deinit { Files.remove(workspace.path) }

        func shell(_ script: String, timeout: TimeSpan = .seconds(20)) throws -> ProbeResult {
            try bench.result(of: Probe(kind: .exec(arguments: ["sh", "-c", script]), timeout: timeout))
        }

        /// Waits until every process is reaped.
        func waitUntilGone() throws {
            try bench.loop.turn(until: "its processes are reaped") { bench.runner.childCount == 0 }
            for pid in started { #expect(ProcessStat(of: pid) == nil) }
        }
    }

    @Test func `the exit code is the answer`() throws {
        let commands = try Commands()
        #expect(try commands.shell("exit 0") == .succeeded)
        #expect(try commands.shell("exit 1") == .failed("exit code 1"))
        #expect(try commands.shell("exit 255") == .failed("exit code 255"))
        #expect(try commands.shell("kill -SEGV $$") == .failed("killed by SIGSEGV"))
        #expect(try commands.shell("pwd >where; echo noise; echo noise >&2") == .succeeded)
        #expect(Files.lines(of: commands.workspace("where")) == [commands.workspace.path])
        try commands.waitUntilGone()
    }

    @Test func `a command that cannot be run says why`() throws {
        let commands = try Commands()
        func result(_ arguments: [String]) throws -> ProbeResult {
            try commands.bench.result(of: Probe(kind: .exec(arguments: arguments)))
        }
        #expect(
            try result(["/no/such/program"]) == .failed("cannot run /no/such/program: no such file or directory")
        )
        let plain = try commands.workspace.write("not a program", to: "plain")
        #expect(try result([plain]) == .failed("cannot run \(plain): permission denied"))
        #expect(try result(["bad\0name"]) != .succeeded)
        #expect(try result([]) == .failed("there is no command"))
        commands.bench.subject.execute = { _ in throw SystemError("find", .noSuchFile, subject: "probe.sh") }
        #expect(
            try result(["x"]) == .failed("cannot run the command: find probe.sh: No such file or directory (ENOENT)")
        )
        commands.bench.subject.execute = nil
        #expect(try result(["x"]) == .failed("there is no command"))
        try commands.waitUntilGone()
    }

    @Test func `one that hangs is killed with all that it started`() throws {
        let commands = try Commands()
        let script = """
            trap '' TERM INT HUP
            sh -c 'trap "" TERM; sleep 1000 & echo $! >>pids; echo $$ >>pids; wait' &
            setsid sh -c 'echo $$ >>pids; sleep 1000; :' &
            echo $$ >>pids
            wait
            """
        let began = MonotonicClock.now()
        #expect(
            try commands.shell(script, timeout: .milliseconds(1_500)) == .failed("no end of the command within 1500ms")
        )
        #expect(MonotonicClock.now() - began < .seconds(10))
        try commands.waitUntilGone()
        let pids = Files.lines(of: commands.workspace("pids")).compactMap { KoomySystem.ProcessID($0) }
        #expect(pids.count == 4)
        for pid in pids { try eventually("\(pid) is gone") { ProcessStat(of: pid)?.isDead ?? true } }
    }

    @Test func `what a command leaves behind in its group goes with it`() throws {
        let commands = try Commands()
        #expect(try commands.shell("sleep 1000 & echo $! >left; exit 0") == .succeeded)
        try commands.waitUntilGone()
        let pid = try #require(Files.lines(of: commands.workspace("left")).first.flatMap { KoomySystem.ProcessID($0) })
        try eventually("\(pid) is gone") { ProcessStat(of: pid)?.isDead ?? true }
    }

    @Test func `output without end is discarded and does not hold it up`() throws {
        let commands = try Commands()
        #expect(try commands.shell("head -c 50000000 /dev/zero; head -c 5000000 /dev/zero >&2") == .succeeded)
    }

    @Test func `whoever handles SIGCHLD may reap it and tell`() throws {
        let commands = try Commands()
        let runner = commands.bench.runner
        var results: [ProbeResult] = []
        runner.run(Probe(kind: .exec(arguments: ["sh", "-c", "exit 5"])), on: commands.bench.subject) {
            results.append($0)
        }
        try commands.bench.loop.turn(until: "it is started") { commands.started.count == 1 }
        let pid = commands.started[0]
        // Outside the loop, as a handler of signals that comes first.
        let reason = try eventually("it has ended") { try ChildWaiter.reap(pid) }
        #expect(reason == .exited(code: 5))
        #expect(!runner.adopt(pid: 1, reason: reason))
        #expect(runner.adopt(pid: pid, reason: reason))
        #expect(results == [.failed("exit code 5")])
        #expect(!runner.adopt(pid: pid, reason: reason), "it is told once")
        #expect(runner.childCount == 0)
    }

    @Test func `one that was reaped without a word still gets an answer`() throws {
        let commands = try Commands()
        var results: [ProbeResult] = []
        let probe = Probe(kind: .exec(arguments: ["sh", "-c", "exit 5"]))
        commands.bench.runner.run(probe, on: commands.bench.subject) { results.append($0) }
        try commands.bench.loop.turn(until: "it is started") { commands.started.count == 1 }
        _ = try eventually("it has ended") { try ChildWaiter.reap(commands.started[0]) }
        try commands.bench.loop.turn(until: "there is an answer") { !results.isEmpty }
        // The kernel's record where it keeps one (Linux 6.15).
        #expect(results == [.failed("exit code 5")] || results == [.failed("the command ended, nobody knows how")])
    }

    @Test func `a runner that goes takes its processes along`() throws {
        let loop = try EventLoop()
        var runner: ProbeRunner? = ProbeRunner(loop: loop)
        var pids: [KoomySystem.ProcessID] = []
        let spawner = try Spawner()
        let subject = ProbeRunner.Subject(slot: 0) { arguments in
            let process = try spawner.spawn(SpawnRequest(path: "/bin/sleep", arguments: arguments))
            pids.append(process.pid)
            return process
        }
        runner?.run(Probe(kind: .exec(arguments: ["sleep", "1000"])), on: subject) { _ in
            Issue.record("nobody is there to be told")
        }
        try loop.turn(until: "it runs") { pids.count == 1 }
        runner = nil
        let reason = try eventually("it is killed") { try ChildWaiter.reap(pids[0]) }
        #expect(reason == .signaled(.kill, dumpedCore: false))
        try loop.turn(for: .milliseconds(30))
    }
}
