import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@Suite("The loop", .serialized, .timeLimit(.minutes(1)))
struct EventLoopTests {
    let loop: EventLoop
    let log = Log()

    init() throws { loop = try EventLoop() }

    @Test
    func `it runs until it is told to stop, and returns the code`() throws {
        loop.post { [loop] in loop.exit(code: 7) }
        #expect(try loop.run() == 7)
    }

    @Test
    func `without anything ready it waits no longer than it may`() throws {
        #expect(try loop.runOnce() == false)
        #expect(try loop.runOnce(waitingAtMost: .milliseconds(1)) == false)
    }

    @Test
    func `posted work is done once, in order, after the handler that posts it`() throws {
        loop.post { [loop, log] in
            log("first")
            loop.post { log("posted by first") }
            log("first ends")
        }
        loop.post { [log] in log("second") }
        #expect(log.entries == [])
        try loop.runWhileReady()
        #expect(log.entries == ["first", "first ends", "second", "posted by first"])
        try loop.runWhileReady()
        #expect(log.entries.count == 4)
    }

    @Test
    func `work that posts itself again does not keep the loop from other sources`() throws {
        var rounds = 0
        func again() {
            rounds += 1
            loop.post { again() }
        }
        again()
        let timer = try loop.timer(at: MonotonicClock.now()) { [log] in log("timer") }
        #expect(try loop.run { !log.entries.isEmpty })
        #expect(rounds < 1_000)
        timer.disarm()
    }

    @Test
    func `the lower priority number comes first`() throws {
        let sources = [
            try loop.deferred(priority: .idle) { [log] in log("idle") },
            try loop.deferred { [log] in log("normal") },
            try loop.deferred(priority: .urgent) { [log] in log("urgent") },
        ]
        for source in sources { source.schedule() }
        try loop.runWhileReady()
        #expect(log.entries == ["urgent", "normal", "idle"])
        sources[0].setPriority(EventPriority(-1_000))
        for source in sources { source.schedule() }
        try loop.runWhileReady()
        #expect(log.entries.suffix(3) == ["idle", "urgent", "normal"])
    }

    @Test
    func `deferred work is done once for each time it is scheduled`() throws {
        let source = try loop.deferred { [log] in log("done") }
        try loop.runWhileReady()
        #expect(log.entries.isEmpty)
        source.schedule()
        source.schedule()
        try loop.runWhileReady()
        #expect(log.entries == ["done"])
        source.schedule()
        source.disable()
        try loop.runWhileReady()
        #expect(log.entries == ["done"])
    }

    @Test
    func `now stands still within a round and is close to the clock`() throws {
        var times: [Instant] = []
        let start = MonotonicClock.now()
        loop.post { [loop] in
            times.append(loop.now)
            let first = MonotonicClock.now()
            while MonotonicClock.now() < first + .milliseconds(2) {}
            times.append(loop.now)
        }
        try loop.runWhileReady()
        #expect(times.count == 2)
        #expect(times.first == times.last)
        #expect(times[0] + .milliseconds(1) > start)
        #expect(times[0] <= MonotonicClock.now())
    }

    @Test
    func `a loop and its sources leave nothing behind`() throws {
        let before = ProcFS.descriptorTargets(of: ThisProcess.id)?.values.filter { $0.hasPrefix("anon_inode") }.count
        weak var gone: EventLoop?
        do {
            let loop = try EventLoop()
            gone = loop
            var ran = 0
            loop.post { ran += 1 }
            let timer = try loop.timer(at: MonotonicClock.now()) { ran += 1 }
            try loop.runWhileReady()
            timer.arm(at: MonotonicClock.now() + .seconds(1_000))
            #expect(ran >= 1)
        }
        #expect(gone == nil)
        #expect(
            ProcFS.descriptorTargets(of: ThisProcess.id)?.values.filter { $0.hasPrefix("anon_inode") }.count == before
        )
    }

    @Test
    func `without a watchdog of systemd there is nothing to feed`() throws {
        #expect(try loop.enableWatchdog() == false)
    }
}
