import Glibc
import TestSupport
import Testing

/// koomyd becomes another binary, in the same process.
@Suite(.serialized) struct UpgradeTests {
    @Test(arguments: LoadGenerator.Style.allCases)
    func `ten upgrades under load change nothing but koomyd`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let pid = daemon.pid
            let (_, report) = try underLoad(daemon, style: style) {
                for _ in 1...10 {
                    let upgrade = try daemon.mustCtl("daemon", "upgrade")
                    #expect((upgrade.out + upgrade.error).contains("\(pid)"), "\(upgrade)")
                    let after = try daemon.app("api")
                    #expect(after.isSteady(2) && after.pids == before.pids && after.restarts == 0, "\(after)")
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(daemon.process.ended == nil)
            let started = try #require(try daemon.status().daemon.startedAt.int)
            #expect(started > 0)
        }
    }

    @Test func `its workers are its children still`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(Ecosystem.worker(arguments: ["--exit", "7", "--exit-after", "2.5"], "listen: 0"))
            )
            try daemon.mustCtl("daemon", "upgrade")
            let after = try daemon.waitFor("worker", "its end is known") { $0.restarts == 1 }
            #expect(after.workers.first?.lastExit.code.int == 7, "\(after)")
        }
    }

    @Test func `a reload that is under way goes on, and koomyctl waits for it`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 3)))
            let before = try daemon.app("api")
            let (_, report) = try underLoad(daemon) {
                let reload = try daemon.ctlInBackground("reload", "api", name: "reload")
                defer { reload.stop() }
                try daemon.waitFor("api", "it is under way") { $0.state == "rolling" && $0.workers.count > 3 }
                try daemon.mustCtl("daemon", "upgrade")
                #expect(try reload.wait(within: .seconds(30)) == .code(0), "\(reload.errorOutput)")
                let after = try daemon.waitFor("api", "three are ready") { $0.isSteady(3) }
                #expect(after.generation == before.generation + 1)
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `events go on with their numbers`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.worker()))
            let before = try daemon.events().compactMap(\.seq.int)
            try daemon.mustCtl("daemon", "upgrade")
            let after = try daemon.events().compactMap(\.seq.int)
            #expect(after.starts(with: before) && after == Array(1...after.count), "\(after)")
        }
    }

    @Test(arguments: [
        ("nothing-there", nil), ("text", "no program\n"), ("silent", "#!/bin/sh\nexit 65\n"),
        ("talker", "#!/bin/sh\necho it has another idea of the state >&2\nexit 65\n"),
    ])
    func `a binary that cannot go on is refused, and nothing changes`(_ name: String, _ text: String?) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let path = daemon.workspace(name)
            if let text {
                try Files.write(text, to: path)
                chmod(path, 0o755)
            }
            let (_, report) = try underLoad(daemon) {
                let result = try daemon.ctl("daemon", "upgrade", "--binary", path)
                #expect(result.code == 65, "\(result)")
                if name == "talker" { #expect(result.error.contains("another idea of the state"), "\(result)") }
                #expect(try daemon.app("api").pids == before.pids)
            }
            #expect(report.failed == 0, "\(report)")
            try daemon.mustCtl("daemon", "upgrade")
        }
    }

    @Test func `a binary that fails after all goes back to the one before it`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let path = daemon.workspace("newer")
            // It says yes, and then cannot: as koomyd does, it runs what was there before, with its reason.
            try Files.write(
                """
                #!/bin/sh
                case $1 in
                --check-state) echo 'gladly' ;;
                --resume) exec "/proc/self/fd/$4" --resume "$2" --fallback 'it lost courage' ;;
                esac

                """,
                to: path
            )
            chmod(path, 0o755)
            let (_, report) = try underLoad(daemon) {
                let result = try daemon.ctl("daemon", "upgrade", "--binary", path)
                #expect(result.code == 65 && result.error.contains("it lost courage"), "\(result)")
                let after = try daemon.app("api")
                #expect(after.isSteady(2) && after.pids == before.pids, "\(after)")
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `the state can be checked from outside`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let check = try Command.run(
                [Binaries.path("koomyd"), "--check-state"],
                environment: ["KOOMY_HOME": daemon.home],
                folder: daemon.workspace.path
            )
            #expect(check.code == 0 && check.out.contains("1 app, 2 workers"), "\(check)")
        }
    }
}
