import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("What proc says", .timeLimit(.minutes(1)))
struct ProcFSTests {
    @Test
    func `a line of stat is read, whatever the process calls itself`() throws {
        let line =
            "42 (a ) R (b) S 7 41 40 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 123456 2461696 80 18446744073709551615"
        let stat = try #require(ProcessStat(parsing: Array(line.utf8)))
        #expect(stat.pid == 42)
        #expect(stat.name == "a ) R (b")
        #expect(stat.state == UInt8(ascii: "S"))
        #expect(stat.parent == 7)
        #expect(stat.group == 41)
        #expect(stat.session == 40)
        #expect(stat.cpuTime == .seconds(3))
        #expect(stat.threads == 9)
        #expect(stat.startTime == 123_456)
        #expect(stat.residentPages == 80)
    }

    @Test
    func `the folder that a process works in`() throws {
        #expect(ProcFS.workingDirectory(of: ThisProcess.id).map { $0.hasPrefix("/") } == true)
        #expect(ProcFS.workingDirectory(of: 0x7FFF_FFFF) == nil)
    }

    @Test(arguments: [
        "", "42", "42 (a", "42 (a)", "42 (a) S 1 2", ") (", "x (a) S 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0",
    ])
    func `anything else is nothing`(line: String) {
        #expect(ProcessStat(parsing: Array(line.utf8)) == nil)
    }

    @Test
    func `a running process is described`() throws {
        let child = try Child.sleeping()
        let stat = try #require(ProcessStat(of: child.pid))
        #expect(stat.name == "sleep")
        #expect(stat.parent == ThisProcess.id)
        #expect(stat.threads == 1)
        #expect(stat.residentMemory.bytes > 0)
        #expect(!stat.isDead)
        #expect(ProcessStat(of: child.pid)?.identity == stat.identity)
        #expect(ProcFS.children(of: ThisProcess.id)?.contains(child.pid) ?? true)
        #expect(ProcFS.processIDs().contains(child.pid))
        #expect(ProcFS.threads(of: child.pid) == [child.pid])
        let resident = try #require(ProcFS.residentMemory(of: child.pid))
        let proportional = try #require(ProcFS.proportionalMemory(of: child.pid))
        #expect(proportional.bytes > 0)
        #expect(proportional <= resident)
    }

    @Test
    func `a process that is gone is nil everywhere`() throws {
        let child = try Child.sleeping()
        try child.kill()
        _ = try child.ended()
        let pid = child.pid
        #expect(ProcessStat(of: pid) == nil)
        #expect(ProcFS.children(of: pid) == nil)
        #expect(ProcFS.threads(of: pid) == nil)
        #expect(ProcFS.environmentValue("PATH", of: pid) == nil)
        #expect(ProcFS.arguments(of: pid) == nil)
        #expect(ProcFS.residentMemory(of: pid) == nil)
        #expect(ProcFS.proportionalMemory(of: pid) == nil)
        #expect(ProcFS.blockedCalls(of: pid) == nil)
        #expect(ProcFS.memory(of: pid, at: 0x1000, count: 8) == nil)
        #expect(ProcFS.descriptorTargets(of: pid) == nil)
        #expect(ProcFS.epollEntries(of: pid) == nil)
        #expect(ProcFS.openFlags(of: pid, descriptor: 0) == nil)
        #expect(ProcFS.listeningInodes(seenBy: pid) == ListeningInodes())
    }

    @Test
    func `a process that has ended and is not reaped is dead`() throws {
        let child = try Child.shell("exit 0")
        #expect(waitUntil { ProcessStat(of: child.pid)?.isDead == true })
        #expect(ProcFS.environmentValue("PATH", of: child.pid) == nil)
        #expect(ProcFS.proportionalMemory(of: child.pid) == nil)
    }

    @Test
    func `a variable is found in an environment of any size`() throws {
        var environment = ["MARK": "found"]
        for number in 0..<20 { environment["FILL\(number)"] = String(repeating: "x", count: 10_000) }
        let child = try Child.sleeping { $0.environment = environment }
        #expect(ProcFS.environmentValue("MARK", of: child.pid) == "found")
        #expect(ProcFS.environmentValue("FILL19", of: child.pid)?.utf8.count == 10_000)
        #expect(ProcFS.environmentValue("NONE", of: child.pid) == nil)
    }

    @Test
    func `the call that a process waits in is known with its arguments`() throws {
        let pipe = try Pipe()
        let child = try Child.shell("exec cat") { $0.descriptors = [.init(pipe.readEnd.number, as: 0)] }
        // read(2) is 0 on x86_64 and 63 elsewhere; its first argument is the descriptor, its third the size.
        let call = waitFor { () -> BlockedCall? in
            guard let call = ProcFS.blockedCalls(of: child.pid)?.first, [0, 63].contains(call.number),
                call.arguments.first == 0, call.arguments[2] > 4_096
            else { return nil }
            return call
        }
        #expect(call?.arguments.count == 6)
        let buffer = try #require(call?.arguments[1])
        #expect(ProcFS.memory(of: child.pid, at: buffer, count: 16)?.count == 16)
    }

