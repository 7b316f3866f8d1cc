import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("The state in which a process starts", .timeLimit(.minutes(2)))
struct SpawnAttributeTests {
    private func niceness(_ pid: ProcessID) -> Int32 { getpriority(Int32(PRIO_PROCESS.rawValue), id_t(pid)) }

    @Test
    func `no signal is blocked, ignored or caught, whatever ours are`() async {
        // In a process of its own: handlers belong to the whole process.
        await #expect(processExitsWith: .success) {
            try SignalMask.block([.hangup, .interrupt, .terminate, .child, .user1])
            try SignalMask.ignoreBrokenPipes()
            signal(SIGUSR2) { _ in }
            signal(SIGWINCH, SIG_IGN)
            let blocked = Machine.blockedSignals
            let child = try Child.sleeping()
            #expect(child.signalSet("SigBlk") == 0)
            #expect(child.signalSet("SigIgn") == 0)
            #expect(child.signalSet("SigCgt") == 0)
            // And ours are as they were.
            #expect(Machine.blockedSignals == blocked)
        }
    }

    @Test
    func `it leads a session of its own`() throws {
        let child = try Child.sleeping()
        let stat = try #require(ProcessStat(of: child.pid))
        #expect(stat.session == child.pid)
        #expect(stat.group == child.pid)
        #expect(stat.parent == ThisProcess.id)
    }

    @Test
    func `a start where clone3 is forbidden is the same`() throws {
        let child = try Child.sleeping { $0.avoidsClone3 = true }
        #expect(ProcessStat(of: child.pid)?.session == child.pid)
        #expect(child.descriptors.count == 3)
        #expect(try child.process.pidfd.signal(.terminate))
        #expect(try child.ended() == .signaled(.terminate, dumpedCore: false))
    }

    @Test
    func `its environment is exactly what was given`() throws {
        let child = try Child.sleeping { $0.environment = ["A": "1", "EMPTY": "", "TEXT": "x=y z\n"] }
        let text = try #require(child.text("environ"))
        #expect(Set(text.split(separator: "\0")) == ["A=1", "EMPTY=", "TEXT=x=y z\n"])
    }

    @Test
    func `variables that hold its own process id do`() throws {
        let child = try Child.sleeping {
            $0.environment = ["LISTEN_FDS": "1"]
            $0.processIDVariables = ["LISTEN_PID", "WATCHDOG_PID"]
        }
        #expect(ProcFS.environmentValue("LISTEN_PID", of: child.pid) == "\(child.pid)")
        #expect(ProcFS.environmentValue("WATCHDOG_PID", of: child.pid) == "\(child.pid)")
        #expect(ProcFS.environmentValue("LISTEN_FDS", of: child.pid) == "1")
        #expect(ProcFS.environmentValue("LISTEN", of: child.pid) == nil)
    }

    @Test
    func `arguments arrive as they are`() throws {
        let odd = ["sh", "-c", "read line", "", "a b", "ümläut", "\"quoted\""]
        let silence = try Pipe()
        let child = try Child(
            SpawnRequest(path: "/bin/sh", arguments: odd).with {
                $0.descriptors = [.init(silence.readEnd.number, as: 0)]
            }
        )
        #expect(waitUntil { ProcFS.arguments(of: child.pid) == odd })
        let printed = try Pipe()
        let printer = try Child.shell("for a; do printf '<%s>' \"$a\"; done") {
            $0.arguments += ["sh", "", "a b", "ümläut"]
            $0.descriptors = [.init(printed.writeEnd.number, as: 1)]
        }
        #expect(try printer.ended() == .exited(code: 0))
        #expect(try printed.readEnd.read(most: 100) == Array("<><a b><ümläut>".utf8))
    }

    @Test
    func `a working directory through a symbolic link is where the link leads at that moment`() throws {
        let scratch = try Scratch()
        let link = scratch("current")
        for release in ["one", "two"] {
            let folder = scratch.folder(release)
            symlink(folder, link + ".new")
            rename(link + ".new", link)
            let child = try Child.sleeping { $0.workingDirectory = link }
            #expect(child.link("cwd") == folder)
        }
    }

    @Test
    func `a program may be relative to the working directory`() throws {
        let scratch = try Scratch()
        try scratch.file("run", "#!/bin/sh\nexit 3\n", mode: 0o755)
        let request = SpawnRequest(path: "./run", arguments: ["run"], workingDirectory: scratch.path)
        #expect(try Child(request).ended() == .exited(code: 3))
    }

    @Test
    func `umask, niceness, no_new_privs and limits are what was asked for`() throws {
        let child = try Child.sleeping {
            $0.attributes.umask = 0o027
            $0.attributes.nice = 7
            $0.attributes.oomScoreAdjust = 321
            $0.attributes.noNewPrivileges = true
            $0.attributes.limits = [
                ResourceLimit(resource: .nofile, soft: 77, hard: 99),
                ResourceLimit(resource: .core, soft: 0, hard: 0),
                ResourceLimit(resource: .stack, soft: 1 << 20, hard: nil),
            ]
        }
        #expect(child.status("Umask") == "0027")
        #expect(child.status("NoNewPrivs") == "1")
        #expect(niceness(child.pid) == 7)
        #expect(child.text("oom_score_adj") == "321\n")
        let limits = try #require(child.text("limits")).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(limits.contains { $0.starts(with: ["Max", "open", "files", "77", "99"]) })
        #expect(limits.contains { $0.starts(with: ["Max", "core", "file", "size", "0", "0"]) })
        #expect(limits.contains { $0.starts(with: ["Max", "stack", "size", "1048576", "unlimited"]) })
    }

    @Test
    func `what is not asked for stays ours`() throws {
        let child = try Child.sleeping()
        let own = try WholeFile.read("/proc/self/status").split(separator: UInt8(ascii: "\n"))
        let mask = own.first { $0.starts(with: "Umask:".utf8) }.map { String(decoding: $0, as: UTF8.self) }
        #expect(mask?.hasSuffix(try #require(child.status("Umask"))) == true)
        #expect(child.status("NoNewPrivs") == "0")
        #expect(child.link("cwd") == ProcFS.link("/proc/self/cwd"))
        #expect(niceness(child.pid) == niceness(0))
    }

    @Test
    func `a daemon that raised its limit of open files gives children the old one`() throws {
        let spawner = try Spawner(descriptorLimit: ResourceLimit(resource: .nofile, soft: 555, hard: 666))
        let process = try spawner.spawn(
            SpawnRequest(
                path: "/bin/sh",
                arguments: ["sh", "-c", "exit $(ulimit -Sn | cut -c1)"],
                environment: ["PATH": "/bin:/usr/bin"]
            )
        )
        #expect(try waitFor { try process.pidfd.reap() } == .exited(code: 5))
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `user, group and supplementary groups are set, and cannot be taken back`() throws {
        let child = try Child.sleeping {
            $0.identity = ResolvedIdentity(userID: 65_534, groupID: 65_533, groups: [65_533, 1, 2])
        }
        #expect(child.status("Uid") == "65534\t65534\t65534\t65534")
        #expect(child.status("Gid") == "65533\t65533\t65533\t65533")
        #expect(child.status("Groups") == "1 2 65533")
        #expect(child.signalSet("CapEff") == 0)
        #expect(child.signalSet("CapPrm") == 0)
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `without supplementary groups those of root are gone`() throws {
        let child = try Child.sleeping { $0.identity = ResolvedIdentity(userID: 1, groupID: 1, groups: []) }
        #expect(child.status("Groups") == "")
    }

    @Test(.enabled(if: Machine.isRoot && Machine.mayExceedLimits, "needs root with CAP_SYS_RESOURCE"))
    func `a lower niceness and oom score are set before the rights to do so are gone`() throws {
        let child = try Child.sleeping {
            $0.identity = ResolvedIdentity(userID: 65_534, groupID: 65_534, groups: [])
            $0.attributes.nice = -5
            $0.attributes.oomScoreAdjust = -500
            $0.attributes.limits = [ResourceLimit(resource: .nofile, soft: 1 << 18, hard: 1 << 18)]
        }
        #expect(niceness(child.pid) == -5)
        #expect(child.text("oom_score_adj") == "-500\n")
        #expect(child.status("Uid")?.hasPrefix("65534") == true)
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `the working directory has to be open to the worker's user, not to us`() throws {
        let scratch = try Scratch()
        let folder = scratch.folder("private")
        chmod(folder, 0o700)
        var request = SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"], workingDirectory: folder)
        request.identity = ResolvedIdentity(userID: 65_534, groupID: 65_534, groups: [])
        let child = try Child(request)
        #expect(try child.startup() == .failed(StartFailure(step: .workingDirectory, errno: EACCES, subject: folder)))
    }
}
