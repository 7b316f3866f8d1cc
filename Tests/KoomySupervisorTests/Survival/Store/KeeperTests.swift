import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// The keeper from the outside: a real process, and masters that do as they like.
// What takes long has a process of its own, and leaves this one's loop to the other tests.
@Suite("The keeper", .timeLimit(.minutes(2)))
struct KeeperTests {
    let folder: Workspace
    let bench: StoreBench
    var path: String { folder("keeper.sock") }

    init() throws {
        folder = try Workspace()
        bench = try StoreBench(folder("keeper.sock"))
    }

    @Test
    func `it has nothing of koomyd's but what it is to keep`() throws {
        defer { Files.remove(folder.path) }
        let store = try bench.open()
        let keeper = try bench.settle(store)
        let stat = try #require(ProcessStat(of: keeper))
        try eventually("it has its name") { ProcessStat(of: keeper)?.name == "koomy-keeper" }
        #expect(stat.session == keeper)
        #expect(ProcessTable.threads(of: keeper) == 1)
        let targets = try #require(ProcFS.descriptorTargets(of: keeper))
        #expect([0, 1, 2].allSatisfy { targets[$0] == "/dev/null" })
        // Just after its start it may be reading a file.
        try eventually("it has these, its listener and a master") {
            (ProcFS.descriptorTargets(of: keeper)?.count ?? 0) <= 5
        }
        #expect(Files.bytes(of: "/proc/\(keeper)/environ")?.isEmpty ?? true)
        #expect(Files.target(ofLink: "/proc/\(keeper)/cwd") == "/")
        var status = stat_t()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        store.end()
    }

