import Glibc
import TestSupport
import Testing

/// koomyd is killed, and its workers do not notice.
@Suite(.serialized) struct SurvivalTests {
    @Test(arguments: LoadGenerator.Style.allCases)
    func `killed again and again under load, no request fails and no worker is replaced`(
        _ style: LoadGenerator.Style
    ) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let (_, report) = try underLoad(daemon, style: style) {
                for _ in 1...5 {
                    try daemon.dieAndStartAgain()
                    let after = try daemon.waitFor("api", "it is steady") { $0.isSteady(2) }
                    #expect(after.readyPids == before.readyPids)
                    #expect(after.restarts == 0 && after.generation == before.generation)
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun && report.begun > 150)
        }
    }

    @Test func `what happens to workers afterwards is handled as ever`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            try daemon.dieAndStartAgain()
            let victim = try #require(try daemon.app("api").workers.first?.pid)
            kill(victim, SIGKILL)
            let after = try daemon.waitFor("api", "another has its place") {
                $0.isSteady(2) && !$0.readyPids.contains(victim)
            }
            #expect(after.restarts == 1)
            #expect(after.workers.first?.lastExit.signal.string == "SIGKILL", "\(after)")
            let (_, report) = try underLoad(daemon) { try daemon.mustCtl("reload", "api") }
            #expect(report.failed == 0, "\(report)")
            try daemon.mustCtl("stop", "api")
            #expect(try daemon.app("api").pids.isEmpty)
        }
    }

    @Test func `a worker that ended meanwhile is replaced, and the other stays`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api").workers
            daemon.process.signal(SIGKILL)
            let victim = try #require(before.first?.pid)
            let other = try #require(before.last?.pid)
            kill(victim, SIGKILL)
            try eventually("it is gone") { !ProcessTable.isAlive(victim) }
            try daemon.startAgain()
            let after = try daemon.waitFor("api", "two are ready") { $0.isSteady(2) }
            #expect(after.readyPids.contains(other) && !after.readyPids.contains(victim))
            #expect(after.restarts == 1)
            #expect(Files.names(in: "\(daemon.home)/run/notify").count == 2, "no file of the other is left")
        }
    }

    @Test(arguments: ["good", "bad"])
    func `a reload that was under way goes on, and koomyctl waits for it`(_ version: String) throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(instances: 3)))
            let before = try daemon.app("api")
            let arguments = version == "bad" ? ["--allow-faults", "--never-ready"] : ["--version-label", "next"]
            try daemon.write(Ecosystem.file(Ecosystem.api(instances: 3, arguments: arguments, "listen_timeout: 2s")))
            let (_, report) = try underLoad(daemon) {
                let reload = try daemon.ctlInBackground("reload", file, name: "reload")
                defer { reload.stop() }
                try daemon.waitFor("api", "it is under way") { $0.state == "rolling" && $0.workers.count > 3 }
                try daemon.dieAndStartAgain()
                let exit = try reload.wait(within: .seconds(30))
                let after = try daemon.waitFor("api", "three are ready") { $0.isSteady(3) }
                if version == "good" {
                    #expect(exit == .code(0), "\(reload.errorOutput)")
                    #expect(after.generation == before.generation + 1)
                    #expect(after.readyPids.isDisjoint(with: before.readyPids))
                } else {
                    #expect(exit == .code(5), "\(reload.errorOutput)")
                    #expect(after.readyPids == before.readyPids)
                }
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `no line is lost, and every line is there once`() throws {
        try Daemon.with { daemon in
            let program = "i=0; while :; do i=$((i+1)); echo line $i; [ $((i % 50)) = 0 ] && sleep 0.01; done"
            try daemon.start(Ecosystem.file(Ecosystem.shell("talker", program, "min_uptime: 200ms")))
            let before = try daemon.app("talker")
            for _ in 1...6 { try daemon.dieAndStartAgain() }
            try eventually("it goes on") { daemon.logLines(of: "talker").count > 5_000 }
            #expect(try daemon.app("talker").pids == before.pids)
            try daemon.mustCtl("stop", "talker")
            let numbers = daemon.logLines(of: "talker").map { Int($0.dropFirst(5)) ?? -1 }
            #expect(numbers == Array(1...numbers.count))
        }
    }

    @Test func `what a worker says while nobody listens is heard later`() throws {
        try Daemon.with { daemon in
            let worker = Ecosystem.worker(
                arguments: ["--boot", "0.7", "--notify"],
                "ready: notify",
                "listen_timeout: 20s"
            )
            let start = try daemon.ctlInBackground("start", daemon.write(Ecosystem.file(worker)), name: "start")
            defer { start.stop() }
            let pid = try #require(try daemon.waitFor("worker", "it has a process") { $0.pids.count == 1 }.pids.first)
            daemon.process.signal(SIGKILL)
            try always(for: .seconds(1.2), "the worker runs") { ProcessTable.isAlive(pid) }
            try daemon.startAgain()
            let after = try daemon.waitFor("worker", "it is ready") { $0.isSteady(1) }
            #expect(after.pids == [pid] && after.ready.first?.readyBy == "notify")
            #expect(try start.wait() == .code(0), "\(start.errorOutput)")
        }
    }

    @Test func `a crash loop is counted on`() throws {
        try Daemon.with { daemon in
            let worker = Ecosystem.worker(arguments: ["--exit", "3"], "max_restarts: 6", "restart_delay: 100ms")
            _ = try daemon.ctl("start", daemon.write(Ecosystem.file(worker)))
            try daemon.waitFor("worker", "it has failed a few times") { $0.restarts >= 2 }
            try daemon.dieAndStartAgain()
            #expect(try daemon.app("worker").restarts >= 2)
            try daemon.waitFor("worker", "it is given up on") { $0.state == "errored" }
            #expect(try daemon.app("worker").restarts <= 6)
        }
    }

    @Test(arguments: ["nothing", "garbage", "half"])
    func `without its journal koomyd knows its workers by their environment`(_ rest: String) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(), Ecosystem.worker(arguments: ["--notify"], "listen: 0")))
            let before = (try daemon.app("api"), try daemon.app("worker"))
            let (_, report) = try underLoad(daemon) {
                daemon.process.signal(SIGKILL)
                _ = try daemon.process.wait()
                let journal = "\(daemon.home)/run/journal"
                switch rest {
                case "garbage": try Files.write("no journal\n", to: journal)
                case "half":
                    let text = Files.text(of: journal) ?? ""
                    try Files.write(String(text.prefix(text.count / 4)), to: journal)
                default: unlink(journal)
                }
                try daemon.startAgain()
                let api = try daemon.waitFor("api", "it is steady") { $0.isSteady(2) }
                let worker = try daemon.waitFor("worker", "it is steady") { $0.isSteady(1) }
                #expect(api.readyPids == before.0.readyPids && worker.readyPids == before.1.readyPids)
            }
            #expect(report.failed == 0, "\(report)")
            try daemon.mustCtl("reload", "all")
        }
    }

    @Test func `koomyd leaves, and the next takes over`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let (_, report) = try underLoad(daemon) {
                let stop = try daemon.mustCtl("daemon", "stop", "--leave-workers")
                #expect(stop.out.contains("left running") || stop.error.contains("left running"), "\(stop)")
                #expect(try daemon.process.wait() == .code(0))
                #expect(before.pids.allSatisfy(ProcessTable.isAlive))
                let status = try daemon.ctl("status")
                #expect(status.code == 3 && status.error.contains("2 workers"), "\(status)")
                try daemon.startAgain()
                #expect(try daemon.waitFor("api", "it is steady") { $0.isSteady(2) }.pids == before.pids)
            }
            #expect(report.failed == 0, "\(report)")
            try daemon.mustCtl("daemon", "stop")
            #expect(try daemon.process.wait() == .code(0))
            #expect(!before.pids.contains(where: ProcessTable.isAlive))
            try daemon.startAgain()
            try daemon.waitFor("api", "what was wanted is back") { $0.isSteady(2) }
        }
    }

    @Test func `killed while it drains everything, it is started to serve`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker(arguments: ["--ignore-term"], "kill_timeout: 4s")))
            let before = try daemon.app("worker").pids
            daemon.process.signal(SIGTERM)
            try daemon.waitFor("worker", "it is draining") { $0.workers.contains { $0.state == "draining" } }
            try daemon.dieAndStartAgain()
            try daemon.waitFor("worker", "another one serves") {
                !$0.readyPids.isEmpty && $0.readyPids.isDisjoint(with: before)
            }
            for pid in before { kill(pid, SIGKILL) }
            try daemon.waitFor("worker", "one is left") { $0.isSteady(1) }
        }
    }
}

extension Daemon {
    /// Kills koomyd without a warning and starts another.
    func dieAndStartAgain() throws {
        process.signal(SIGKILL)
        try startAgain()
    }
}
