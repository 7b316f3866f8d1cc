import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Waiting without a loop", .timeLimit(.minutes(1)))
struct PollTests {
    @Test
    func `what has happened is told in the order of the entries`() throws {
        let (readEnd, writeEnd) = try Pipe().shared()
        let (idle, idleWriter) = try Pipe().shared()
        try writeEnd.descriptor.writeAll("x".utf8)
        let found = try Poll.wait(
            [.init(idle.number, .readable), .init(readEnd.number, .readable), .init(writeEnd.number, .writable)],
            atMost: nil
        )
        #expect(found == [[], .readable, .writable])
        withExtendedLifetime(idleWriter) {}
    }

    @Test
    func `a pipe without a writer and a connection without a peer hang up, asked or not`() throws {
        let (readEnd, writeEnd) = try Pipe().shared()
        let (first, second) = try StreamSocket.pair().shared()
        let entries: [Poll.Entry] = [.init(readEnd.number, []), .init(first.number, [])]
        #expect(try Poll.wait(entries, atMost: .zero) == [[], []])
        try writeEnd.descriptor.writeAll("x".utf8)
        #expect(try Poll.wait(entries, atMost: .zero) == [[], []])
        _ = consume writeEnd
        _ = consume second
        // A process just cloned by another test may have them for a moment.
        #expect(waitUntil { (try? Poll.wait(entries, atMost: .zero)) == [.hangUp, .hangUp] })
    }

    @Test
    func `a limit is kept, and rounded up`() throws {
        let pipe = try Pipe()
        let start = MonotonicClock.now()
        #expect(try Poll.wait([.init(pipe.readEnd.number, .readable)], atMost: .microseconds(1_500)) == [[]])
        #expect(MonotonicClock.now() - start >= .milliseconds(1))
        #expect(try Poll.wait([], atMost: .milliseconds(1)).isEmpty)
    }
}

@Suite("What a descriptor leads to")
struct DescriptorKindTests {
    @Test
    func `pipes are told apart by what they can do`() throws {
        let pipe = try Pipe()
        #expect(DescriptorKind(of: pipe.readEnd.number) == .pipeReader)
        #expect(DescriptorKind(of: pipe.writeEnd.number) == .pipeWriter)
        let lasting = try Pipe(outlivesReaders: true)
        #expect(DescriptorKind(of: lasting.readEnd.number) == .pipeReader)
        #expect(DescriptorKind(of: lasting.writeEnd.number) == .pipeWriter)
    }

    @Test
    func `sockets are told apart by what they are for`() throws {
        let scratch = try Scratch()
        let listener = try ListeningSocket.openPrivate()
        let local = try PacketSocket.listen(at: scratch("local"))
        let pair = try StreamSocket.pair()
        let packets = try PacketSocket.pair()
        let datagrams = try DatagramSocket(path: scratch("notify"))
        #expect(DescriptorKind(of: listener.descriptor.number) == .listener)
        #expect(DescriptorKind(of: local.number) == .listener)
        #expect(DescriptorKind(of: pair.first.number) == .connection)
        #expect(DescriptorKind(of: packets.second.number) == .connection)
        #expect(DescriptorKind(of: datagrams.descriptor.number) == .other)
    }

    @Test
    func `everything else tells nothing, and what is not open is nothing`() throws {
        let null = FileDescriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC))
        #expect(DescriptorKind(of: null.number) == .other)
        #expect(DescriptorKind(of: 9_999) == nil)
        #expect(DescriptorKind(of: -1) == nil)
    }
}
