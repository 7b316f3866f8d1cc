import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("Signals that wait", .serialized, .timeLimit(.minutes(1)))
struct PendingSignalsTests {
    @Test
    func `one that has come is noticed, and does nothing`() throws {
        // Its default action is nothing, so the test outlives letting it go.
        let signals = try PendingSignals(holding: [Signal(number: SIGURG)].compactMap(\.self))
        let before = signals.hasCome
        #expect(!before)
        #expect(pthread_kill(pthread_self(), SIGURG) == 0)
        // Looking does not take it.
        for _ in 1...2 {
            let isPending = signals.hasCome
            #expect(isPending)
        }
        try signals.letGo()
        let after = signals.hasCome
        #expect(!after)
    }
}
