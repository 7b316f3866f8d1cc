import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Connections", .timeLimit(.minutes(1)))
struct StreamSocketTests {
    @Test
    func `a connection that was begun succeeds without waiting for it`() throws {
        let listener = try ListeningSocket.openPrivate()
        let address = try #require(try SocketAddress.resolve(listener.address).first)
        let client = try StreamSocket.connect(to: address)
        let accepted = try accepted(by: listener.descriptor.number)
        #expect(accepted != nil)
        #expect(try StreamSocket.pendingError(of: client.number) == nil)
    }

    @Test
    func `a connection to a closed port fails with the reason`() throws {
        let address: SocketAddress
        do {
            let listener = try ListeningSocket.openPrivate()
            address = try #require(try SocketAddress.resolve(listener.address).first)
        }
        // At once, or as the pending error.
        let number: Int32
        do throws(SystemError) {
            number = try StreamSocket.connect(to: address).release()
        } catch {
            #expect(error.errno == .connectionRefused)
            return
        }
        let client = FileDescriptor(owning: number)
        #expect(try waitFor { try StreamSocket.pendingError(of: client.number) } == .connectionRefused)
    }

    @Test
    func `nobody waiting is nil, not an error`() throws {
        let listener = try ListeningSocket.openPrivate()
        try listener.descriptor.setNonblocking(true)
        let none = try accepted(by: listener.descriptor.number)
        #expect(none == nil)
    }

    @Test
    func `one side may stop writing and still read`() throws {
        let pair = try StreamSocket.pair()
        try pair.first.writeAll("question".utf8)
        try StreamSocket.shutdownWriting(pair.first.number)
        #expect(try pair.second.read(most: 100) == Array("question".utf8))
        #expect(try pair.second.read(most: 100) == [])
        try pair.second.writeAll("answer".utf8)
        #expect(try pair.first.read(most: 100) == Array("answer".utf8))
    }

    @Test
    func `a read without anything to read is nil on a nonblocking socket`() throws {
        let pair = try StreamSocket.pair()
        try pair.first.setNonblocking(true)
        #expect(try pair.first.read(most: 100) == nil)
    }

    @Test
    func `a write to a full socket takes what fits`() throws {
        let pair = try StreamSocket.pair()
        try pair.first.setNonblocking(true)
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        let taken = try #require(try pair.first.write(bytes[...]))
        #expect(taken > 0)
        #expect(taken < bytes.count)
        #expect(try pair.first.write(bytes[taken...]) == nil)
    }

    @Test(arguments: ["tcp://127.0.0.1:5000", "tcp://[::1]:5000"])
    func `addresses read back as they are written`(text: String) throws {
        let host = text.contains("[") ? "::1" : "127.0.0.1"
        let address = try #require(try SocketAddress.resolve(.tcp(host: host, port: 5_000)).first)
        #expect(address.listenAddress.description == text)
        #expect(address.port == 5_000)
        #expect(!address.isUnix)
    }
}
