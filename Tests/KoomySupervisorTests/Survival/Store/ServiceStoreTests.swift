import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// systemd's store, played by a socket that takes what systemd would take.
// In processes of their own: NOTIFY_SOCKET belongs to the whole process.
@Suite("Descriptors kept by systemd", .timeLimit(.minutes(1)))
struct ServiceStoreTests {
    /// What systemd calls what we call so.
    private static func short(_ name: String) -> String { ServicePlace().nameThere(name) }

    /// What came to systemd.
    private final class Service {
        let folder: Workspace
        let socket: DatagramSocket
        let loop: EventLoop
        var notices: [String] = []

        init() throws {
            folder = try Workspace()
            socket = try DatagramSocket(path: folder("notify"))
            loop = try EventLoop()
            setenv("NOTIFY_SOCKET", folder("notify"), 1)
        }

        deinit { Files.remove(folder.path) }

        func received() throws -> [String] {
            var messages: [String] = []
            while let message = try socket.receive() { messages.append(String(decoding: message.bytes, as: UTF8.self)) }
            return messages
        }

        func open(_ passed: [PassedDescriptor] = []) throws -> DescriptorStore {
            try DescriptorStore.open(.systemd(passed: passed), loop: loop) { [weak self] in self?.notices.append($0) }
        }
    }

    @Test
    func `what is kept and dropped is told to systemd`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let service = try Service()
            let store = try service.open()
            let pipe = try Pipe()
            store.keep("worker.api.1", [pipe.readEnd.number, pipe.writeEnd.number])
            store.keep("worker.api.1", [pipe.readEnd.number])
            store.keep("listener.api.0.0", [1])
            store.drop("worker.api.1")
            #expect(
                try service.received() == [
                    "FDSTORE=1\nFDPOLL=0\nFDNAME=\(Self.short("worker.api.1"))",
                    "FDSTORE=1\nFDPOLL=0\nFDNAME=\(Self.short("listener.api.0.0"))",
                    "FDSTOREREMOVE=1\nFDNAME=\(Self.short("worker.api.1"))",
                ]
            )
            #expect(store.status.kind == "systemd")
            #expect(store.status.count == 1)
            #expect(store.status.isWell)
            store.end()
            #expect(try service.received() == ["FDSTOREREMOVE=1\nFDNAME=\(Self.short("listener.api.0.0"))"])
            while try service.loop.runOnce() {}
            #expect(service.notices.isEmpty)
        }
    }

    @Test
    func `more descriptors than fit one message are several`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let service = try Service()
            let store = try service.open()
            let pipes = try (0..<150).map { _ in try Pipe().shared() }
            store.keep("worker.api.1", pipes.map(\.readEnd.number))
            #expect(
                try service.received()
                    == Array(repeating: "FDSTORE=1\nFDPOLL=0\nFDNAME=\(Self.short("worker.api.1"))", count: 3)
            )
            #expect(store.status.count == 150)
        }
    }

    @Test
    func `sockets of systemd's own are told apart from what a koomyd stored`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let service = try Service()
            let pipe = try Pipe().shared()
            let listener = SharedDescriptor(try ListeningSocket.openPrivate().takeDescriptor())
            let activated = SharedDescriptor(try ListeningSocket.openPrivate().takeDescriptor())
            let store = try service.open([
                PassedDescriptor(name: "http", descriptor: activated),
                PassedDescriptor(name: Self.short("worker.api.3"), descriptor: pipe.readEnd),
                PassedDescriptor(name: Self.short("listener.api.shared.0"), descriptor: listener),
                PassedDescriptor(
                    name: Self.short("listener.api.shared.0"),
                    descriptor: SharedDescriptor(try listener.descriptor.duplicate())
                ),
            ])
            #expect(!DescriptorStore.isNameOfOurs("http"))
            let kept = store.takeKept()
            #expect(kept.map(\.name) == ["worker.api.3", "listener.api.shared.0"].map(Self.short))
            #expect(kept.map(\.descriptor.number) == [pipe.readEnd.number, listener.number])
            let again = store.takeKept()
            #expect(again.isEmpty)
            // They are stored already.
            store.keep("worker.api.3", [pipe.readEnd.number])
            #expect(try service.received().isEmpty)
            store.drop("worker.api.3")
            #expect(try service.received() == ["FDSTOREREMOVE=1\nFDNAME=\(Self.short("worker.api.3"))"])
        }
    }

    @Test
    func `a systemd that is slow gets everything in time, in its order, and nobody waits`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let service = try Service()
            let store = try service.open()
            let pipe = try Pipe()
            let start = MonotonicClock.now()
            for number in 0..<500 { store.keep("worker.api.\(number)", [pipe.readEnd.number]) }
            #expect(MonotonicClock.now() - start < .seconds(5))
            #expect(store.status.pending > 0)
            // What is dropped before it was stored is not stored.
            store.drop("worker.api.499")
            var got: [String] = []
            try service.loop.turn(until: "all of it has come") {
                got += try service.received()
                return store.status.pending == 0
            }
            got += try service.received()
            #expect(got.count == 500)
            #expect(got.last == "FDSTOREREMOVE=1\nFDNAME=\(Self.short("worker.api.499"))")
            #expect(!got.contains("FDSTORE=1\nFDPOLL=0\nFDNAME=\(Self.short("worker.api.499"))"))
            #expect(store.status.failures == 0)
        }
    }

    @Test
    func `a systemd that is gone is a failure that is told`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let service = try Service()
            let store = try service.open()
            service.socket.removeFile()
            let pipe = try Pipe()
            store.keep("worker.api.1", [pipe.readEnd.number])
            store.keep("worker.api.1", [pipe.writeEnd.number])
            #expect(store.status.failures == 2)
            while try service.loop.runOnce() {}
            #expect(service.notices.count == 1)
            #expect(store.status.lastFailure?.contains("notify") == true)
        }
    }

    @Test
    func `names are short there, and told from those of sockets that systemd opened`() {
        let names = (1...5_000).flatMap { ["worker.api.\($0)", "worker.\(String(repeating: "x", count: 64)).\($0)"] }
        let short = names.map(Self.short)
        #expect(Set(short).count == names.count)
        #expect(short.allSatisfy { $0.utf8.count == 9 && ServiceNotifier.isDescriptorName($0) })
        #expect(short.allSatisfy(DescriptorStore.isNameOfOurs))
        #expect(
            !["http", "unknown", "stored", "koomyd-api.socket", "+http"].contains(where: DescriptorStore.isNameOfOurs)
        )
        #expect(ServicePlace.mostNames > 12_288)
    }
}
