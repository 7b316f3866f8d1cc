import Glibc
import TestSupport
import Testing

/// What the machine does to koomyd besides killing it: full and read-only folders, folders that go, another koomyd, another
/// binary, workers that do not move, numbers that are used again.
@Suite(.serialized) struct HardTimesTests {
    private func web() throws -> String {
        try Ecosystem.file(Ecosystem.api(name: "web", "healthy_time: 50ms"))
    }

    private func environment(_ daemon: Daemon) -> [String: String] {
        baseEnvironment(home: daemon.workspace("home")).merging(["KOOMY_HOME": daemon.home]) { $1 }
    }

    private func kill(_ daemon: Daemon) throws { try daemon.stop(SIGKILL) }

    /// koomyd is killed and another one takes the same workers back.
    private func follow(_ daemon: Daemon, keeping pids: Set<pid_t>) throws {
        try kill(daemon)
        try daemon.startAgain()
        let app = try daemon.waitFor("web", "all are ready again") { $0.isSteady(2) }
        #expect(app.pids == pids)
    }

    @Test(.needsRoot) func `a full run folder costs no worker and no command`() throws {
        var mounted: String?
        defer { if let mounted { umount2(mounted, Int32(MNT_DETACH)) } }
        func mountRunFolder(_ workspace: Workspace) throws {
            try Files.makeFolder(workspace("k"))
            try Files.makeFolder(workspace("k/run"))
            guard mount("none", workspace("k/run"), "tmpfs", 0, "size=512k,mode=0700") == 0 else {
                throw TestFailure(description: "cannot mount a tmpfs")
            }
            mounted = workspace("k/run")
        }
        try Daemon.with(prepare: mountRunFolder) { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            let load = try daemon.load(on: "web", rate: 50)
            let filler = try fill("\(daemon.home)/run/filler")
            #expect(try daemon.ctl("scale", "web", "3").code == 0)
            try daemon.waitFor("web", "three are ready") { $0.isSteady(3) }
            #expect(try daemon.ctl("scale", "web", "2").code == 0)
            let pids = try daemon.waitFor("web", "two are left") { $0.isSteady(2) }.pids
            #expect(!pids.isDisjoint(with: before))
            try follow(daemon, keeping: pids)
            unlink(filler)
            try daemon.mustCtl("reload", "web")
            let after = try daemon.waitFor("web", "it is reloaded") { $0.isSteady(2) }.pids
            #expect(after.isDisjoint(with: pids))
            try follow(daemon, keeping: after)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
        }
    }

    /// Writes until there is no room left.
    private func fill(_ path: String) throws -> String {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw TestFailure(description: "cannot write \(path)") }
        defer { close(file) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(file, block, block.count) > 0 {}
        return path
    }

    @Test(.needsRoot) func `a state folder that becomes read-only costs no worker, and nothing is acknowledged`() throws
    {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            let load = try daemon.load(on: "web", rate: 50)
            let folder = "\(daemon.home)/state"
            try #require(mount(folder, folder, nil, UInt(MS_BIND), nil) == 0)
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try #require(mount(nil, folder, nil, UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0)
            #expect(try daemon.ctl("scale", "web", "3").code == 73)
            #expect(try daemon.app("web").pids == before)
            // Nobody can take the lock now: the next koomyd says so, and the workers serve.
            try kill(daemon)
            try daemon.launchAgain()
            let exit = try? daemon.process.wait(within: .seconds(5))
            #expect(exit == nil || exit == .code(70))
            #expect(before.allSatisfy(ProcessTable.isAlive))
            try #require(umount2(folder, Int32(MNT_DETACH)) == 0)
            if exit == nil { try kill(daemon) }
            try daemon.startAgain()
            #expect(try daemon.waitFor("web", "they are back") { $0.isSteady(2) }.pids == before)
            try daemon.mustCtl("scale", "web", "3")
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `a state folder that is removed lets no second koomyd at the workers of the first`() throws {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            Files.remove("\(daemon.home)/state")
            let environment = environment(daemon)
            let second = try Command.run([Binaries.path("koomyd")], environment: environment, deadline: .seconds(10))
            #expect(second.code == 70, "\(second)")
            #expect(try daemon.app("web").pids == before)
            #expect(try daemon.waitFor("web", "all is well") { $0.isSteady(2) }.pids == before)
            try Files.makeFolder("\(daemon.home)/state")
            try daemon.mustCtl("scale", "web", "2")
        }
    }

