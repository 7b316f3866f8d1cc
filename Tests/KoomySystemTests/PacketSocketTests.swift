import CKoomyLinux
import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Messages with descriptors", .timeLimit(.minutes(1)))
struct PacketSocketTests {
    let scratch: Scratch
    var path: String { scratch("keeper.sock") }

    init() throws { scratch = try Scratch() }

    /// Both ends of a connection.
    private func ends() throws -> (first: SharedDescriptor, second: SharedDescriptor) {
        try PacketSocket.pair().shared()
    }

    private func message(_ socket: SharedDescriptor, most: Int = 4_096) throws -> PacketSocket.Message? {
        guard case .message(let message) = try PacketSocket.receive(from: socket.number, most: most) else { return nil }
        return message
    }

    private func isNothing(_ socket: SharedDescriptor) throws -> Bool {
        if case .nothing = try PacketSocket.receive(from: socket.number) { true } else { false }
    }

    private func isEnd(_ socket: SharedDescriptor) throws -> Bool {
        if case .end = try PacketSocket.receive(from: socket.number) { true } else { false }
    }

    @Test
    func `messages keep their bounds, their order and their descriptors`() throws {
        let (first, second) = try ends()
        let pipe = try Pipe()
        let identity = try #require(FileIdentity(of: pipe.readEnd.number))
        #expect(try PacketSocket.send(Array("one".utf8), over: first.number))
        let numbers = [pipe.readEnd.number, pipe.writeEnd.number]
        #expect(try PacketSocket.send(Array("two".utf8), descriptors: numbers, over: first.number))
        let one = try #require(try message(second))
        #expect(one.bytes == Array("one".utf8))
        #expect(one.descriptors.isEmpty)
        let two = try #require(try message(second))
        #expect(two.bytes == Array("two".utf8))
        #expect(two.descriptors.count == 2)
        #expect(two.descriptors.allSatisfy { FileIdentity(of: $0.number) == identity })
        #expect(two.descriptors.allSatisfy { fcntl($0.number, F_GETFD) == FD_CLOEXEC })
        try two.descriptors[1].descriptor.writeAll("through".utf8)
        #expect(try pipe.readEnd.read(most: 100) == Array("through".utf8))
        #expect(try isNothing(second))
    }

    @Test
    func `a listener is its owner's alone, and every message says who sent it`() throws {
        let listener = try PacketSocket.listen(at: path)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let client = try PacketSocket.connect(to: path)
        // Sent before the connection is taken.
        #expect(try PacketSocket.send([1], over: client.number))
        let server = try #require(try accepted(by: listener.number))
        #expect(try PacketSocket.send([2], over: client.number))
        for byte: UInt8 in [1, 2] {
            let message = try #require(try message(server))
            #expect(message.bytes == [byte])
            #expect(message.sender.pid == ThisProcess.id)
            #expect(message.sender.userID == ThisProcess.userID)
        }
        #expect(try PacketSocket.send([3], over: server.number))
        guard case .message(let back) = try PacketSocket.receive(from: client.number) else {
            Issue.record("nothing came back")
            return
        }
        #expect(back.sender.pid == ThisProcess.id)
    }

    @Test
    func `the end comes after what was sent before it`() throws {
        let (first, second) = try ends()
        let pipe = try Pipe()
        #expect(try PacketSocket.send([1], descriptors: [pipe.writeEnd.number], over: first.number))
        _ = consume first
        #expect(try message(second)?.descriptors.count == 1)
        #expect(try waitUntil { try isEnd(second) })
        #expect(systemError { () throws(SystemError) in _ = try PacketSocket.send([1], over: second.number) } != nil)
    }

    @Test
    func `what was sent by one that went without reading is received`() throws {
        let (first, second) = try ends()
        #expect(try PacketSocket.send([9], over: second.number))
        #expect(try PacketSocket.send([1], over: first.number))
        #expect(try PacketSocket.send([2], over: first.number))
        _ = consume first
        #expect(try message(second)?.bytes == [1])
        #expect(try message(second)?.bytes == [2])
        #expect(try waitUntil { try isEnd(second) })
    }

