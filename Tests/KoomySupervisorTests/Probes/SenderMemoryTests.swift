import KoomyModel
import KoomySystem
import Testing

@testable import KoomySupervisor

struct SenderMemoryTests {
    /// A clock that is set by hand, and what is asked of the owner.
    private final class World {
        var now = Instant(nanoseconds: 0)
        var asked: [KoomySystem.ProcessID] = []
        /// How long the owner takes to answer.
        var cost = TimeSpan.zero
        lazy var memory = SenderMemory(clock: { [unowned self] in now })

        /// Whether a process is the worker's; those with odd numbers are.
        func isOwn(_ pid: KoomySystem.ProcessID, at milliseconds: Int64) -> Bool {
            now = Instant(nanoseconds: milliseconds * 1_000_000)
            return memory.isOwn(pid) {
                asked.append($0)
                now = now + cost
                return $0 % 2 == 1
            }
        }
    }

    @Test func `an answer is remembered, a yes longer than a no`() {
        let world = World()
        #expect(world.isOwn(1, at: 0) && !world.isOwn(2, at: 0))
        #expect(world.isOwn(1, at: 19) && !world.isOwn(2, at: 19))
        #expect(world.asked == [1, 2])
        #expect(!world.isOwn(2, at: 20) && world.isOwn(1, at: 199))
        #expect(world.asked == [1, 2, 2])
        #expect(world.isOwn(1, at: 200))
        #expect(world.asked == [1, 2, 2, 1])
    }

    @Test func `a no that was dear is remembered longer, counted from when it came`() {
        let world = World()
        world.cost = .milliseconds(8)
        #expect(!world.isOwn(2, at: 0))
        #expect(!world.isOwn(2, at: 87))
        #expect(world.asked == [2])
        #expect(!world.isOwn(2, at: 88))
        #expect(world.asked == [2, 2])
        world.cost = .seconds(5)
        #expect(!world.isOwn(4, at: 1_000))
        #expect(!world.isOwn(4, at: 6_199))
        #expect(!world.isOwn(4, at: 6_200))
        #expect(world.asked == [2, 2, 4, 4])
    }

    @Test func `a process that the kernel does not name is nobody's`() {
        let world = World()
        #expect(!world.isOwn(0, at: 0) && !world.isOwn(-1, at: 0))
        #expect(world.asked.isEmpty)
    }

    @Test func `a crowd of senders takes no more than its room`() {
        let world = World()
        for pid in Int32(1)...10_000 { #expect(world.isOwn(pid, at: 0) == (pid % 2 == 1)) }
        #expect(world.memory.count <= 64)
    }
}
