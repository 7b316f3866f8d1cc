import Glibc
import TestSupport
import Testing

/// What is on disk when the power goes, by what a file system promises and no more: the bytes of a file are there after
/// its fsync, a name after the fsync of its folder; before that they may be there or not.
@Suite(.serialized) struct PowerLossTests {
    /// The disk below the state folder, as koomyd's calls make it.
    private struct Disk {
        /// A file, by the number of its creation, and whether all that was written to it is durable.
        struct File {
            var number: Int
            var isDurable: Bool
        }

        private var files: [Int: File] = [:]
        private var created = 0
        /// What names mean to processes.
        private var names: [String: Int] = [:]
        /// What names may mean after a loss of power: what is durable, and what has been done since.
        private(set) var possible: [String: [Int]] = [:]

        mutating func take(_ effect: String, below folder: String) {
            let words = effect.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, words[1] == folder || words[1].hasPrefix("\(folder)/") else { return }
            let (call, path) = (words[0], words[1])
            switch call {
            case "create":
                created += 1
                files[created] = File(number: created, isDurable: false)
                give(path, created)
            case "write", "truncate", "append":
                // One that was there before is whole before, and may be torn now.
                if names[path] == nil {
                    created += 1
                    names[path] = created
                }
                if let number = names[path] { files[number] = File(number: number, isDurable: false) }
            case "fsync" where path == folder: possible = possible.mapValues { $0.suffix(1) }
            case "fsync": if let number = names[path] { files[number]?.isDurable = true }
            case "rename":
                guard let number = names.removeValue(forKey: "\(path).new") else { return }
                give(path, number)
            case "unlink": names[path] = nil
            default: break
            }
        }

        private mutating func give(_ path: String, _ number: Int) {
            names[path] = number
            // 0 is what was there before.
            possible[path, default: [0]].append(number)
        }

        /// Whether what a name may mean is whole in every case.
        func isSafe(_ path: String) -> Bool { possible[path, default: []].allSatisfy { files[$0]?.isDurable ?? true } }

        /// Whether only the latest is possible.
        func isSettled(_ path: String) -> Bool { possible[path, default: []].count <= 1 }
    }

    @Test(.needsDebugBuild, arguments: ["start FILE", "scale web 3", "stop web", "delete web", "reload web"])
    func `at each moment the state on disk is the one before or the one after, and what was acknowledged is on it`(
        _ command: String
    ) throws {
        try Daemon.with(environment: Fault(.count).environment(sparing: ["-out.log", "pipe:", "/proc/"])) { daemon in
            try daemon.start(try Ecosystem.Faulted().text(counts: daemon.workspace.path))
            let file = try daemon.write(try Ecosystem.Faulted(extra: true).text(counts: daemon.workspace.path))
            try Fault.arm(in: daemon.workspace)
            let result = try daemon.ctl(command.split(separator: " ").map { $0 == "FILE" ? file : String($0) })
            #expect(result.code == 0)
            let effects = Fault.effects(in: daemon.workspace).map(\.name)
            let state = "\(daemon.home)/state/state.json"
            #expect(effects.contains("rename \(state)"))
            var disk = Disk()
            for (index, effect) in effects.enumerated() {
                disk.take(effect, below: "\(daemon.home)/state")
                #expect(disk.isSafe(state), "after effect \(index), \(effect)")
            }
            #expect(disk.isSettled(state), "acknowledged, and not durable: \(disk.possible)")
        }
    }

    /// The machine stops: every process is gone, and the run folder with them.
    private func losePower(_ daemon: Daemon) throws {
        try daemon.stop(SIGKILL)
        for pid in daemon.strays { kill(pid, SIGKILL) }
        try eventually("nothing runs") { daemon.strays.isEmpty }
        Files.remove("\(daemon.home)/run")
    }

    @Test func `a machine that comes back runs what was wanted before or after, whatever else is on the disk`() throws {
        try Daemon.with { daemon in
            try daemon.start(try Ecosystem.file(Ecosystem.api(name: "web", "healthy_time: 50ms")))
            let state = "\(daemon.home)/state/state.json"
            let before = try #require(Files.text(of: state))
            try daemon.mustCtl("scale", "web", "3")
            let after = try #require(Files.text(of: state))
            for (text, torn, count) in [(before, after, 2), (after, before, 3), (before, "", 2), (after, "{", 3)] {
                try losePower(daemon)
                try Files.write(text, to: state, mode: 0o600)
                // What was being written is cut anywhere, and perhaps long.
                try Files.write(String(torn.prefix(torn.count / 2)), to: "\(state).new", mode: 0o600)
                try daemon.startAgain()
                try daemon.waitFor("web", "\(count) workers are ready") { $0.isSteady(count) }
            }
            try daemon.mustCtl("scale", "web", "1")
        }
    }
}
