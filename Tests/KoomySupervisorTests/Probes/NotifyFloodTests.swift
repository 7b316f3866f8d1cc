import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Floods: a worker, or somebody else, sends as fast as it can.
@Suite(.serialized)
struct NotifyFloodTests {
    private static let count = 100_000

    /// Sends 100,000 messages and ends with a status from the same process.
    private func flood(_ listener: NotifyListener) throws -> Program {
        try Program.python(
            [
                "import os, signal, socket", "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
                "s.connect(os.environ['NOTIFY_SOCKET'])", "for i in range(\(Self.count)): s.send(b'WATCHDOG=1')",
                "s.send(b'STATUS=done')", "signal.pause()",
            ],
            environment: listener.environment
        )
    }

    /// Turns the loop until something is so, and returns how long its longest turn held it, in CPU time of this thread,
    /// and how often a timer of 10 ms had its turn.
    private func measure(
        _ listener: NotifyListener,
        until condition: (_ isIdle: Bool) -> Bool
    ) throws -> (longest: TimeSpan, ticks: Int) {
        var ticks = 0
        var next: (() -> Void)?
        let timer = try listener.loop.timer {
            ticks += 1
            next?()
        }
        next = { [weak timer] in timer?.arm(at: MonotonicClock.now() + .milliseconds(10)) }
        next?()
        var longest = TimeSpan.zero
        let deadline = MonotonicClock.now() + .seconds(60)
        while true {
            let began = ThreadClock.now()
            let isIdle = try !listener.loop.runOnce(waitingAtMost: .milliseconds(5))
            longest = max(longest, ThreadClock.now() - began)
            if condition(isIdle) { break }
            guard MonotonicClock.now() < deadline else {
                throw NotInTime(
                    description:
                        "the flood does not end: \(listener.questions) questions, \(listener.messages.suffix(3)), longest turn \(longest), \(ticks) ticks"
                )
            }
        }
        return (longest, ticks)
    }

    @Test func `a flood from the worker holds no turn of the loop`() throws {
        let listener = try NotifyListener()
        let began = MonotonicClock.now()
        let worker = try flood(listener)
        listener.accept(worker)
        let (longest, ticks) = try measure(listener) { _ in listener.messages.last == .status("done") }
        let elapsed = MonotonicClock.now() - began
        #expect(listener.messages.count == Self.count + 1, "and nothing is lost")
        #expect(longest < .milliseconds(20), "\(longest)")
        #expect(Int64(ticks) > elapsed.milliseconds / 40, "\(ticks) ticks in \(elapsed)")
        print(
            "flood: \(Self.count) messages in \(elapsed.milliseconds) ms, longest turn \(longest.nanoseconds / 1000) us"
        )
    }

    @Test func `a flood from elsewhere holds no turn of the loop and is told in a few lines`() throws {
        let listener = try NotifyListener()
        let worker = try Program(["sleep", "1000"])
        listener.accept(worker)
        let began = MonotonicClock.now()
        let stranger = try flood(listener)
        let (longest, _) = try measure(listener) { isIdle in
            isIdle && ProcFS.blockedCalls(of: stranger.pid)?.first?.number == Waiting.pause
        }
        let elapsed = MonotonicClock.now() - began
        #expect(longest < .milliseconds(20), "\(longest)")
        #expect(Int64(listener.messages.count) <= elapsed.milliseconds / 1_000 + 2)
        #expect(listener.messages.count > 0)
        #expect(listener.questions < Self.count / 10)
    }
}
