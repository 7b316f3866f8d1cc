import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

@Suite("Descriptors that outlive koomyd", .timeLimit(.minutes(2)))
struct DescriptorStoreTests {
    let folder: Workspace
    let bench: StoreBench
    var path: String { folder("keeper.sock") }

    init() throws {
        folder = try Workspace()
        bench = try StoreBench(folder("keeper.sock"))
    }

    private func names(_ kept: [KeptDescriptor]) -> [String: Int] {
        kept.reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
    }

    @Test
    func `what a killed koomyd kept comes back, once, and works`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        let note = folder("note")
        await #expect(processExitsWith: .signal(SIGKILL)) { @MainActor [path = path as String, note = note as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            #expect(store.takeKept().isEmpty)
            let (out, outWrite) = try Pipe(outlivesReaders: true).shared()
            let (error, errorWrite) = try Pipe(outlivesReaders: true).shared()
            let listener = try ListeningSocket.openPrivate()
            // The worker: it writes when koomyd is dead.
            let script = "echo before; while kill -0 \(ThisProcess.id); do sleep 0.01; done; echo after; sleep 1000"
            let worker = try Spawner().spawn(
                SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
                    .with([.init(outWrite.number, as: 1), .init(errorWrite.number, as: 2)])
            )
            store.keep("worker.api.7", [out.number, error.number])
            store.keep("listener.api.shared.0", [listener.descriptor.number])
            try Files.write("\(worker.pid) \(listener.address)", to: note)
            try bench.settle(store)
            kill(ThisProcess.id, SIGKILL)
        }
        let words = try #require(Files.text(of: note)).split(separator: " ")
        let worker = try #require(words.first.flatMap { KoomySystem.ProcessID($0) })
        let store = try bench.open()
        defer {
            kill(-worker, SIGKILL)
            store.end()
            StoreBench.endKeepers(of: path)
        }
        let kept = store.takeKept()
        #expect(names(kept) == ["worker.api.7": 2, "listener.api.shared.0": 1])
        #expect(store.takeKept().isEmpty)
        #expect(Set(kept.map(\.identity)).count == 3)
        #expect(kept.allSatisfy { FileIdentity(of: $0.descriptor.number) == $0.identity })
        // The port is the same, and is served.
        let socket = try #require(kept.first { $0.name.hasPrefix("listener") })
        let listener = try ListeningSocket.adopt(try socket.descriptor.descriptor.duplicate())
        #expect(listener.address.description == words.dropFirst().joined(separator: " "))
        _ = try StreamSocket.connectAndWait(to: listener.address).number
        // No line is lost, neither of before nor of the time without koomyd.
        var lines: [UInt8] = []
        let out = try #require(kept.first { $0.name.hasPrefix("worker") })
        try out.descriptor.descriptor.setNonblocking(true)
        try eventually("both lines are there") {
            lines += try out.descriptor.descriptor.read(most: 100) ?? []
            return lines.elementsEqual("before\nafter\n".utf8)
        }
    }

    @Test
    func `what is kept twice is kept once, and what is dropped is closed`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let (readEnd, writeEnd) = try Pipe().shared()
            let second = try Pipe()
            store.keep("worker.api.1", [readEnd.number])
            store.keep("worker.api.1", [readEnd.number, second.readEnd.number])
            store.keep("worker.api.1", [try readEnd.descriptor.duplicate().release()])
            store.keep("worker.api.2", [readEnd.number])
            #expect(store.status.count == 3)
            #expect(store.status.names == 2)
            let keeper = try bench.settle(store)
            #expect(bench.held(by: keeper) == 3)
            store.drop("worker.api.1")
            try bench.loop.turn(until: "one is left") { bench.held(by: keeper) == 1 }
            store.drop("worker.api.2")
            store.drop("never.heard.of")
            try bench.loop.turn(until: "none is left") { bench.held(by: keeper) == 0 }
            #expect(store.status.failures == 0)
            #expect(bench.notices.isEmpty)
            store.end()
            _ = (writeEnd, second.writeEnd.number)
        }
    }

    @Test
    func `a koomyd that leaves for good leaves nothing behind`() throws {
        defer { Files.remove(folder.path) }
        let store = try bench.open()
        let pipe = try Pipe()
        store.keep("worker.api.1", [pipe.readEnd.number])
        let keeper = try bench.settle(store)
        store.end()
        try eventually("the keeper has ended") { ProcessStat(of: keeper)?.isDead ?? true }
        #expect(FileIdentity(at: path) == nil)
        store.keep("worker.api.2", [pipe.readEnd.number])
        store.drop("worker.api.2")
        store.end()
        #expect(store.status.count == 0)
    }

    @Test
    func `a keeper that was killed is replaced by one that has everything`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open()
            let pipes = try (0..<20).map { _ in try Pipe().shared() }
            for (number, pipe) in pipes.enumerated() { store.keep("worker.api.\(number)", [pipe.readEnd.number]) }
            var keeper = try bench.settle(store)
            for round in 1...3 {
                kill(keeper, SIGKILL)
                // What is to be kept while there is no keeper is kept by the next.
                try bench.loop.turn(until: "it is missed") { store.status.failures >= round }
                store.keep("worker.late.\(round)", [pipes[0].readEnd.number])
                store.drop("worker.api.\(round)")
                keeper = try bench.settle(store, besides: keeper)
                #expect(store.status.failures == round)
                #expect(store.status.count == 20)
            }
            // Each loss is told once, and that it is over.
            try bench.loop.turn(until: "it is told") { bench.notices.count == 6 }
            let inventory = try RawMaster(path).inventory()
            #expect(inventory.count == 20)
            #expect(inventory.values.allSatisfy { $0 == 1 })
            #expect(inventory["worker.api.2"] == nil)
            #expect(inventory["worker.late.2"] == 1)
        }
    }

    @Test
    func `a number that was closed and given away is not taken for what it was`() throws {
        defer { Files.remove(folder.path) }
        let store = try bench.open()
        let first = try Pipe()
        let second = try Pipe()
        store.keep("worker.api.1", [first.readEnd.number])
        let keeper = try bench.settle(store)
        #expect(dup2(second.readEnd.number, first.readEnd.number) == first.readEnd.number)
        kill(keeper, SIGKILL)
        try bench.loop.turn(until: "there is another") {
            bench.note(store)
            return store.status.isWell && store.status.keeper != keeper && store.status.pending == 0
        }
        let inventory = try RawMaster(path).inventory()
        #expect(inventory.isEmpty)
    }

    @Test
    func `what cannot be kept is counted and told once`() throws {
        defer { Files.remove(folder.path) }
        let store = try bench.open()
        store.keep("two\nlines", [0])
        store.keep("two\nlines", [0])
        store.keep("worker.api.1", [9_999])
        #expect(store.status.failures == 3)
        while try bench.loop.runOnce() {}
        #expect(bench.notices.count == 2)
        #expect(store.status.count == 0)
        #expect(store.status.isWell)
        store.end()
    }

    // In a process of its own, which leaves what it does not reap to be reaped by others.
    @Test
    func `without a keeper's program koomyd goes on, and says so once`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let store = try bench.open(executable: "/no/such/program")
            let pipe = try Pipe()
            store.keep("worker.api.1", [pipe.readEnd.number])
            try bench.loop.turn(until: "it was tried again") { store.status.failures >= 4 }
            #expect(bench.notices.count == 1)
            #expect(!store.status.isWell)
            #expect(store.status.count == 1)
        }
    }

    @Test
    func `4,000 descriptors are kept, come back, and are given to a new keeper`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            _ = try ThisProcess.raiseDescriptorLimit()
            guard ThisProcess.descriptorLimit > 12_500 else { return }
            let bench = try StoreBench(path)
            let store = try bench.open()
            // One end of each is enough: the other is closed, which a pipe of a dead worker is like.
            let ends = try (0..<4_000).map { _ in SharedDescriptor(try Pipe().takeReadEnd()) }
            let start = MonotonicClock.now()
            for worker in 0..<1_000 {
                store.keep("worker.api.\(worker)", ends[(worker * 4)..<(worker * 4 + 4)].map(\.number))
            }
            let keeper = try bench.settle(store)
            let given = MonotonicClock.now()
            #expect(bench.held(by: keeper) == 4_000)
            let other = try bench.open()
            let kept = other.takeKept()
            let taken = MonotonicClock.now()
            #expect(kept.count == 4_000)
            #expect(Set(kept.map(\.identity)).count == 4_000)
            #expect(Set(kept.map(\.name)).count == 1_000)
            // The keeper is the other's now, and is killed.
            kill(keeper, SIGKILL)
            let next = try bench.settle(other, besides: keeper)
            #expect(bench.held(by: next) == 4_000)
            print("4,000 kept in \((given - start).milliseconds) ms, taken in \((taken - given).milliseconds) ms")
            other.end()
        }
    }

    @Test
    func `nothing is kept where nothing was asked for`() throws {
        defer { Files.remove(folder.path) }
        let store = try DescriptorStore.open(.none, loop: bench.loop)
        store.keep("worker.api.1", [0])
        store.drop("worker.api.1")
        #expect(store.takeKept().isEmpty)
        #expect(store.status.kind == "none")
        #expect(store.status.count == 0)
        store.end()
    }

    @Test
    func `a store that is let go leaves no descriptor here`() async throws {
        defer { Files.remove(folder.path) }
        let path = path
        await #expect(processExitsWith: .success) { @MainActor [path = path as String] in
            let bench = try StoreBench(path)
            let first = try bench.open()
            let pipe = try Pipe()
            first.keep("worker.api.1", [pipe.readEnd.number])
            try bench.settle(first)
            let before = openDescriptorCount()
            for _ in 0..<50 {
                let store = try bench.open()
                #expect(store.takeKept().count == 1)
            }
            try eventually("they are closed") { openDescriptorCount() <= before }
        }
    }
}

extension SpawnRequest {
    /// With these descriptors.
    func with(_ descriptors: [Descriptor]) -> SpawnRequest {
        var copy = self
        copy.descriptors = descriptors
        return copy
    }
}
