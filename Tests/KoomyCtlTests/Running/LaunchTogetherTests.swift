import KoomyModel
import KoomySystem
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

/// Several koomyctl that find no koomyd at the same moment.
@Suite struct LaunchTogetherTests {
    private static let apps = """
        apps:
          - name: api
            script: /bin/sh
            interpreter: none
            args: ["-c", "exec sleep 1000"]
            instances: 2
            min_uptime: 100ms

        """

    private func environment(_ files: Workspace) -> [String: String] {
        baseEnvironment(home: files.path).merging(["KOOMY_HOME": files("k")]) { $1 }
    }

    /// Ends what still runs of this test's koomyd, as after a failure.
    private func killWhatIsLeft(_ files: Workspace) {
        for pid in ProcessTable.pids(withEnvironmentContaining: "\(files.path)/k") {
            _ = try? Pidfd.open(pid).signal(.kill)
        }
    }

    private func koomyds(_ files: Workspace) -> [Int32] {
        ProcessTable.pids(withEnvironmentContaining: "KOOMY_HOME=\(files("k"))").filter {
            ProcessStat(of: $0)?.name == "koomyd"
        }
    }

    @Test(arguments: 0..<3)
    func `six starts make one koomyd, and all succeed`(round: Int) throws {
        try Workspace.with { files in
            defer { killWhatIsLeft(files) }
            let path = try files.write(Self.apps, to: "e.yaml")
            let starts = try (0..<6).map { number in
                try BackgroundProcess(
                    [Binaries.path("koomyctl"), "start", path],
                    name: "start\(number)",
                    in: files,
                    environment: environment(files)
                )
            }
            for start in starts {
                let exit = try start.wait(within: .seconds(30))
                #expect(exit == .code(0), "\(start.errorOutput)")
                #expect(start.output.contains("2 of 2 workers ready"), "\(start.output)\(start.errorOutput)")
            }
            let daemons = koomyds(files)
            #expect(daemons.count == 1 && daemons.first == LockFile.holder(of: files("k/state/lock")), "\(daemons)")
            let said = starts.map(\.errorOutput)
            let pid = daemons.first ?? 0
            #expect(said.count { $0.contains("no koomyd was running: started one (pid \(pid),") } == 1, "\(said)")
            let stop = try koomyctl(["daemon", "stop"], environment: environment(files))
            #expect(stop.code == 0 && stop.out.hasPrefix("drained: "), "\(stop)")
            #expect(koomyds(files).isEmpty)
        }
    }

    /// Puts a program in the place of koomyd that ends at once, as one does that finds the lock taken.
    private func withLoser(_ body: (_ files: Workspace, _ start: BackgroundProcess) throws -> Void) throws {
        try Workspace.with { files in
            try files.write(
                "#!/bin/sh\necho 'process 1 has it' >&2\ntouch \"$0.over\"\nexit 70\n",
                to: "bin/koomyd",
                executable: true
            )
            let built = try Binaries.path("koomyctl")
            try #expect(Command.run(["cp", built, files("bin/koomyctl")]).code == 0)
            for folder in ["k", "k/state", "k/run", "k/log"] { try Files.makeFolder(files(folder)) }
            let lock = try LockFile.acquire(files("k/state/lock"))
            let start = try BackgroundProcess(
                [files("bin/koomyctl"), "daemon", "start"],
                name: "start",
                in: files,
                environment: environment(files)
            )
            defer { start.stop() }
            try eventually("the loser is over") { Files.exists(files("bin/koomyd.over")) }
            _ = lock.path
            try body(files, start)
        }
    }

    @Test func `whoever loses waits for the winner, which has the lock, to answer`() throws {
        try withLoser { files, start in
            // It has not given up though its own koomyd has.
            try always(for: .milliseconds(300), "it waits") { start.ended == nil }
            let winner = try ScriptedDaemon(path: files("k/run/control.sock")) { _ in .answer(Samples.status) }
            let exit = try winner.whileAnswering { try start.wait() }
            #expect(exit == .code(0), "\(start.errorOutput)")
            #expect(
                start.errorOutput.contains("another koomyctl has just started one (pid 4000,"),
                "\(start.errorOutput)"
            )
        }
    }
}
