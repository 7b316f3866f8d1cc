import TestSupport
import Testing

/// `koomyctl verify` against apps that keep the worker contract, and apps that break it in one way each.
@Suite(.serialized, .timeLimit(.minutes(5))) struct VerifyTests {
    private func misbehaving(_ fault: String, _ lines: String...) -> String {
        let usual = [
            "interpreter: python3", "listen: {port: 0, host: 127.0.0.1, nonblocking: false}", "ready: notify",
            "instances: 2", "healthy_time: 200ms", "min_uptime: 1s", "kill_timeout: 3s", "env: {FAULT: \(fault)}",
        ]
        return Ecosystem.file(Ecosystem.app("web", script: Fixture.path("misbehaving.py"), usual + lines))
    }

    /// Verifies the app and returns the exit code and the report.
    private func verify(_ daemon: Daemon, _ app: String, _ options: String...) throws -> (code: Int32?, report: JSON) {
        let result = try daemon.ctl(["verify", app, "--json", "--duration", "1s"] + options)
        guard let line = result.out.split(separator: "\n").last else { throw TestFailure(description: "\(result)") }
        return (result.code, try JSON(parsing: String(line)))
    }

    private func verdict(_ fault: String, _ options: String...) throws -> (code: Int32?, report: JSON) {
        try Daemon.with { daemon in
            try daemon.start(misbehaving(fault))
            let result = try daemon.ctl(["verify", "web", "--json", "--duration", "1s"] + options)
            guard let line = result.out.split(separator: "\n").last else {
                throw TestFailure(description: "\(result)")
            }
            return (result.code, try JSON(parsing: String(line)))
        }
    }

    private func expectOnly(
        _ culprit: String,
        _ verdict: (code: Int32?, report: JSON),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let report = verdict.report
        #expect(verdict.code == 1, "\(report)", sourceLocation: sourceLocation)
        #expect(report.requests.failed.int ?? 0 > 0, "\(report)", sourceLocation: sourceLocation)
        #expect(report.culprits.names == [culprit], "\(report)", sourceLocation: sourceLocation)
        #expect(report.reload.code.int == 0, "\(report)", sourceLocation: sourceLocation)
        let (begun, ok) = (report.requests.begun.int ?? 0, report.requests.ok.int ?? 0)
        #expect(begun == ok + (report.requests.failed.int ?? 0), "\(report)", sourceLocation: sourceLocation)
    }

    @Test(arguments: ["both", "keep-alive", "close"])
    func `koomy-api loses nothing`(_ style: String) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(try Ecosystem.api("health: {http: /health, interval: 1s}")))
            let (code, report) = try verify(daemon, "api", "--connections", style, "--rate", "200")
            #expect(code == 0, "\(report)")
            #expect(report.schema.int == 1)
            #expect(report.path.string == "/health")
            #expect(report.requests.failed.int == 0 && report.culprits.names.isEmpty)
            #expect(report.requests.begun.int ?? 0 > 400, "\(report)")
            #expect(report.requests.begun == report.requests.ok)
            #expect(report.reload.outcome.string == "done")
        }
    }

    @Test func `a Unix socket is asked too, and people are told in words`() throws {
        try Daemon.with { daemon in
            let socket = daemon.workspace("web.sock")
            try daemon.start(Ecosystem.file(try Ecosystem.api(listen: "unix:\(socket)")))
            let result = try daemon.mustCtl("verify", "api", "--duration", "500ms", "--path", "/health")
            #expect(result.out.contains("0 failed"), "\(result)")
            #expect(result.out.contains("reload: done"), "\(result)")
        }
    }

    @Test func `one that ends with requests in flight is a fault of the app's drain`() throws {
        let verdict = try verdict("abrupt")
        expectOnly("app_drain", verdict)
        let failure = verdict.report.failures[0]
        #expect(failure.evidence.string?.contains("was leaving") == true, "\(failure)")
        #expect(failure.pid.int ?? 0 > 1 && failure.slot.int != nil, "\(failure)")
    }

    @Test func `idle connections that are closed without a word are a fault of the app's drain`() throws {
        let verdict = try verdict("idle", "--connections", "keep-alive", "--rate", "100")
        expectOnly("app_drain", verdict)
        let told = verdict.report.failures.array.filter {
            $0.evidence.string?.contains("idle keep-alive connection was closed as a request was sent") == true
        }
        #expect(!told.isEmpty, "\(verdict.report)")
    }

    @Test func `a worker that serves later than it says is a fault of the app's readiness`() throws {
        // Those of before the reload are old enough.
        let verdict = try Daemon.with { daemon in
            try daemon.start(misbehaving("unready"))
            let address = Connection.Address.tcp(try daemon.port(of: "web"))
            try eventually("every worker serves") {
                try (0..<20).allSatisfy { _ in try HTTP.get("/", from: address).status == 200 }
            }
            return try verify(daemon, "web")
        }
        expectOnly("app_readiness", verdict)
        #expect(verdict.report.failures[0].status.int == 503)
    }

    @Test func `where nothing listens it is koomyd's to answer for`() throws {
        let verdict = try verdict("deaf", "--connections", "close")
        #expect(verdict.code == 1)
        #expect(verdict.report.culprits.koomy.int ?? 0 > 0, "\(verdict.report)")
        #expect(verdict.report.failures.array.contains { $0.kind.string == "refused" })
    }

    @Test func `what has nothing to do with the reload is told as unknown`() throws {
        let verdict = try verdict("flaky", "--connections", "close")
        #expect(verdict.code == 1)
        #expect(verdict.report.culprits.unknown.int ?? 0 > 0, "\(verdict.report)")
        #expect(verdict.report.culprits.koomy.isNull && verdict.report.culprits.app_readiness.isNull)
    }

    @Test func `slow responses are counted and fail nothing`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(try Ecosystem.api()))
            let (code, report) = try verify(daemon, "api", "--path", "/work?ms=50", "--slow", "20ms", "--rate", "20")
            #expect(code == 0)
            #expect(report.requests.slow == report.requests.ok, "\(report)")
            #expect(report.latencyMs.p50.double ?? 0 >= 50)
        }
    }

    @Test func `a reload that fails has its own code`() throws {
        try Daemon.with { daemon in
            try daemon.start(misbehaving("none"))
            try daemon.write(misbehaving("none", "ready: {exec: ['false']}", "ready_timeout: 1s"))
            let (code, report) = try verify(daemon, "web")
            #expect(code == 5, "\(report)")
            #expect(report.reload.outcome.string == "ready_timeout")
            #expect(report.requests.failed.int == 0, "\(report)")
        }
    }

    @Test func `what cannot be verified is said before anything is done`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.shell("silent", "exec sleep 1000", "ready: uptime")))
            let without = try daemon.ctl("verify", "silent")
            #expect(without.code == 64 && without.error.contains("no listener"), "\(without)")
            #expect(try daemon.ctl("verify", "nobody").code == 2)
            try daemon.start(misbehaving("none"))
            let generation = try daemon.app("web").generation
            let wrong = try daemon.ctl("verify", "web", "--path", "nowhere")
            #expect(wrong.code == 64, "\(wrong)")
            #expect(try daemon.app("web").generation == generation)
        }
    }
}