    @Test
    func `a new master gets everything, and the old one is told and does not take it back`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let first = try bench.open()
            let pipe = try Pipe()
            first.keep("worker.api.1", [pipe.readEnd.number])
            try bench.settle(first)
            let second = try bench.open()
            #expect(second.takeKept().map(\.name) == ["worker.api.1"])
            try bench.loop.turn(until: "the first is told") { !first.status.isWell }
            try bench.loop.turn(until: "it is told") { bench.notices.count == 1 }
            first.keep("worker.api.2", [pipe.readEnd.number])
            second.keep("worker.api.3", [pipe.readEnd.number])
            let keeper = try bench.settle(second)
            try bench.loop.turn(for: .milliseconds(200))
            #expect(bench.held(by: keeper) == 2)
            #expect(first.status.failures == 1)
            #expect(StoreBench.keepers(of: path).count == 1)
            second.end()
        }
    }

    @Test
    func `whoever comes at once, one is the master and everything of the others is there`() throws {
        defer { Files.remove(folder.path) }
        let store = try bench.open()
        try bench.settle(store)
        let pipe = try Pipe()
        let masters = try (0..<6).map { _ in try RawMaster(path) }
        for (number, master) in masters.enumerated() {
            try master.send(.hello)
            try master.send(.keep("worker.m.\(number)"), [pipe.readEnd.number])
        }
        let last = try RawMaster(path).inventory()
        // The keeper may have had one of them replaced before it had said anything.
        #expect(last["worker.m.5"] == 1)
        for master in masters.dropLast() {
            var heard: [KeeperMessage?] = []
            while let (message, _) = try master.receive() { heard.append(message) }
            #expect(heard.last == .replaced)
        }
    }

    @Test
    func `what a master sent before it died is kept, whatever it left unread`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let keeper = try bench.settle(store)
            let pipe = try Pipe()
            for round in 0..<15 {
                do {
                    let master = try RawMaster(path)
                    try master.send(.hello)
                    for number in 0..<20 {
                        try master.send(.keep("worker.\(round).\(number)"), [pipe.readEnd.number])
                    }
                    // Gone, with all that the keeper answered still unread.
                }
                let inventory = try RawMaster(path).inventory()
                #expect(inventory.count == (round + 1) * 20)
            }
            #expect(StoreBench.isKeeper(keeper, path))
        }
    }

    @Test
    func `a koomyd that is killed at any moment leaves whole messages`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        // A worker that lives, so that the keeper does.
        let store = try bench.open()
        let living = try Pipe()
        store.keep("worker.outer.1", [living.readEnd.number])
        let keeper = try bench.settle(store)
        for round in 1...6 {
            let micros = "\(round * 1_300)"
            await #expect(processExitsWith: .signal(SIGALRM)) {
                @MainActor [path = path as String, micros = micros as String] in
                let bench = try StoreBench(path)
                let store = try bench.open()
                let pipes = try (0..<3).map { _ in try Pipe().shared() }
                ualarm(useconds_t(micros) ?? 1, 0)
                var number = 0
                while true {
                    number += 1
                    store.keep("worker.r\(micros).\(number)", pipes.map(\.readEnd.number))
                    if number % 3 == 0 { store.drop("worker.r\(micros).\(number - 1)") }
                    try bench.loop.runOnce()
                }
            }
            var inventory = try RawMaster(path).inventory()
            #expect(inventory.removeValue(forKey: "worker.outer.1") == 1)
            #expect(inventory.values.allSatisfy { $0 == 3 })
            #expect(!inventory.isEmpty)
        }
        #expect(StoreBench.isKeeper(keeper, path))
        _ = living.writeEnd.number
    }

    @Test
    func `nonsense and floods change nothing`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let pipe = try Pipe()
            store.keep("worker.api.1", [pipe.readEnd.number])
            let keeper = try bench.settle(store)
            let master = try RawMaster(path)
            try master.send(.hello)
            let ends = [pipe.readEnd.number, pipe.writeEnd.number]
            var dice = SystemRandomNumberGenerator()
            for number in 0..<4_000 {
                let length = Int.random(in: 1...400, using: &dice)
                // Letters that mean something are left out, but for those that do no harm.
                let letter = try #require(["x", "K", "C", "F", "R", "k\n", "k", "\u{0}", "ddd:"].randomElement()).utf8
                let bytes = Array((Array(letter) + Array(repeating: 0x0A, count: length)).prefix(length))
                try master.send(bytes, number % 3 == 0 ? ends : [])
                while case .message = try PacketSocket.receive(from: master.socket.number) {}
            }
            #expect(try RawMaster(path).inventory() == ["worker.api.1": 1])
            #expect(StoreBench.isKeeper(keeper, path))
            try eventually("nothing is left open") { bench.held(by: keeper) <= 1 }
        }
    }

    @Test
    func `connections that say nothing keep nobody out`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let pipe = try Pipe()
            store.keep("worker.api.1", [pipe.readEnd.number])
            let keeper = try bench.settle(store)
            var silent: [RawMaster] = []
            for _ in 0..<500 {
                guard let one = try? RawMaster(path) else {
                    waitBriefly()
                    continue
                }
                silent.append(one)
            }
            // One that is no master may order nothing.
            let impostor = try RawMaster(path)
            try impostor.send(.drop("worker.api.1"))
            #expect(try impostor.receive() == nil)
            try eventually("most are let go") { bench.held(by: keeper) < 15 }
            store.keep("worker.api.2", [pipe.readEnd.number])
            #expect(try RawMaster(path).inventory() == ["worker.api.1": 1, "worker.api.2": 1])
            #expect(silent.count > 100)
        }
    }

    @Test(.needsRoot)
    func `another user is turned away where the file's mode does not do it`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        let store = try bench.open()
        let pipe = try Pipe()
        store.keep("worker.api.1", [pipe.readEnd.number])
        let keeper = try bench.settle(store)
        #expect(chmod(path, 0o666) == 0)
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            guard setuid(65_534) == 0 else { _exit(1) }
            let stranger = try RawMaster(path)
            try? stranger.send(.hello)
            try? stranger.send(.end)
            #expect(try stranger.receive() == nil)
        }
        #expect(StoreBench.isKeeper(keeper, path))
        #expect(store.status.isWell)
        #expect(try RawMaster(path).inventory() == ["worker.api.1": 1])
    }

    @Test
    func `a keeper that has no room says so, and keeps what it has`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let keeper = try bench.settle(store)
            // Its limit is lowered as it runs: what it may have was counted at its start, so numbers run out first.
            let prlimit = try Command.run(["prlimit", "--pid", "\(keeper)", "--nofile=40"])
            #expect(prlimit.code == 0)
            let pipes = try (0..<30).map { _ in try Pipe().shared() }
            for part in 0..<15 {
                store.keep("worker.api.\(part)", [pipes[part * 2].readEnd.number, pipes[part * 2 + 1].readEnd.number])
            }
            store.keep("worker.big.1", pipes.map(\.readEnd.number))
            try bench.loop.turn(until: "it is refused") { store.status.failures > 0 }
            try bench.loop.turn(until: "it is told") { bench.notices.count == 1 }
            #expect(!store.status.isWell)
            #expect(StoreBench.isKeeper(keeper, path))
            #expect(store.status.count == 60)
            store.drop("worker.big.1")
            try bench.loop.turn(until: "the others are there") { bench.held(by: keeper) == 30 }
            store.end()
        }
    }

    @Test
    func `a keeper whose path was taken ends when its master has gone, and not before`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let pipe = try Pipe()
            let keeper: KoomySystem.ProcessID
            do {
                let store = try bench.open()
                store.keep("worker.api.1", [pipe.readEnd.number])
                keeper = try bench.settle(store)
                Files.remove(path)
                try always(for: .milliseconds(1_500), "it serves its master") { StoreBench.isKeeper(keeper, path) }
                store.keep("worker.api.2", [pipe.readEnd.number])
                try bench.settle(store)
            }
            try eventually("it has ended") { !StoreBench.isKeeper(keeper, path) }
        }
    }

    @Test
    func `a keeper that nobody needs ends, and its ports are free`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let listener = try ListeningSocket.openPrivate()
            let address = listener.address
            let keeper: KoomySystem.ProcessID
            do {
                let store = try bench.open()
                let socket = try listener.takeDescriptor().duplicate()
                store.keep("listener.api.shared.0", [socket.number])
                store.keep("worker.api.1", [try Pipe().takeReadEnd().release()])
                keeper = try bench.settle(store)
            }
            // koomyd may come back as long as that.
            _ = try StreamSocket.connectAndWait(to: address).number
            try eventually(within: .seconds(30), "it has ended") { !StoreBench.isKeeper(keeper, path) }
            #expect(throws: SystemError.self) { _ = try StreamSocket.connectAndWait(to: address).number }
            #expect(FileIdentity(at: path) == nil)
        }
    }

    @Test
    func `it is started by koomyd and by nobody else`() throws {
        defer { Files.remove(folder.path) }
        let program = try Command.run([StoreBench.executable(), "--keep", path])
        #expect(program.exit == .code(70))
    }
}

private typealias stat_t = stat
