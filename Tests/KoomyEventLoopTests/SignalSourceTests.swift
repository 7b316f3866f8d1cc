import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@Suite("Signals", .serialized, .timeLimit(.minutes(1)))
struct SignalSourceTests {
    let loop: EventLoop

    init() throws { loop = try EventLoop() }

    @Test
    func `a blocked signal arrives through the loop, and says who sent it`() throws {
        // Sent to this thread alone: the others do not block it.
        try SignalMask.block([.user1])
        defer { try? SignalMask.unblock([.user1]) }
        var received: [ReceivedSignal] = []
        let source = try loop.signal(.user1) { received.append($0) }
        pthread_kill(pthread_self(), SIGUSR1)
        #expect(try loop.run { !received.isEmpty })
        #expect(received.count == 1)
        #expect(received.first?.signal == .user1)
        #expect(received.first?.senderID == ThisProcess.id)
        #expect(received.first?.senderUserID == ThisProcess.userID)
        source.disable()
    }

    @Test
    func `a signal that is not blocked is refused`() throws {
        try SignalMask.unblock([.user2])
        do throws(SystemError) {
            _ = try loop.signal(.user2) { _ in }
            Issue.record("it was accepted")
        } catch {
            #expect(error.errno == .busy)
            #expect(error.subject == "SIGUSR2")
        }
    }

    @Test
    func `the end of a child is a signal`() throws {
        try SignalMask.block([.child])
        defer { try? SignalMask.unblock([.child]) }
        var isSignaled = false
        let source = try loop.signal(.child) { _ in isSignaled = true }
        let process = try Spawner().spawn(SpawnRequest(path: "/bin/true", arguments: ["true"]))
        // Another thread may take a signal that is meant for the process; the pidfd does not depend on it.
        var reason: ExitReason?
        let end = try loop.io(process.pidfd.descriptor.number) { _ in }
        #expect(
            try loop.run {
                if reason == nil { reason = try? process.pidfd.reap() }
                return reason != nil
            }
        )
        #expect(reason == .exited(code: 0))
        if isSignaled { source.disable() }
        end.disable()
    }
}
