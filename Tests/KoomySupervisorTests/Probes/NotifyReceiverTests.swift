import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// The lines of a Python program that send on its notify socket.
private let pythonSender = [
    "import os, signal, socket, time",
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "path = os.environ['NOTIFY_SOCKET']",
]

struct NotifyReceiverTests {
    @Test func `a worker says what it has to say`() throws {
        let listener = try NotifyListener()
        let worker = try Program.python(
            pythonSender + [
                "s.sendto(b'STATUS=loading', path)", "s.sendto(b'EXTEND_TIMEOUT_USEC=5000000', path)",
                "s.sendto(b'READY=1\\nSTATUS=serving\\n', path)", "s.sendto(b'WATCHDOG=1', path)",
                "s.sendto(b'STOPPING=1\\0', path)", "signal.pause()",
            ],
            environment: listener.environment
        )
        listener.accept(worker)
        try listener.wait(for: 6)
        #expect(
            listener.messages == [
                .status("loading"), .extendTimeout(.seconds(5)), .ready, .status("serving"), .watchdog, .stopping,
            ]
        )
        #expect(listener.questions == 1, "an answer about a sender serves for those that follow at once")
    }

    @Test(.enabled(if: Binaries.installed("systemd-notify") != nil, "needs systemd-notify"))
    func `systemd-notify in a script is one of the worker's own`() throws {
        let listener = try NotifyListener()
        let worker = try Program(
            ["sh", "-c", "systemd-notify --ready --status='from a script'; echo $?; sleep 100"],
            environment: listener.environment
        )
        listener.accept(worker)
        try listener.wait(for: 2)
        #expect(listener.messages == [.ready, .status("from a script")])
        // It waits until its barrier is answered, and then has gone.
        try listener.loop.turn(until: "systemd-notify has returned") {
            worker.tree.contains { ProcFS.arguments(of: $0) == ["sleep", "100"] }
        }
    }

    @Test(.enabled(if: Binaries.installed("systemd-notify") != nil, "needs systemd-notify"))
    func `a process from elsewhere is refused`() throws {
        let listener = try NotifyListener()
        let worker = try Program(["sleep", "1000"])
        listener.accept(worker)
        let stranger = try Program.python(
            pythonSender + ["s.sendto(b'READY=1', path)", "signal.pause()"],
            environment: listener.environment
        )
        try listener.wait()
        #expect(listener.messages == [.refused(pid: stranger.pid, reason: "not a process of this worker")])
    }

    /// Who dies while it handles what came is followed by one that hears it.
    @Test func `what is being handled is in the socket until that is done`() throws {
        let listener = try NotifyListener()
        var left: [[UInt8]?] = []
        listener.react = { _ in
            guard let number = listener.receiver?.descriptor,
                let socket = try? DatagramSocket(adopting: FileDescriptor(owning: dup(number)), path: listener.path)
            else { return }
            left.append((try? socket.peek())?.bytes)
        }
        try listener.send("READY=1")
        try listener.send("STATUS=two")
        try listener.wait(for: 2)
        #expect(left == [Array("READY=1".utf8), Array("STATUS=two".utf8)])
        #expect(listener.messages == [.ready, .status("two")])
        try listener.send("WATCHDOG=1")
        try listener.wait(for: 3)
        #expect(listener.messages.last == .watchdog, "each is heard once")
    }

    @Test func `a stranger cannot keep the worker from being heard`() throws {
        let listener = try NotifyListener()
        let stranger = try Program.python(
            pythonSender + ["while True: s.sendto(b'READY=1', path)"],
            environment: listener.environment
        )
        try listener.wait()
        let worker = try Program.python(
            pythonSender + ["s.sendto(b'STATUS=here', path)", "signal.pause()"],
            environment: listener.environment
        )
        listener.accept(worker)
        try listener.loop.turn(until: "the worker is heard") { listener.messages.contains(.status("here")) }
        #expect(!listener.messages.contains(.ready))
        // A few a second, whatever comes.
        #expect(listener.messages.count < 60)
        #expect(
            listener.messages.allSatisfy {
                if case .refused(stranger.pid, _) = $0 { true } else { $0 == .status("here") }
            }
        )
    }

    @Test(.needsRoot) func `the socket is the worker's user's, and closed to others`() throws {
        let nobody = ResolvedIdentity(userID: 65_534, groupID: 65_534, groups: [])
        let other = ResolvedIdentity(userID: 2, groupID: 2, groups: [65_534])
        let listener = try NotifyListener(userID: nobody.userID, groupID: nobody.groupID)
        listener.isOwn = { _ in true }
        let send =
            pythonSender + [
                "try: s.sendto(b'STATUS=%d' % os.getuid(), path)", "except PermissionError: os._exit(13)",
                "os._exit(0)",
            ]
        let intruder = try Program.python(send, environment: listener.environment, identity: other)
        let reason = try eventually("the intruder has ended") { try intruder.process.pidfd.reap() }
        #expect(reason == .exited(code: 13))
        let worker = try Program.python(send, environment: listener.environment, identity: nobody)
        try listener.wait()
        #expect(listener.messages == [.status("65534")])
        #expect(try eventually("the worker has ended") { try worker.process.pidfd.reap() } == .exited(code: 0))
    }

    @Test func `what cannot be read is refused with the reason`() throws {
        let listener = try NotifyListener()
        let own = ThisProcess.id
        try listener.send([UInt8](repeating: 0x41, count: DatagramSocket.longestMessage + 1))
        try listener.send(Array("STATUS=".utf8) + [0xFF, 0xFE])
        try listener.send("READY=1\0STOPPING=1")
        try listener.send("READY=1\0\0")
        try listener.send("WATCHDOG=1")
        try listener.wait(for: 4)
        #expect(
            listener.messages == [
                .refused(pid: own, reason: "longer than 8192 bytes"), .refused(pid: own, reason: "not UTF-8 text"),
                .refused(pid: own, reason: "NUL in the text"), .watchdog,
            ]
        )
    }

    @Test func `an empty message says nothing and the longest one is read`() throws {
        let listener = try NotifyListener()
        try listener.send("")
        try listener.send("\0")
        let filler = String(repeating: "s", count: DatagramSocket.longestMessage - "STATUS=".utf8.count)
        try listener.send("STATUS=\(filler)")
        try listener.wait()
        #expect(listener.messages == [.status(String(repeating: "s", count: 256))])
    }

    @Test func `descriptors that come along are closed`() throws {
        let listener = try NotifyListener()
        let before = openDescriptorCount()
        for round in 0..<200 {
            let pipe = try Pipe()
            try listener.send(
                "FDSTORE=1\nFDNAME=x",
                descriptors: [Int32](repeating: pipe.writeEnd.number, count: 5)
            )
            try listener.wait(for: (round + 1) * 2)
        }
        // Other tests open some meanwhile; a thousand they do not.
        #expect(openDescriptorCount() < before + 200)
        #expect(Set(listener.messages) == [.unknown("FDSTORE"), .unknown("FDNAME")])
    }

    @Test func `a barrier is answered by closing its descriptor`() throws {
        let listener = try NotifyListener()
        var ends: Pipe? = try Pipe()
        let number = ends?.writeEnd.number ?? -1
        try listener.send("READY=1")
        try listener.send("BARRIER=1", descriptors: [number])
        let reader = try ends?.readEnd.duplicate()
        ends = nil
        try reader?.setNonblocking(true)
        #expect(try reader?.read(most: 1) == nil, "it is still on its way")
        try listener.loop.turn(until: "the descriptor is closed") { try reader?.read(most: 1) == [] }
        #expect(listener.messages == [.ready])
    }

    @Test func `the path goes with the receiver`() throws {
        let listener = try NotifyListener()
        #expect(Files.exists(listener.path))
        listener.receiver?.close()
        #expect(!Files.exists(listener.path))
        listener.receiver?.close()

        let second = try NotifyListener()
        second.receiver = nil
        #expect(!Files.exists(second.path))
    }

    @Test func `another's file at the path is left alone`() throws {
        let listener = try NotifyListener()
        Files.remove(listener.path)
        try Files.write("mine", to: listener.path)
        listener.receiver = nil
        #expect(Files.text(of: listener.path) == "mine")
    }

    @Test func `a receiver that is closed by its handler says no more`() throws {
        let listener = try NotifyListener()
        listener.react = { [weak listener] _ in listener?.receiver?.close() }
        try listener.send("READY=1\nSTATUS=more\nWATCHDOG=1")
        try listener.send("STOPPING=1")
        try listener.wait()
        try listener.loop.turn(for: .milliseconds(50))
        #expect(listener.messages == [.ready])
    }

    @Test func `a receiver may go from inside its handler`() throws {
        let listener = try NotifyListener()
        listener.react = { [weak listener] _ in listener?.receiver = nil }
        try listener.send("READY=1\nSTATUS=more")
        try listener.wait()
        try listener.loop.turn(for: .milliseconds(20))
        #expect(listener.messages == [.ready])
        #expect(!Files.exists(listener.path))
    }

    @Test func `a path that cannot be bound is an error and leaves nothing`() throws {
        let listener = try NotifyListener()
        #expect(throws: SystemError.self) {
            try NotifyReceiver(
                loop: listener.loop,
                path: "\(listener.workspace.path)/missing/notify",
                userID: nil,
                groupID: nil,
                isOwn: { _ in true },
                { _ in }
            )
        }
        #expect(throws: SystemError.self) {
            // A live socket is there.
            try NotifyReceiver(
                loop: listener.loop,
                path: listener.path,
                userID: nil,
                groupID: nil,
                isOwn: { _ in true },
                { _ in }
            )
        }
        try listener.send("READY=1")
        try listener.wait()
    }
}