    @Test func `of several koomyds that start at once one takes the workers back`() throws {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            try kill(daemon)
            let environment = environment(daemon)
            let others = try (0..<4).map { number in
                try BackgroundProcess(
                    [Binaries.path("koomyd")],
                    name: "other\(number)",
                    in: daemon.workspace,
                    environment: environment
                )
            }
            defer { for other in others { other.stop() } }
            try eventually("one is left") {
                others.filter { $0.ended == nil }.count == 1 && (try? daemon.status()) != nil
            }
            #expect(try daemon.waitFor("web", "they are back") { $0.isSteady(2) }.pids == before)
            for other in others where other.ended != nil { #expect(other.ended == .code(70)) }
            for other in others { other.signal(SIGKILL) }
            for other in others { _ = try other.wait() }
            try daemon.startAgain()
            #expect(try daemon.waitFor("web", "and again") { $0.isSteady(2) }.pids == before)
        }
    }

    @Test func `a binary that was replaced on disk is the one that an upgrade takes`() throws {
        // The path that the suite gives is only a name here: what runs is a copy in the folder of the test.
        try Daemon.with(
            wrapper: ["sh", "-c", "exec ./koomyd-copy"],
            prepare: { try copyProgram(to: $0("koomyd-copy")) }
        ) { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            try copyProgram(to: daemon.workspace("koomyd-new"))
            try #require(rename(daemon.workspace("koomyd-new"), daemon.workspace("koomyd-copy")) == 0)
            #expect(Files.target(ofLink: "/proc/\(daemon.pid)/exe")?.hasSuffix(" (deleted)") == true)
            try daemon.mustCtl("daemon", "upgrade")
            #expect(Files.target(ofLink: "/proc/\(daemon.pid)/exe") == daemon.workspace("koomyd-copy"))
            #expect(try daemon.waitFor("web", "all is well") { $0.isSteady(2) }.pids == before)
            // And one that is not there at all changes nothing.
            unlink(daemon.workspace("koomyd-copy"))
            #expect(try daemon.ctl("daemon", "upgrade").code == 65)
            #expect(try daemon.waitFor("web", "all is well") { $0.isSteady(2) }.pids == before)
            try copyProgram(to: daemon.workspace("koomyd-copy"))
        }
    }

    private func copyProgram(to path: String) throws {
        _ = try Command.run(["cp", Binaries.path("koomyd"), path])
    }

    @Test func `a worker that is stopped when koomyd comes back is the same when it goes on`() throws {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            let frozen = try #require(before.first)
            Glibc.kill(frozen, SIGSTOP)
            defer { Glibc.kill(frozen, SIGCONT) }
            try kill(daemon)
            try daemon.startAgain()
            #expect(try daemon.app("web").pids == before)
            Glibc.kill(frozen, SIGCONT)
            #expect(try daemon.waitFor("web", "all is well") { $0.isSteady(2) }.pids == before)
            for _ in 0..<20 { #expect(try HTTP.get("/health", from: .tcp(daemon.port(of: "web"))).status == 200) }
        }
    }

    @Test(.needsRoot, .needsStrace) func `a worker that is traced when koomyd comes back is taken back`() throws {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            let traced = try #require(before.first)
            let tracer = try BackgroundProcess(
                ["strace", "-qq", "-o", "/dev/null", "-p", "\(traced)"],
                name: "strace",
                in: daemon.workspace
            )
            defer { tracer.stop() }
            try eventually("it is traced") { ProcessTable.status(traced)["TracerPid"] == "\(tracer.pid)" }
            try follow(daemon, keeping: before)
            tracer.signal(SIGINT)
            _ = try tracer.wait()
            #expect(try daemon.waitFor("web", "all is well") { $0.isSteady(2) }.pids == before)
        }
    }

    @Test func `a journal that is cut or damaged anywhere costs no worker`() throws {
        try Daemon.with { daemon in
            try daemon.start(try web())
            let before = try daemon.app("web").pids
            let load = try daemon.load(on: "web", rate: 50)
            let path = "\(daemon.home)/run/journal"
            var random = SystemRandomNumberGenerator()
            for round in 0..<14 {
                try kill(daemon)
                let bytes = try #require(Files.bytes(of: path))
                let cut = round < 3 ? round : Int.random(in: 0..<bytes.count, using: &random)
                if round % 2 == 0 {
                    truncate(path, off_t(cut))
                } else {
                    let file = open(path, O_WRONLY | O_CLOEXEC)
                    let garbage = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
                    pwrite(file, garbage, garbage.count, off_t(cut))
                    close(file)
                }
                try daemon.startAgain()
                let app = try daemon.waitFor("web", "round \(round), at \(cut) of \(bytes.count)") { $0.isSteady(2) }
                #expect(app.pids == before, "round \(round), at \(cut) of \(bytes.count)")
            }
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test(.needsRoot) func `a number that another process has by now is left alone`() throws {
        try Workspace.with { workspace in
            let own = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
            let result = try Command.run(
                own + ["bash", Fixture.path("pid-reuse.sh"), workspace.path],
                environment: baseEnvironment(home: workspace.path),
                deadline: .seconds(90)
            )
            #expect(result.code == 0, "\(result)")
        }
    }
}
