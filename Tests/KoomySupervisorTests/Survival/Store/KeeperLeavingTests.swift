import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// When a keeper without a master is of no use any more, at times that are made up.
// Each in a process of its own: a keeper raises the limits of the process that it is.
@Suite("When a keeper leaves", .timeLimit(.minutes(1)))
struct KeeperLeavingTests {
    /// A keeper that does not run, and what it holds.
    private final class Idle {
        let folder: Workspace
        let keeper: Keeper
        /// Ends that stay open here.
        var others: [SharedDescriptor] = []

        init() throws {
            folder = try Workspace()
            let path = folder("keeper.sock")
            keeper = try Keeper(path: path, listener: try PacketSocket.listen(at: path))
        }

        deinit { Files.remove(folder.path) }

        func hold(_ descriptor: SharedDescriptor) throws {
            let kind = try #require(DescriptorKind(of: descriptor.number))
            let identity = try #require(FileIdentity(of: descriptor.number))
            keeper.held["x\(keeper.held.count)"] = [
                Keeper.Held(descriptor: descriptor, kind: kind, identity: identity)
            ]
        }

        /// A pipe that is read; its write end is returned.
        func holdPipe() throws -> SharedDescriptor {
            let (readEnd, writeEnd) = try Pipe().shared()
            try hold(readEnd)
            return writeEnd
        }

        func leaves(after span: TimeSpan) -> Bool { keeper.leaves(at: keeper.masterlessSince + span) }

        var kinds: [DescriptorKind] { keeper.held.values.joined().map(\.kind) }
    }

    @Test
    func `one that holds nothing waits ten seconds`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            #expect(!idle.leaves(after: .zero))
            #expect(!idle.leaves(after: .milliseconds(9_999)))
            #expect(idle.leaves(after: .seconds(10)))
        }
    }

    @Test
    func `a worker that lives shows by its pipe, for as long as it lives`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            try idle.hold(SharedDescriptor(ListeningSocket.openPrivate().takeDescriptor()))
            try idle.hold(SharedDescriptor(DatagramSocket(path: idle.folder("notify")).takeDescriptor()))
            var writeEnd: SharedDescriptor? = try idle.holdPipe()
            #expect(!idle.leaves(after: .seconds(1_000_000)))
            #expect(idle.kinds.count == 3)
            #expect(writeEnd != nil)
            writeEnd = nil
            #expect(!idle.leaves(after: .seconds(9)))
            #expect(idle.kinds.count == 3)
            #expect(idle.leaves(after: .seconds(10)))
        }
    }

    @Test
    func `a peer that is connected counts like a writer`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            let (first, second) = try StreamSocket.pair().shared()
            try idle.hold(first)
            idle.others = [second]
            #expect(!idle.leaves(after: .seconds(100)))
            // What it has said does not matter; that it is there does.
            try second.descriptor.writeAll("x".utf8)
            #expect(!idle.leaves(after: .seconds(100)))
            idle.others = []
            _ = consume second
            #expect(idle.leaves(after: .seconds(100)))
        }
    }

    @Test
    func `listeners and datagram sockets alone keep nobody here`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            try idle.hold(SharedDescriptor(ListeningSocket.openPrivate().takeDescriptor()))
            try idle.hold(SharedDescriptor(DatagramSocket(path: idle.folder("notify")).takeDescriptor()))
            #expect(Set(idle.kinds) == [.listener, .other])
            #expect(idle.leaves(after: .seconds(10)))
        }
    }

    @Test
    func `the last words of dead workers wait for an hour, and no port with them`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            let socket = try ListeningSocket.openPrivate()
            let address = socket.address
            try idle.hold(SharedDescriptor(socket.takeDescriptor()))
            var said: SharedDescriptor? = try idle.holdPipe()
            var silent: SharedDescriptor? = try idle.holdPipe()
            try said?.descriptor.writeAll("why I died".utf8)
            #expect(silent != nil)
            (said, silent) = (nil, nil)
            #expect(!idle.leaves(after: .seconds(10)))
            #expect(idle.kinds == [.pipeReader])
            #expect(throws: SystemError.self) { _ = try StreamSocket.connectAndWait(to: address).number }
            #expect(!idle.leaves(after: .seconds(3_599)))
            let kept = try #require(idle.keeper.held.values.joined().first)
            #expect(try kept.descriptor.descriptor.read(most: 100) == Array("why I died".utf8))
            // They were read, by whoever has the pipe too.
            #expect(idle.leaves(after: .seconds(3_599)))
        }
    }

    @Test
    func `lines that nobody comes for are given up after an hour`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            try idle.holdPipe().descriptor.writeAll("x".utf8)
            #expect(!idle.leaves(after: .seconds(3_599)))
            #expect(idle.leaves(after: .seconds(3_600)))
        }
    }

    @Test
    func `a path that is another's or nobody's is a reason to go at once, whoever lives`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let idle = try Idle()
            idle.others = [try idle.holdPipe()]
            #expect(!idle.leaves(after: .zero))
            Files.remove(idle.keeper.path)
            #expect(idle.leaves(after: .zero))
            let other = try PacketSocket.listen(at: idle.keeper.path)
            #expect(idle.leaves(after: .zero))
            _ = other.number
        }
    }

    @Test
    func `a descriptor that is no listener of that path is refused`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let folder = try Workspace()
            defer { Files.remove(folder.path) }
            #expect(throws: SystemError.self) {
                _ = try Keeper(path: folder("a"), listener: try Pipe().takeReadEnd()).path
            }
            #expect(throws: SystemError.self) {
                _ = try Keeper(path: folder("a"), listener: try PacketSocket.listen(at: folder("b"))).path
            }
            let kind = DescriptorKind(of: 9_999)
            #expect(kind == nil)
        }
    }
}

extension DatagramSocket {
    /// Gives up everything but the descriptor.
    fileprivate consuming func takeDescriptor() throws(SystemError) -> FileDescriptor { try descriptor.duplicate() }
}
