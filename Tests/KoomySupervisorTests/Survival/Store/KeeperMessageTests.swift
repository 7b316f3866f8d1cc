import Testing

@testable import KoomySupervisor

struct KeeperMessageTests {
    @Test(arguments: [
        KeeperMessage.hello, .keep("worker.api.1"), .drop("listener.api.shared.0"), .end, .kept("x"), .complete,
        .refused(""), .refused("worker.api.1"), .replaced,
    ])
    func `what is written is read`(message: KeeperMessage) {
        #expect(KeeperMessage(message.bytes) == message)
        #expect(message.bytes.count <= KeeperMessage.longest)
    }

    /// A keeper of an older koomyd talks to a newer one and the other way round, so the letters never change.
    @Test
    func `the letters are what every koomyd knows`() {
        let all: [KeeperMessage] = [
            .hello, .keep("n"), .drop("n"), .end, .kept("n"), .complete, .refused("n"), .replaced,
        ]
        #expect(all.map { String(decoding: $0.bytes, as: UTF8.self) } == ["h", "kn", "dn", "e", "Kn", "C", "Fn", "R"])
    }

    @Test(arguments: [[], [0], [0x7A], Array("x worker".utf8), [0xFF, 0xFE]] as [[UInt8]])
    func `what is not known is nothing`(bytes: [UInt8]) {
        #expect(KeeperMessage(bytes) == nil)
    }
}