    @Test
    func `listening sockets are found by inode, connected ones are not`() throws {
        let scratch = try Scratch()
        let tcp = try ListeningSocket.openPrivate()
        let unix = try ListeningSocket.open(ListenerSpec(name: "u", address: .unix(path: scratch("s"))))
        let client = try StreamSocket.connectAndWait(to: tcp.address)
        let targets = try #require(ProcFS.descriptorTargets(of: ThisProcess.id))
        func inode(_ number: Int32) -> UInt64? { targets[number].flatMap(ProcFS.socketInode) }
        let found = ProcFS.listeningInodes()
        let own = try #require(inode(tcp.descriptor.number))
        #expect(found.tcp[own].map { ListenAddress.tcp(host: "127.0.0.1", port: $0) } == tcp.address)
        #expect(found.contains(own))
        #expect(found.unix.contains(try #require(inode(unix.descriptor.number))))
        #expect(!found.contains(try #require(inode(client.number))))
        #expect(ProcFS.listeningInodes(seenBy: ThisProcess.id).contains(own))
    }

    @Test
    func `listeners are found among thousands of sockets of each kind`() throws {
        let listeners = try (0..<50).map { _ in SharedDescriptor(try ListeningSocket.openPrivate().takeDescriptor()) }
        let targets = try #require(ProcFS.descriptorTargets(of: ThisProcess.id))
        let found = ProcFS.listeningInodes()
        for listener in listeners {
            let inode = try #require(targets[listener.number].flatMap(ProcFS.socketInode))
            #expect(found.tcp[inode] != nil)
        }
    }

    @Test(arguments: [("socket:[4711]", 4_711), ("pipe:[4711]", nil), ("socket:[]", nil), ("/tmp/socket:[1]", nil)])
    func `the inode of a socket is in its target`(target: String, inode: Int?) {
        #expect(ProcFS.socketInode(target) == inode.map(UInt64.init))
    }

    @Test
    func `a line of an epoll instance is read`() throws {
        let line = Array("tfd:        5 events:       19 data:         7f0000000005  pos:0 ino:1c3f sdev:8".utf8)
        let entry = try #require(EpollEntry(parsing: line[...]))
        #expect(entry == .sample(descriptor: 5, events: 0x19, inode: 0x1c3f))
        #expect(EpollEntry(parsing: Array("pos:\t0".utf8)[...]) == nil)
        #expect(EpollEntry(parsing: Array("tfd: 5 events: 19".utf8)[...]) == nil)
    }

    @Test(.enabled(if: Machine.hasPython, "needs python3"))
    func `a process that waits for connections in epoll is seen to`() throws {
        let listener = try ListeningSocket.openPrivate()
        let own = try #require(ProcFS.descriptorTargets(of: ThisProcess.id)?[listener.descriptor.number])
        let inode = try #require(ProcFS.socketInode(own))
        let script = "import select; p=select.epoll(); p.register(3, select.EPOLLIN); p.poll()"
        let child = try Child.shell("exec python3 -c \"$0\"") {
            $0.arguments.append(script)
            $0.environment = ["PATH": String(cString: getenv("PATH")), "HOME": "/root"]
            $0.descriptors = [.init(listener.descriptor.number, as: 3)]
        }
        let entry = waitFor { ProcFS.epollEntries(of: child.pid)?.first { $0.inode == inode } }
        #expect(entry?.descriptor == 3)
        #expect(entry.map { $0.events & 1 } == 1)
    }

    @Test
    func `the flags of an open file are told`() throws {
        let pipe = try Pipe()
        try pipe.readEnd.setNonblocking(true)
        let child = try Child.sleeping {
            $0.descriptors = [.init(pipe.readEnd.number, as: 0), .init(pipe.writeEnd.number, as: 1)]
        }
        #expect(ProcFS.openFlags(of: child.pid, descriptor: 0).map { $0 & UInt64(O_NONBLOCK) != 0 } == true)
        #expect(ProcFS.openFlags(of: child.pid, descriptor: 1).map { $0 & UInt64(O_NONBLOCK) != 0 } == false)
    }
}

extension EpollEntry {
    static func sample(descriptor: Int32, events: UInt32, inode: UInt64) -> EpollEntry {
        var entry =
            EpollEntry(parsing: Array("tfd: 0 events: 0 ino:0".utf8)[...])
            ?? EpollEntry(descriptor: 0, events: 0, inode: 0)
        (entry.descriptor, entry.events, entry.inode) = (descriptor, events, inode)
        return entry
    }
}
