import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("Notification sockets", .timeLimit(.minutes(1)))
struct DatagramSocketTests {
    let scratch: Scratch
    var path: String { scratch("notify") }

    init() throws { scratch = try Scratch() }

    @Test
    func `a message arrives with the credentials of its sender`() throws {
        let socket = try DatagramSocket(path: path)
        #expect(try socket.receive() == nil)
        try DatagramSocket.send("READY=1".utf8, to: path)
        let message = try #require(try socket.receive())
        #expect(message.bytes == Array("READY=1".utf8))
        #expect(message.sender?.pid == ThisProcess.id)
        #expect(message.sender?.userID == ThisProcess.userID)
        #expect(message.sender?.groupID == ThisProcess.groupID)
        #expect(!message.isTruncated)
        #expect(try socket.receive() == nil)
    }

    @Test(.enabled(if: Machine.hasPython, "needs python3"))
    func `the sender is the process that sent, whatever it says`() throws {
        let socket = try DatagramSocket(path: path, mode: 0o666)
        let script =
            "import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.sendto(b'READY=1', sys.argv[1])"
        let child = try Child.shell("exec python3 -c \"$0\" \"$1\"") {
            $0.arguments += [script, path]
            $0.environment["PATH"] = String(cString: getenv("PATH"))
            $0.environment["HOME"] = "/root"
        }
        #expect(try child.ended() == .exited(code: 0))
        #expect(try socket.receive()?.sender?.pid == child.pid)
    }

    @Test
    func `a message that is looked at stays until it is taken`() throws {
        let socket = try DatagramSocket(path: path)
        #expect(try socket.peek() == nil)
        try DatagramSocket.send("READY=1".utf8, to: path)
        let seen = try #require(try socket.peek())
        #expect(seen.bytes == Array("READY=1".utf8) && seen.sender?.pid == ThisProcess.id)
        #expect(try socket.peek() == seen)
        #expect(try socket.receive() == seen)
        #expect(try socket.peek() == nil)
    }

    @Test
    func `messages keep their order and their borders`() throws {
        let socket = try DatagramSocket(path: path)
        for number in 0..<5 { try DatagramSocket.send("STATUS=\(number)".utf8, to: path) }
        for number in 0..<5 { #expect(try socket.receive()?.bytes == Array("STATUS=\(number)".utf8)) }
    }

    @Test
    func `a message that is too long is cut and says so`() throws {
        let socket = try DatagramSocket(path: path)
        try DatagramSocket.send([UInt8](repeating: 65, count: DatagramSocket.longestMessage), to: path)
        try DatagramSocket.send([UInt8](repeating: 65, count: DatagramSocket.longestMessage + 1), to: path)
        #expect(try socket.receive()?.isTruncated == false)
        let cut = try #require(try socket.receive())
        #expect(cut.isTruncated)
        #expect(cut.bytes.count == DatagramSocket.longestMessage)
    }

    @Test
    func `an empty message is a message`() throws {
        let socket = try DatagramSocket(path: path)
        try DatagramSocket.send([], to: path)
        #expect(try socket.receive()?.bytes == [])
    }

    @Test
    func `descriptors that come with a message are closed`() throws {
        let socket = try DatagramSocket(path: path)
        let pipe = try Pipe()
        try DatagramSocket.send(
            "BARRIER=1".utf8,
            to: path,
            descriptors: Array(repeating: pipe.writeEnd.number, count: 20)
        )
        let readEnd = pipe.takeReadEnd()
        try readEnd.setNonblocking(true)
        // In flight they keep the pipe open.
        #expect(try readEnd.read(most: 1) == nil)
        #expect(try socket.receive()?.bytes == Array("BARRIER=1".utf8))
        #expect(try readEnd.read(most: 1) == [])
    }

    @Test
    func `the file has its mode and is removed with the socket`() throws {
        let socket = try DatagramSocket(path: path, mode: 0o620)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o620)
        socket.removeFile()
        #expect(FileIdentity(at: path) == nil)
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `the file can belong to a worker's user`() throws {
        _ = try DatagramSocket(path: path, mode: 0o600, userID: 65_534).path
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_uid == 65_534)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test
    func `a path left behind by a dead process is taken over, a living one is not`() throws {
        _ = try DatagramSocket(path: path).path
        let living = try DatagramSocket(path: path)
        let error = systemError { () throws(SystemError) in _ = try DatagramSocket(path: path).path }
        #expect(error?.errno == .addressInUse)
        try DatagramSocket.send("x".utf8, to: path)
        #expect(try living.receive() != nil)
    }

    @Test
    func `a full socket refuses, and does not make the sender wait`() throws {
        let socket = try DatagramSocket(path: path)
        var sent = 0
        let error = systemError { () throws(SystemError) in
            while sent < 100_000 {
                try DatagramSocket.send("x".utf8, to: path)
                sent += 1
            }
        }
        #expect(error?.errno == .wouldBlock)
        var received = 0
        while try socket.receive() != nil { received += 1 }
        #expect(received == sent)
    }
}
