import KoomyModel
import Testing

@testable import KoomyCore

/// A worker that is heard again after koomyd was away, and its probes.
struct WorkerResumeTests {
    private let origin = Instant(nanoseconds: 1_000_000_000)
    private let away = TimeSpan.seconds(60)
    private var back: Instant { origin + .seconds(5) + away }

    private func worker(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        let id = WorkerID(app: .named("a"), serial: 1)
        return Worker(id: id, slot: 0, generation: 1, spec: .plain(1, change), at: origin)
    }

    private func started(_ change: (inout AppSpec) -> Void = { _ in }) -> Worker {
        var worker = worker(change)
        _ = worker.handle(.spawned, at: origin)
        return worker
    }

    @Test func `time in which nobody could hear it does not count against it`() {
        var worker = started()
        #expect(worker.resume(away: away, at: back) == [.arm(.readiness, origin + .seconds(30) + away)])
        #expect(worker.deadline == origin + .seconds(90))
    }

    @Test func `a start that is found at the return has no more than its time`() {
        var worker = worker()
        _ = worker.handle(.spawned, at: back)
        #expect(worker.resume(away: away, at: back) == [])
        #expect(worker.deadline == back + .seconds(30))
    }

    @Test func `one that proves itself by living needs no more time`() {
        var worker = started { $0.readiness = .uptime }
        #expect(worker.resume(away: away, at: back) == [])
    }

    @Test func `one that is leaving, or ordered, or has ended goes on as it is`() {
        var leaving = started()
        _ = leaving.handle(.leave(.stopped), at: origin)
        #expect(leaving.resume(away: away, at: back) == [])
        var ordered = worker()
        #expect(ordered.resume(away: away, at: back) == [])
        var ended = started()
        _ = ended.handle(.exited(.unknown), at: origin)
        #expect(ended.resume(away: away, at: back) == [])
    }

    @Test func `its readiness is asked for at once`() {
        var worker = started { $0.readiness = .probe(Probe(kind: .tcp(target: .privateSocket))) }
        _ = worker.handle(.timerFired(.readinessProbe), at: origin + .seconds(1))
        let deadline = origin + .seconds(30) + away
        #expect(
            worker.resume(away: away, at: back) == [.arm(.readiness, deadline), .arm(.readinessProbe, back)]
        )
        #expect(worker.handle(.timerFired(.readinessProbe), at: back) == [.ask(.readiness, attempt: 2)])
    }

    @Test func `its health is unknown until it is asked again`() {
        var worker = started { $0.health = Probe(kind: .tcp(target: .privateSocket), retries: 2) }
        _ = worker.handle(.becameReady(.notify), at: origin)
        _ = worker.handle(.timerFired(.healthProbe), at: origin)
        _ = worker.handle(.probed(.health, attempt: 1, .succeeded), at: origin)
        #expect(worker.isHealthy)
        #expect(worker.resume(away: away, at: back) == [.arm(.healthProbe, back)])
        #expect(!worker.isHealthy)
        _ = worker.handle(.timerFired(.healthProbe), at: back)
        _ = worker.handle(.probed(.health, attempt: 2, .succeeded), at: back)
        #expect(worker.isHealthy)
    }

    @Test func `what is left of it tells how it is dealt with`() {
        var worker = started()
        #expect(worker.remains == nil && !worker.isOrdered && !worker.isCondemned)
        _ = worker.handle(.kill(.outgrown), at: origin)
        #expect(worker.isCondemned && worker.remains == nil)
        _ = worker.handle(.exited(.unknown), at: origin)
        #expect(worker.remains == .killed)
        var other = started()
        _ = other.handle(.exited(.unknown), at: origin)
        #expect(other.remains == .asked)
    }

    // MARK: - Probes

    @Test func `an answer to a question from before is stale`() {
        var loop = ProbeLoop(Probe(kind: .tcp(target: .privateSocket), retries: 2))
        _ = loop.begin(at: origin)
        _ = loop.timerFired()
        _ = loop.answered(attempt: 1, .failed("x"), tolerant: false, at: origin)
        _ = loop.timerFired()
        #expect(loop.resume(at: back) == [.arm(back)])
        #expect(loop.answered(attempt: 2, .succeeded, tolerant: false, at: back) == [])
        // The failure before counts on.
        _ = loop.timerFired()
        #expect(loop.answered(attempt: 3, .failed("y"), tolerant: false, at: back).contains(.exhausted("y")))
    }

    @Test func `a loop that is over stays so`() {
        var loop = ProbeLoop(Probe(kind: .tcp(target: .privateSocket)))
        #expect(loop.resume(at: back) == [])
    }
}
