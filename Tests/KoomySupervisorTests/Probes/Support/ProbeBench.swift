import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

@testable import KoomySupervisor

/// A probe runner and a server to ask, on one loop.
final class ProbeBench {
    let loop: EventLoop
    let runner: ProbeRunner
    let server: ScriptedServer
    var subject: ProbeRunner.Subject

    init(
        _ manner: ScriptedServer.Manner = .silent,
        at address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
        slot: Int = 0,
        backlog: Int32 = 128
    ) throws {
        // As koomyd does: a peer that closes early is an error of the call, and no signal.
        try SignalMask.ignoreBrokenPipes()
        loop = try EventLoop()
        runner = ProbeRunner(loop: loop)
        server = try ScriptedServer(loop: loop, manner, at: address, backlog: backlog)
        subject = ProbeRunner.Subject(slot: slot, privateAddress: server.listener.address)
    }

    /// Performs a probe and returns its answer, which must not come before `run` has returned, nor while a test does
    /// something in between.
    func result(of probe: Probe, after step: () throws -> Void = {}) throws -> ProbeResult {
        var results: [ProbeResult] = []
        let handle = runner.run(probe, on: subject) { results.append($0) }
        guard results.isEmpty else { throw NotInTime(description: "it answered inside the call") }
        try step()
        guard results.isEmpty else { throw NotInTime(description: "it answered before that: \(results)") }
        try loop.turn(until: "the probe has an answer") { !results.isEmpty }
        guard results.count == 1, handle.isFinished else { throw NotInTime(description: "\(results)") }
        return results[0]
    }
}
