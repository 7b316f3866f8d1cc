import Glibc
import TestSupport
import Testing

/// When a worker is gone, everything that it started is gone.
@Suite(.serialized) struct TreeKillTests {
    /// A worker that ignores SIGTERM, with a child, a grandchild and two detached descendants that ignore it, too.
    private func app(_ daemon: Daemon, _ killTimeout: String = "500ms") -> String {
        Ecosystem.worker(
            arguments: ["--ignore-term", "--tree", daemon.workspace("tree"), "--notify"],
            "ready: notify",
            "kill_timeout: \(killTimeout)"
        )
    }

    /// The worker and its four descendants.
    private func family(_ daemon: Daemon) throws -> [pid_t] {
        let pids = Files.lines(of: daemon.workspace("tree")).compactMap { pid_t($0) } + (try daemon.app("worker").pids)
        #expect(pids.count == 5)
        #expect(pids.allSatisfy(ProcessTable.isAlive))
        return pids
    }

    @Test func `a stop leaves none of five processes`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(app(daemon)))
            let family = try family(daemon)
            try daemon.ctl("stop", "worker")
            #expect(family.filter(ProcessTable.isAlive) == [])
            #expect(try daemon.app("worker").state == "stopped")
        }
    }

    @Test func `a reload leaves none of the old five`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(app(daemon)))
            let old = try family(daemon)
            #expect(try daemon.ctl("reload", "worker").code == 7)
            #expect(old.filter(ProcessTable.isAlive) == [])
            let new = try family(daemon)
            #expect(Set(new).isDisjoint(with: old))
        }
    }

    @Test func `a worker that is killed by others takes its descendants with it`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(app(daemon)))
            let old = try family(daemon)
            let worker = try #require(try daemon.app("worker").pids.first)
            kill(worker, SIGKILL)
            try eventually("all five are gone") { !old.contains(where: ProcessTable.isAlive) }
            try daemon.waitFor("worker", "it is replaced") { $0.isSteady(1) && !$0.pids.contains(worker) }
            #expect(Set(try family(daemon)).isDisjoint(with: old))
        }
    }

    @Test func `the end of koomyd leaves nothing`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(app(daemon)))
            let family = try family(daemon)
            #expect(try daemon.stop() == .code(0))
            #expect(family.filter(ProcessTable.isAlive) == [])
        }
    }

    @Test func `a worker that leaves when asked is given the time it needs`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 1)))
            let url = "http://127.0.0.1:\(try daemon.port(of: "api"))/work?ms=1500"
            let request = try BackgroundProcess(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url],
                name: "curl",
                in: daemon.workspace
            )
            defer { request.stop() }
            try eventually("the request is under way") {
                ProcessTable.descriptors(of: request.pid).values.contains { $0.hasPrefix("socket:") }
            }
            try always(for: .milliseconds(200), "the request waits") { request.ended == nil }
            try daemon.mustCtl("stop", "api")
            #expect(try request.wait() == .code(0))
            #expect(request.output == "200")
        }
    }
}
