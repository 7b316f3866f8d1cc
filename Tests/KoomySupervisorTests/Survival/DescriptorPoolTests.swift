import KoomySystem
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
