import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Many probes at once, given up ones, and what is left of them.
struct ProbeRunnerLifeTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    private let http = Probe(kind: .http(target: .privateSocket, path: "/", status: nil), timeout: .seconds(20))

    @Test func `a thousand probes leave no descriptor behind`() throws {
        let bench = try ProbeBench(.text(Self.answer), backlog: 4_096)
        let spawner = try Spawner()
        bench.subject.execute = { try spawner.spawn(SpawnRequest(path: "/bin/true", arguments: $0)) }
        _ = try bench.result(of: http)
        let before = openDescriptorCount()
        var results: [ProbeResult] = []
        let kinds: [Probe.Kind] = [
            .http(target: .privateSocket, path: "/", status: nil),
            .http(target: .privateSocket, path: "/", status: 201),
            .tcp(target: .privateSocket), .tcp(target: .port(bench.server.port, perSlot: false)),
            .tcp(target: .unix(path: "/nonexistent/socket")),
        ]
        for round in 0..<1_000 {
            let kind = round % 50 == 0 ? Probe.Kind.exec(arguments: ["true"]) : kinds[round % kinds.count]
            bench.runner.run(Probe(kind: kind, timeout: .seconds(20)), on: bench.subject) { results.append($0) }
            // At most a hundred at once.
            try bench.loop.turn(until: "there is room") { bench.runner.pendingCount < 100 }
        }
        try bench.loop.turn(until: "all have an answer") { results.count == 1_000 }
        try bench.loop.turn(until: "all processes are reaped") { bench.runner.childCount == 0 }
        #expect(results.count { $0 == .succeeded } == 600)
        #expect(results.count { $0 == .failed("HTTP 200") } == 200)
        #expect(bench.runner.pendingCount == 0)
        // Tests of other targets open and close some meanwhile.
        try bench.loop.turn(until: "the descriptors are closed: \(openDescriptorCount()) after \(before)") {
            openDescriptorCount() < before + 50
        }
    }

    @Test func `a probe can be given up at every stage`() throws {
        // The stages are the turns of the loop: after none, after one, and so on, until it is over by itself.
        for manner in [ScriptedServer.Manner.byteByByte(Self.answer), .silent, .text(Self.answer)] {
            for turns in 0..<60 {
                let bench = try ProbeBench(manner)
                var results: [ProbeResult] = []
                let handle = bench.runner.run(http, on: bench.subject) { results.append($0) }
                for _ in 0..<turns { try bench.loop.runOnce() }
                let told = results.count
                handle.cancel()
                #expect(handle.isFinished && bench.runner.pendingCount == 0)
                handle.cancel()
                for _ in 0..<5 { try bench.loop.runOnce() }
                #expect(results.count == told && told <= 1, "after \(turns) turns")
            }
        }
    }

    @Test func `a command can be given up at every stage`() throws {
        for turns in 0..<12 {
            let bench = try ProbeBench()
            var pid: KoomySystem.ProcessID?
            let spawner = try Spawner()
            bench.subject.execute = { arguments in
                let process = try spawner.spawn(SpawnRequest(path: "/bin/sleep", arguments: arguments))
                pid = process.pid
                return process
            }
            let handle = bench.runner.run(Probe(kind: .exec(arguments: ["sleep", "1000"])), on: bench.subject) { _ in
                Issue.record("it was given up")
            }
            for _ in 0..<turns { try bench.loop.runOnce(waitingAtMost: .milliseconds(1)) }
            handle.cancel()
            try bench.loop.turn(until: "it is reaped") { bench.runner.childCount == 0 }
            if let pid { #expect(ProcessStat(of: pid) == nil) }
        }
    }

    @Test func `a handle that nobody keeps does not end its probe`() throws {
        let bench = try ProbeBench(.text(Self.answer))
        var results: [ProbeResult] = []
        bench.runner.run(http, on: bench.subject) { results.append($0) }
        try bench.loop.turn(until: "there is an answer") { !results.isEmpty }
        #expect(results == [.succeeded])
    }

    @Test func `a completion may begin the next probe, or give up another`() throws {
        let bench = try ProbeBench(.text(Self.answer))
        var count = 0
        func again() {
            bench.runner.run(http, on: bench.subject) { _ in
                count += 1
                if count < 20 { again() }
            }
        }
        again()
        try bench.loop.turn(until: "twenty in a row") { count == 20 }
        var second: ProbeHandle?
        var isSecondTold = false
        bench.runner.run(http, on: bench.subject) { _ in second?.cancel() }
        second = bench.runner.run(
            Probe(kind: .tcp(target: .unix(path: "/nonexistent")), timeout: .zero),
            on: bench.subject
        ) { _ in isSecondTold = true }
        try bench.loop.turn(until: "both are over") { bench.runner.pendingCount == 0 }
        #expect(isSecondTold || second?.isFinished == true)
    }

    @Test func `a runner that goes says nothing more`() throws {
        let loop = try EventLoop()
        let server = try ScriptedServer(
            loop: loop,
            .text(Self.answer),
            at: .tcp(host: "127.0.0.1", port: 0),
            backlog: 16
        )
        for turns in 0..<20 {
            var runner: ProbeRunner? = ProbeRunner(loop: loop)
            var isOver = false
            let subject = ProbeRunner.Subject(slot: 0, privateAddress: server.listener.address)
            let handle = runner?.run(http, on: subject) { _ in if isOver { Issue.record("after \(turns) turns") } }
            for _ in 0..<turns { try loop.runOnce() }
            runner = nil
            isOver = true
            handle?.cancel()
            #expect(handle?.isFinished == true)
            for _ in 0..<10 { try loop.runOnce() }
        }
    }
}
