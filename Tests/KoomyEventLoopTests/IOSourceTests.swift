import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@Suite("Watching descriptors", .serialized, .timeLimit(.minutes(1)))
struct IOSourceTests {
    let loop: EventLoop
    let log = Log()

    init() throws { loop = try EventLoop() }

    @Test
    func `it fires while there is something to read`() throws {
        let pipe = try Pipe()
        let number = pipe.readEnd.number
        let source = try loop.io(number) { [log] events in log(events.contains(.readable) ? "readable" : "\(events)") }
        try loop.runWhileReady()
        #expect(log.entries.isEmpty)
        try pipe.writeEnd.writeAll("x".utf8)
        try loop.runOnce()
        try loop.runOnce()
        #expect(log.entries == ["readable", "readable"])
        _ = try pipe.readEnd.read(most: 10)
        try loop.runWhileReady()
        #expect(log.entries.count == 2)
        #expect(source.descriptor == number)
    }

    @Test
    func `the end of the other side is a hang-up`() throws {
        let pipe = try Pipe()
        let readEnd = pipe.takeReadEnd()
        var seen: IOEvents = []
        let source = try loop.io(readEnd.number) { seen.formUnion($0) }
        try loop.runOnce()
        #expect(seen.contains(.hangUp))
        source.disable()
    }

    @Test
    func `what is waited for can be changed`() throws {
        let pair = try StreamSocket.pair()
        var seen: [IOEvents] = []
        let source = try loop.io(pair.first.number) { seen.append($0) }
        try loop.runWhileReady()
        #expect(seen.isEmpty)
        try source.setEvents([.readable, .writable])
        try loop.runOnce()
        #expect(seen == [.writable])
        try source.setEvents([])
        #expect(try loop.runOnce() == false)
    }

    @Test
    func `one that is disabled waits in silence`() throws {
        let pipe = try Pipe()
        try pipe.writeEnd.writeAll("x".utf8)
        let source = try loop.io(pipe.readEnd.number) { [log] _ in log("fired") }
        source.disable()
        #expect(!source.isEnabled)
        try loop.runOnce()
        #expect(log.entries.isEmpty)
        source.enable()
        #expect(source.isEnabled)
        try loop.runOnce()
        #expect(log.entries == ["fired"])
    }

    @Test
    func `without a reference it never fires again`() throws {
        let pipe = try Pipe()
        try pipe.writeEnd.writeAll("x".utf8)
        var source: IOSource? = try loop.io(pipe.readEnd.number) { [log] _ in log("fired") }
        #expect(source != nil)
        source = nil
        try loop.runOnce()
        #expect(log.entries.isEmpty)
    }

    @Test
    func `its own handler may drop it`() throws {
        final class Owner {
            var source: IOSource?
            var fired = 0
        }
        let pipe = try Pipe()
        try pipe.writeEnd.writeAll("x".utf8)
        let owner = Owner()
        weak var dropped: IOSource?
        owner.source = try loop.io(pipe.readEnd.number) { [owner] _ in
            owner.source = nil
            owner.fired += 1
        }
        dropped = owner.source
        try loop.runOnce()
        try loop.runOnce()
        #expect(owner.fired == 1)
        #expect(dropped == nil)
    }

    @Test
    func `a handler may drop another source that is ready too`() throws {
        final class Owner {
            var sources: [IOSource] = []
            var fired = 0
        }
        let pipes = [try Pipe().split(), try Pipe().split(), try Pipe().split()]
        let owner = Owner()
        for pipe in pipes {
            try pipe.writeEnd.descriptor.writeAll("x".utf8)
            owner.sources.append(
                try loop.io(pipe.readEnd.number) { [owner] _ in
                    owner.fired += 1
                    owner.sources = []
                }
            )
        }
        while try loop.runOnce() {}
        #expect(owner.fired == 1)
    }

    @Test
    func `an owned descriptor is closed with the source`() throws {
        let pipe = try Pipe().split()
        let copy = try pipe.readEnd.descriptor.duplicate()
        let before = openPipes()
        var source: IOSource? = try loop.io(owning: copy) { _ in }
        #expect(source != nil)
        #expect(openPipes() == before)
        source = nil
        #expect(openPipes() == before - 1)
    }

    @Test
    func `a descriptor that cannot be watched is an error, and its owner's still`() throws {
        let file = FileDescriptor(owning: open("/proc/self/status", O_RDONLY | O_CLOEXEC))
        do throws(SystemError) {
            _ = try loop.io(file.number) { _ in }
            Issue.record("a regular file was watched")
        } catch {
            #expect(error.errno == .notPermitted)
        }
    }

    @Test
    func `a pidfd tells that a process has ended`() throws {
        let process = try Spawner().spawn(SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", "exit 3"]))
        var reason: ExitReason?
        var started = false
        let child = process.split { Child($0, $1) }
        let end = try loop.io(child.pidfd.descriptor.number) { _ in reason = try? child.pidfd.reap() }
        let start = try loop.io(child.report.descriptor.number) { _ in
            started = (try? child.report.read()) == .running
        }
        #expect(try loop.run { started && reason != nil })
        #expect(reason == .exited(code: 3))
        start.disable()
        end.disable()
    }

    private final class Child {
        let pidfd: Pidfd
        let report: StartupReport

        init(_ pidfd: consuming Pidfd, _ report: consuming StartupReport) {
            self.pidfd = pidfd
            self.report = report
        }
    }
}

/// A pipe whose ends can be in a collection.
struct SharedPipe {
    let readEnd: SharedDescriptor
    let writeEnd: SharedDescriptor
}

extension Pipe {
    consuming func split() throws -> SharedPipe {
        let readEnd = SharedDescriptor(try readEnd.duplicate())
        return SharedPipe(readEnd: readEnd, writeEnd: SharedDescriptor(takeWriteEnd()))
    }
}