    @Test
    func `64 descriptors are one message, 65 are refused before anything is sent`() throws {
        let (first, second) = try ends()
        let pipe = try Pipe()
        let most = Array(repeating: pipe.readEnd.number, count: PacketSocket.mostDescriptors)
        #expect(try PacketSocket.send([1], descriptors: most, over: first.number))
        #expect(try message(second)?.descriptors.count == 64)
        let error = systemError { () throws(SystemError) in
            _ = try PacketSocket.send([1], descriptors: most + [0], over: first.number)
        }
        #expect(error?.errno.number == E2BIG)
        #expect(try isNothing(second))
    }

    @Test
    func `a message without bytes is refused`() throws {
        let (first, second) = try ends()
        let error = systemError { () throws(SystemError) in _ = try PacketSocket.send([], over: first.number) }
        #expect(error?.errno == .invalidArgument)
        #expect(try isNothing(second))
    }

    @Test
    func `what is too long, or has too many descriptors, is an error and leaks nothing`() async {
        await #expect(processExitsWith: .success) {
            let (first, second) = try PacketSocket.pair().shared()
            let pipe = try Pipe()
            let before = Machine.openDescriptors
            let ends = [pipe.readEnd.number, pipe.writeEnd.number]
            func failure() -> Errno? {
                systemError { () throws(SystemError) in _ = try PacketSocket.receive(from: second.number, most: 10) }?
                    .errno
            }
            for _ in 0..<100 {
                #expect(try PacketSocket.send(Array(repeating: 1, count: 11), descriptors: ends, over: first.number))
                #expect(failure() == .messageTooLong)
                // Past our own limit, as a stranger may send.
                let many = Array(repeating: pipe.readEnd.number, count: 100)
                #expect(koomy_send(first.number, "x", 1, many, many.count, nil) == 1)
                #expect(failure() == .messageTooLong)
            }
            #expect(Machine.openDescriptors == before)
            #expect(try PacketSocket.send([7], over: first.number))
            guard case .message(let message) = try PacketSocket.receive(from: second.number) else { _exit(9) }
            #expect(message.bytes == [7])
        }
    }

    @Test
    func `descriptors for which this process has no number left are an error and leak nothing`() async {
        await #expect(processExitsWith: .success) {
            let (first, second) = try PacketSocket.pair().shared()
            let pipe = try Pipe()
            let many = Array(repeating: pipe.readEnd.number, count: 40)
            #expect(try PacketSocket.send([1], descriptors: many, over: first.number))
            // All numbers are taken but twenty.
            try Machine.setLimit(.nofile, soft: 256)
            var taken: [SharedDescriptor] = []
            while let copy = try? pipe.readEnd.duplicate() { taken.append(SharedDescriptor(copy)) }
            taken.removeLast(20)
            let before = Machine.openDescriptors
            let error = systemError { () throws(SystemError) in _ = try PacketSocket.receive(from: second.number) }
            #expect(error?.errno == .messageTooLong)
            #expect(Machine.openDescriptors == before)
            withExtendedLifetime(taken) {}
        }
    }

    @Test
    func `a full socket takes no more, and does not wait`() throws {
        let (first, second) = try ends()
        var sent = 0
        while try PacketSocket.send(Array(repeating: 1, count: 1_000), over: first.number), sent < 100_000 { sent += 1 }
        #expect((1..<100_000).contains(sent))
        var received = 0
        while try message(second) != nil { received += 1 }
        #expect(received == sent)
        #expect(try PacketSocket.send([1], over: first.number))
    }

    @Test
    func `nobody to connect to is told, and so is a full queue`() throws {
        func error() -> Errno? {
            systemError { () throws(SystemError) in _ = try PacketSocket.connect(to: path).number }?.errno
        }
        #expect(error() == .noSuchFile)
        let listener = try PacketSocket.listen(at: path, backlog: 0)
        var waiting: [SharedDescriptor] = []
        while waiting.count < 100, let one = try? PacketSocket.connect(to: path) {
            waiting.append(SharedDescriptor(one))
        }
        #expect(error() == .wouldBlock)
        _ = consume listener
        waiting = []
        #expect(error() == .connectionRefused)
        // What a dead process left is replaced.
        let next = try PacketSocket.listen(at: path)
        #expect(error() == nil)
        _ = next.number
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `another user cannot connect`() async throws {
        let path = path
        let listener = try PacketSocket.listen(at: path)
        await #expect(processExitsWith: .success) { [path = path as String] in
            guard setuid(65_534) == 0 else { _exit(1) }
            let error = systemError { () throws(SystemError) in _ = try PacketSocket.connect(to: path).number }
            #expect(error?.errno == .permissionDenied)
        }
        _ = listener.number
    }
}
