import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct DescriptorPoolTests {
    @Test func `each file is handed out once`() throws {
        let pool = DescriptorPool()
        let ends = try Pipe().shared()
        let identity = try #require(FileIdentity(of: ends.readEnd.number))
        pool.add(ends.readEnd)
        pool.add(SharedDescriptor(try ends.readEnd.descriptor.duplicate()))
        #expect(pool.count == 1)
        guard let claimed = pool.claim(identity) else {
            Issue.record("it is not there")
            return
        }
        #expect(FileIdentity(of: claimed.number) == identity && claimed.number != ends.readEnd.number)
        #expect(pool.claim(identity) == nil && pool.claim(nil) == nil && pool.count == 0)
    }

    @Test func `a socket is known by the path that it is bound to, once`() throws {
        try Workspace.with { files in
            let pool = DescriptorPool()
            let socket = try DatagramSocket(path: files("a"))
            pool.add(SharedDescriptor(try socket.descriptor.duplicate()))
            pool.add(try Pipe().shared().readEnd)
            if pool.claimSocket(boundTo: files("b")) != nil { Issue.record("it is another") }
            try DatagramSocket.send("READY=1".utf8, to: files("a"))
            guard let claimed = pool.claimSocket(boundTo: files("a")) else {
                Issue.record("it is not there")
                return
            }
            let same = try DatagramSocket(adopting: claimed, path: files("a"))
            #expect(try same.receive()?.bytes == Array("READY=1".utf8), "with what waits in it")
            #expect(pool.claimSocket(boundTo: files("a")) == nil && pool.count == 1)
        }
    }

    @Test func `what nobody claims is closed`() throws {
        let pool = DescriptorPool()
        let socket = SharedDescriptor(try ListeningSocket.openPrivate().takeDescriptor())
        let number = socket.number
        pool.add(consume socket)
        #expect(FileIdentity(of: number) != nil)
        pool.closeRest()
        #expect(pool.count == 0)
    }
}
