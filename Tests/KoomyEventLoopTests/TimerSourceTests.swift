import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@Suite("Timers", .serialized, .timeLimit(.minutes(1)))
struct TimerSourceTests {
    let loop: EventLoop
    let log = Log()

    init() throws { loop = try EventLoop() }

    @Test
    func `it fires once, not before its time`() throws {
        let due = MonotonicClock.now() + .milliseconds(5)
        var fired: [Instant] = []
        let timer = try loop.timer(at: due) { fired.append(MonotonicClock.now()) }
        #expect(timer.isArmed)
        #expect(try loop.run { !fired.isEmpty })
        #expect(fired[0] >= due)
        #expect(!timer.isArmed)
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(5)) == false)
        #expect(fired.count == 1)
    }

    @Test
    func `without a time it waits until it is armed`() throws {
        let timer = try loop.timer { [log] in log("fired") }
        #expect(!timer.isArmed)
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(2)) == false)
        timer.arm(at: MonotonicClock.now())
        #expect(try loop.run { log.entries == ["fired"] })
    }

    @Test
    func `a time that has passed is at once`() throws {
        let timer = try loop.timer(at: Instant(nanoseconds: 0)) { [log] in log("fired") }
        try loop.runOnce()
        #expect(log.entries == ["fired"])
        timer.arm(at: Instant(nanoseconds: -5))
        try loop.runOnce()
        #expect(log.entries.count == 2)
    }

    @Test
    func `it can be armed again from its own handler`() throws {
        final class Owner {
            var timer: TimerSource?
            var fired = 0
        }
        let owner = Owner()
        owner.timer = try loop.timer(at: loop.now) { [loop, owner] in
            owner.fired += 1
            if owner.fired < 5 { owner.timer?.arm(at: loop.now + .microseconds(100)) }
        }
        #expect(try loop.run { owner.fired == 5 })
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(2)) == false)
        owner.timer = nil
    }

    @Test
    func `the last order counts`() throws {
        let timer = try loop.timer(at: MonotonicClock.now() + .seconds(1_000)) { [log] in log("fired") }
        timer.arm(at: MonotonicClock.now())
        #expect(try loop.run { log.entries == ["fired"] })
        timer.arm(at: MonotonicClock.now())
        timer.arm(at: MonotonicClock.now() + .seconds(1_000))
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(2)) == false)
        timer.arm(at: MonotonicClock.now())
        timer.disarm()
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(2)) == false)
    }

    @Test
    func `timers that are due together fire by priority`() throws {
        let start = MonotonicClock.now()
        let timers = try [EventPriority.idle, .urgent, .normal].map { priority in
            try loop.timer(at: start, priority: priority) { [log] in log("\(priority.number)") }
        }
        #expect(try loop.run { log.entries.count == timers.count })
        #expect(log.entries == ["-100", "0", "100"])
    }

    @Test
    func `its own handler may drop it`() throws {
        final class Owner { var timer: TimerSource? }
        let owner = Owner()
        owner.timer = try loop.timer(at: loop.now) { [owner, log] in
            owner.timer = nil
            log("fired")
        }
        weak let timer = owner.timer
        #expect(try loop.run { !log.entries.isEmpty })
        #expect(timer == nil)
    }

    @Test
    func `a wall clock timer fires at its time`() throws {
        let due = WallTime(nanoseconds: WallClock.now().nanoseconds + 2_000_000)
        var fired: WallTime?
        let timer = try loop.wallTimer(at: due, accuracy: .microseconds(1)) { fired = WallClock.now() }
        #expect(try loop.run { fired != nil })
        #expect(fired.map { $0 >= due } == true)
        timer.arm(at: WallTime(nanoseconds: due.nanoseconds + 1_000_000_000_000))
        #expect(timer.isArmed)
    }

    @Test
    func `ten thousand timers are no burden`() throws {
        var fired = 0
        let start = MonotonicClock.now()
        let timers = try (0..<10_000).map { index in
            try loop.timer(at: start + .microseconds(Int64(index % 100))) { fired += 1 }
        }
        #expect(try loop.run { fired == timers.count })
    }
}
