import Glibc
import TestSupport
import Testing

/// What crashes is restarted within limits, and what is said of it is true.
@Suite(.serialized) struct CrashTests {
    /// Classes of requests that were in a worker's hands when it died.
    private static let lostWithTheWorker: Set<String> = ["reset_no_response", "closed_no_response", "truncated"]

    @Test func `a worker that is killed fails at most the requests it held`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let (_, report) = try underLoad(daemon) {
                let before = try daemon.app("api")
                let victim = try #require(before.ready.first?.pid)
                kill(victim, SIGKILL)
                try daemon.waitFor("api", "it is replaced") { $0.isSteady(2) && !$0.readyPids.contains(victim) }
            }
            // 300 a second, 10 ms each, on two workers: one holds 2 at a time, and a few more after a hiccup.
            #expect(report.failed <= 10, "\(report)")
            #expect(Set(report.classes.keys).isSubset(of: Self.lostWithTheWorker), "\(report)")
            #expect(report.ok + report.failed == report.begun)
        }
    }

    @Test(arguments: LoadGenerator.Style.allCases)
    func `a worker that is killed while it has no request fails none`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let port = try daemon.port(of: "api")
            for _ in 1...5 {
                let before = try daemon.app("api")
                let victim = try #require(before.ready.first?.pid)
                kill(victim, SIGKILL)
                // From the moment after the kill on, every connection has somebody who will take it.
                let load = try LoadGenerator(
                    "http://127.0.0.1:\(port)/health",
                    rate: 300,
                    style: style,
                    in: daemon.workspace
                )
                try daemon.waitFor("api", "it is replaced") { $0.isSteady(2) && !$0.readyPids.contains(victim) }
                let report = try load.finish()
                #expect(report.failed == 0, "\(report)")
            }
        }
    }

    @Test func `how a worker ended is told as it was`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker(name: "signal"), Ecosystem.worker(name: "code")))
            let victim = try #require(try daemon.app("signal").ready.first?.pid)
            kill(victim, SIGSEGV)
            let killed = try daemon.waitFor("signal", "it is replaced") { $0.isSteady(1) && $0.restarts == 1 }
            #expect("\(killed.workers[0].lastExit.signal)".contains("SEGV"), "\(killed)")
            #expect(killed.workers[0].lastExit.code.isNull)

            try daemon.write(
                Ecosystem.file(Ecosystem.worker(name: "code", arguments: ["--exit", "7"], "autorestart: false"))
            )
            try daemon.ctl("reload", daemon.workspace("eco.yaml"))
            try daemon.mustCtl("delete", "code")
            try daemon.ctl("start", daemon.workspace("eco.yaml"))
            let ended = try daemon.waitFor("code", "it has ended") { $0.workers.first?.lastExit.code.int != nil }
            #expect(ended.workers[0].lastExit.code.int == 7)
        }
    }

    @Test func `a crash loop ends in errored, and reset leads out of it`() throws {
        try Daemon.with { daemon in
            let broken = try daemon.workspace.write("", to: "broken")
            let app = Ecosystem.worker(
                arguments: ["--exit-if", broken, "--notify"],
                "max_restarts: 3",
                "backoff: 20ms",
                "ready: notify"
            )
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code == 4, "\(result)")
            let errored = try daemon.waitFor("worker", "it is given up") { $0.state == "errored" }
            #expect(errored.pids.isEmpty)
            #expect((2...4).contains(errored.restarts), "\(errored)")
            try always(for: .milliseconds(500), "nothing is started any more") {
                try daemon.app("worker").restarts == errored.restarts
            }
            Files.remove(broken)
            try daemon.mustCtl("reset", "worker")
            try daemon.waitFor("worker", "it runs") { $0.isSteady(1) }
        }
    }

    @Test func `an errored app is tried again slowly`() throws {
        try Daemon.with { daemon in
            let broken = try daemon.workspace.write("", to: "broken")
            let app = Ecosystem.worker(
                arguments: ["--exit-if", broken, "--notify"],
                "max_restarts: 2",
                "backoff: 20ms",
                "errored_retry: 1s",
                "ready: notify"
            )
            try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            try daemon.waitFor("worker", "it is given up") { $0.state == "errored" }
            Files.remove(broken)
            try daemon.waitFor("worker", "it came back by itself") { $0.isSteady(1) }
        }
    }

    @Test func `a crash loop of one app disturbs no other`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let (_, report) = try underLoad(daemon) {
                let bad = Ecosystem.worker(name: "bad", arguments: ["--exit", "1"], "max_restarts: 5", "backoff: 10ms")
                try daemon.ctl("start", daemon.write(Ecosystem.file(bad), to: "bad.yaml"))
                try daemon.waitFor("bad", "it is given up") { $0.state == "errored" }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(try daemon.app("api").restarts == 0)
        }
    }

    @Test(arguments: [0, 3])
    func `a worker that did its work stays down`(_ code: Int) throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--notify", "--exit", "\(code)", "--exit-after", "1.5"],
                "stop_exit_codes: [0, 3]",
                "ready: notify"
            )
            try daemon.start(Ecosystem.file(app))
            let stopped = try daemon.waitFor("worker", "it is stopped") { $0.state == "stopped" }
            #expect(stopped.restarts == 0)
            try always(for: .milliseconds(500), "it stays so") { try daemon.app("worker").pids.isEmpty }
        }
    }

    @Test func `another exit code than those is a crash`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--notify", "--exit", "5", "--exit-after", "1.5"],
                "stop_exit_codes: [0, 3]",
                "ready: notify"
            )
            try daemon.start(Ecosystem.file(app))
            try daemon.waitFor("worker", "it is restarted") { $0.restarts >= 1 }
        }
    }

    @Test func `all workers killed at once come back, and nobody is refused meanwhile`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 4)))
            let (_, report) = try underLoad(daemon, path: "/health") {
                let before = try daemon.app("api")
                for pid in before.readyPids { kill(pid, SIGKILL) }
                let after = try daemon.waitFor("api", "all are back") {
                    $0.isSteady(4) && $0.readyPids.isDisjoint(with: before.readyPids)
                }
                #expect(after.workers.allSatisfy { $0.restarts == 1 }, "\(after)")
            }
            #expect(Set(report.classes.keys).isSubset(of: Self.lostWithTheWorker), "\(report)")
            #expect(report.failed <= 10, "\(report)")
        }
    }

    @Test func `a worker that crashes again and again is restarted slower and slower`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--exit", "1"],
                "max_restarts: 6",
                "backoff: 50ms",
                "jitter: 0"
            )
            let begun = ContinuousClock.now
            try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            try daemon.waitFor("worker", "it is given up") { $0.state == "errored" }
            // One restart at once, then 50, 100, 200, 400 ms: what comes to less was no backoff.
            #expect(ContinuousClock.now - begun > .milliseconds(700))
        }
    }
}
