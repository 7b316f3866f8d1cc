import Glibc
import KoomyModel
import TestSupport
import Testing

@testable import KoomySystem

/// The open connections of process trees, with real sockets of real processes.
@Suite("Open connections", .timeLimit(.minutes(2)))
struct ConnectionCensusTests {
    /// Listens, connects to a listener of the test, forks, and accepts what comes.
    private static let server = """
        import os, socket, sys, threading
        outgoing = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        tcp = socket.create_server(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(sys.argv[2])
        unix.listen()
        kept = []
        def serve(listener):
            while True:
                kept.append(listener.accept()[0])
        if os.fork() == 0:
            serve(unix)
        print(tcp.getsockname()[1], flush=True)
        serve(tcp)
        """

    /// Accepts ten thousand connections of its child.
    private static let crowd = """
        import os, resource, signal, socket
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        if os.fork() == 0:
            kept = [socket.create_connection(listener.getsockname()) for _ in range(10000)]
        else:
            kept = [listener.accept()[0] for _ in range(10000)]
            print(listener.getsockname()[1], flush=True)
        signal.pause()
        """

    private static var mayHaveManyDescriptors: Bool {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 && limit.rlim_max > 10_100
    }

    private func look(_ subject: ConnectionCensus.Subject) -> Set<UInt64>? {
        let census = ConnectionCensus([subject], otherRoots: [])
        while !census.proceed(until: MonotonicClock.now()) {}
        return census.found[0]
    }

    /// The port that a program says first.
    private func port(of program: BackgroundProcess) throws -> UInt16 {
        try eventually("it listens: \(program.errorOutput)") {
            program.output.last == "\n" ? UInt16(program.output.dropLast()) : nil
        }
    }

    private func connect(_ port: UInt16) throws -> FileDescriptor {
        try StreamSocket.connectAndWait(to: .tcp(host: "127.0.0.1", port: port))
    }

    @Test func `what a tree accepted is counted, and not what it made`() throws {
        let workspace = try Workspace()
        let elsewhere = try ListeningSocket.openPrivate()
        let outside = try SocketAddress.local(of: elsewhere.descriptor.number).port
        let path = workspace("s")
        let program = try BackgroundProcess(
            ["python3", "-c", Self.server, "\(outside)", path],
            name: "server",
            in: workspace
        )
        defer { program.stop() }
        let port = try port(of: program)
        let mark = TreeMark(root: program.pid)
        let tcp = ConnectionCensus.Subject(mark: mark, addresses: [.port(port)])
        let both = ConnectionCensus.Subject(mark: mark, addresses: [.port(port), .path(path)])
        #expect(look(tcp) == [])
        // Its own connection is seen by whom it reaches.
        #expect(look(ConnectionCensus.Subject(mark: mark, addresses: [.port(outside)])) == [])
        do {
            let first = try connect(port)
            let second = try connect(port)
            try eventually("both are accepted") { look(tcp)?.count == 2 }
            // A child of the process has it.
            let third = try StreamSocket.connectAndWait(to: .unix(path: path))
            try eventually("the Unix connection is accepted") { look(both)?.count == 3 }
            #expect(look(tcp)?.count == 2)
            #expect(first.number != second.number && second.number != third.number)
        }
        // The other side has closed them, and the process has not.
        #expect(look(tcp)?.count == 2)
        #expect(ListeningSockets.take().addresses(of: [program.pid]) == [.port(port), .path(path)])
    }

    @Test func `a program that is gone has none`() throws {
        let listener = try ListeningSocket.openPrivate()
        let port = try SocketAddress.local(of: listener.descriptor.number).port
        let client = try connect(port)
        guard let accepted = try StreamSocket.accept(from: listener.descriptor.number, nonblocking: false) else {
            throw TestFailure(description: "nothing to accept")
        }
        let child = try Child.sleeping()
        let subject = ConnectionCensus.Subject(mark: TreeMark(root: child.pid), addresses: [.port(port)])
        // It is ours, and not the child's.
        #expect(look(subject) == [])
        try child.kill()
        _ = try child.ended()
        #expect(look(subject) == [])
        #expect(client.number != accepted.number)
    }

    @Test func `without an address nothing is known`() throws {
        let child = try Child.sleeping()
        #expect(look(ConnectionCensus.Subject(mark: TreeMark(root: child.pid), addresses: [])) == nil)
    }

    /// Accepts one connection, and may not be looked at by its own user any more (prctl(2), PR_SET_DUMPABLE).
    private static let secretive = """
        import ctypes, socket
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        kept = [listener.accept()[0] for _ in range(2)]
        """

    @Test(.needsOrdinaryUser) func `a process that may not be looked at is unknown, and never without connections`()
        throws
    {
        let workspace = try Workspace()
        let program = try BackgroundProcess(["python3", "-c", Self.secretive], name: "secretive", in: workspace)
        defer { program.stop() }
        let port = try port(of: program)
        let subject = ConnectionCensus.Subject(mark: TreeMark(root: program.pid), addresses: [.port(port)])
        let client = try connect(port)
        try eventually("it cannot be counted") { look(subject) == nil }
        #expect(client.number > 0)
    }

    @Test(.enabled(if: mayHaveManyDescriptors, "needs a hard limit of 10,100 descriptors"))
    func `ten thousand connections are counted in many small steps`() throws {
        let workspace = try Workspace()
        let program = try BackgroundProcess(["python3", "-c", Self.crowd], name: "crowd", in: workspace)
        defer { program.stop() }
        let port = try port(of: program)
        let subject = ConnectionCensus.Subject(mark: TreeMark(root: program.pid), addresses: [.port(port)])
        let census = ConnectionCensus([subject], otherRoots: [])
        var steps = 1
        var longest = TimeSpan.zero
        var total = TimeSpan.zero
        while true {
            let begin = MonotonicClock.now()
            let isDone = census.proceed(until: begin)
            let span = MonotonicClock.now() - begin
            longest = max(longest, span)
            total = total + span
            guard !isDone else { break }
            steps += 1
        }
        #expect(census.found[0]?.count == 10_000)
        // 20,000 sockets in parts of 512 at most, once from the kernel's list and once from the processes.
        #expect(steps > 70, "the longest of \(steps) steps took \(longest)")
        print("10,000 connections: \(steps) steps, the longest \(longest), all \(total)")
    }
}
