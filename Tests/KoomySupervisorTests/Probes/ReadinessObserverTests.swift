import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct ReadinessObserverTests {
    private final class Record {
        var findings: [ReadinessObserver.Finding] = []
        var looks: [Instant] = []
    }

    @Test func `it looks at growing intervals until it finds something, and tells that once`() throws {
        let loop = try EventLoop()
        let listener = try InheritedListener()
        let record = Record()
        // It accepts when it is told to, after the observer has looked as often as is wanted here.
        let program = try listener.python([
            "import signal, socket", "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])",
            "signal.sigwait([signal.SIGUSR1])", "socket.socket(fileno=3).accept()",
        ])
        let observer = try ReadinessObserver(
            loop: loop,
            tree: {
                record.looks.append(MonotonicClock.now())
                return [program.pid]
            },
            listeners: [listener.inode]
        ) { record.findings.append($0) }
        #expect(record.looks.isEmpty, "nothing is called before the initializer has returned")
        try loop.turn(until: "it has looked nine times") { record.looks.count == 9 }
        kill(program.pid, SIGUSR1)
        try loop.turn(until: "it is found") { !record.findings.isEmpty }
        try loop.turn(for: .milliseconds(300))
        #expect(record.findings == [.accepting])
        let gaps = zip(record.looks, record.looks.dropFirst()).map { $1 - $0 }
        for (gap, least) in zip(gaps, [10, 20, 40, 80, 160, 250, 250, 250]) {
            #expect(gap >= .milliseconds(Int64(least)), "\(gaps)")
        }
        withExtendedLifetime(observer) {}
    }

    @Test func `it can be ended, from outside and from inside its handler, or just let go`() throws {
        let loop = try EventLoop()
        let listener = try InheritedListener()
        let record = Record()
        let program = try listener.python(["import socket", "socket.socket(fileno=3).accept()"])
        try listener.expectAccepting(program)
        func observe(_ handler: @escaping (ReadinessObserver.Finding) -> Void) throws -> ReadinessObserver {
            try ReadinessObserver(loop: loop, tree: { [program.pid] }, listeners: [listener.inode], handler)
        }
        let ended = try observe { record.findings.append($0) }
        ended.end()
        var dropped: ReadinessObserver? = try observe { record.findings.append($0) }
        dropped = nil
        try loop.turn(for: .milliseconds(50))
        #expect(record.findings.isEmpty && dropped == nil)
        var inside: ReadinessObserver?
        inside = try observe {
            record.findings.append($0)
            inside?.end()
            inside = nil
        }
        try loop.turn(until: "it is found") { !record.findings.isEmpty }
        #expect(inside == nil)
    }

    @Test func `own listeners count or not, as wanted, and a private one never`() throws {
        let loop = try EventLoop()
        let shared = try InheritedListener()
        let record = Record()
        let program = try shared.python([
            "import signal, socket", "own = socket.create_server(('127.0.0.1', 0))", "signal.pause()",
        ])
        let finding = try eventually("it listens") { shared.look(at: program) }
        guard case .ownsListener(.some) = finding else {
            Issue.record("\(finding)")
            return
        }
        let strict = try ReadinessObserver(
            loop: loop,
            tree: { [program.pid] },
            listeners: [shared.inode],
            countsOwnListeners: false
        ) { record.findings.append($0) }
        try loop.turn(for: .milliseconds(100))
        #expect(record.findings.isEmpty)
        let lenient = try ReadinessObserver(loop: loop, tree: { [program.pid] }, listeners: [shared.inode]) {
            record.findings.append($0)
        }
        try loop.turn(until: "it is found") { !record.findings.isEmpty }
        #expect(record.findings == [finding])
        withExtendedLifetime((strict, lenient)) {}
    }

    @Test func `a look at a small worker costs less than a millisecond`() throws {
        let listener = try InheritedListener()
        let idle = try listener.python(["import signal", "signal.pause()"])
        try eventually("it waits") { ProcFS.blockedCalls(of: idle.pid)?.first?.number == Waiting.pause }
        let began = ThreadClock.now()
        for _ in 0..<100 { #expect(ReadinessObserver.look(at: [idle.pid], listeners: [listener.inode]) == nil) }
        let each = TimeSpan(nanoseconds: (ThreadClock.now() - began).nanoseconds / 100)
        #expect(each < .milliseconds(1), "\(each)")
    }
}

struct LookBudgetTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    @Test func `one observer keeps its own pace`() {
        var budget = LookBudget()
        #expect(
            budget.time(for: now + .milliseconds(10), after: .microseconds(300), at: now) == now + .milliseconds(10)
        )
    }

    @Test func `a thousand observers together leave three quarters of the time to others`() {
        var budget = LookBudget()
        let times = (0..<1_000).map { _ in
            budget.time(for: now + .milliseconds(10), after: .milliseconds(1), at: now)
        }
        #expect(times.first == now + .milliseconds(10))
        #expect(times.last == now + .milliseconds(999 * 4))
        #expect(zip(times.dropFirst(10), times.dropFirst(11)).allSatisfy { $1 - $0 == .milliseconds(4) })
        // When they have gone there is nothing left of it.
        let later = now + .seconds(60)
        #expect(budget.time(for: later, after: .zero, at: later) == later)
    }
}
