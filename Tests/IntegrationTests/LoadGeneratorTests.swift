import TestSupport
import Testing

/// The tests believe what loadgen counts, so it has to count right: it runs against a server that fails on schedule.
@Suite struct LoadGeneratorTests {
    /// Starts the failing server, and calls the body with its port.
    private func withServer<Result>(_ body: (Workspace, UInt16) throws -> Result) throws -> Result {
        try Workspace.with { workspace in
            let server = try BackgroundProcess(
                ["python3", Fixture.path("failing-server.py")],
                name: "server",
                in: workspace
            )
            defer { server.stop() }
            let port = try eventually("the server prints its port") {
                server.output.hasSuffix("\n") ? UInt16(server.output.dropLast()) : nil
            }
            return try body(workspace, port)
        }
    }

    private func run(_ options: String..., on target: String) throws -> LoadGenerator.Report {
        let result = try Command.run([Binaries.path("loadgen"), "-q"] + options + [target])
        let report = LoadGenerator.Report(json: try JSON(parsing: result.out))
        #expect(result.code == (report.failed == 0 ? 0 : 3))
        return report
    }

    @Test func `every class of failure is counted exactly`() throws {
        try withServer { _, port in
            let report = try run("-r", "200", "-d", "1", "-t", "700", on: "http://127.0.0.1:\(port)/mixed")
            let did = try JSON(parsing: HTTP.get("/counts", from: .tcp(port)).body)
            for action in did.names { #expect(did[action].int == 20, "\(action)") }
            #expect(report.begun == 200)
            #expect(report.ok == 40)
            #expect(
                report.classes == [
                    "bad_status": 20, "reset_no_response": 20, "closed_no_response": 20, "truncated": 40,
                    "timeout": 20, "bad_protocol": 40,
                ]
            )
            #expect(report.failed == 160)
            #expect(report.json.status["500"].int == 20)
        }
    }

    @Test func `a response of any legal form is a success`() throws {
        try withServer { _, port in
            for (path, status) in [("ok", "200"), ("chunked", "200"), ("continue", "204"), ("until-close", "200")] {
                let report = try run("-r", "100", "-d", "0.2", on: "http://127.0.0.1:\(port)/\(path)")
                #expect(report.ok == 20, "\(path): \(report)")
                #expect(report.json.status[status].int == 20)
            }
        }
    }

    @Test func `a reused connection that is closed without a response is stale`() throws {
        try withServer { _, port in
            let report = try run("-k", "-c", "1", "-d", "0.5", on: "http://127.0.0.1:\(port)/stale")
            let did = try JSON(parsing: HTTP.get("/counts", from: .tcp(port)).body)
            let dropped = try #require(did.close.int)
            #expect(dropped > 0)
            #expect(report.classes == ["stale_keepalive": dropped])
            #expect(report.ok == did.ok.int)
            #expect(report.begun == report.ok + dropped)
        }
    }

    @Test func `with retry a stale connection costs nothing but a new one`() throws {
        try withServer { _, port in
            let report = try run("-k", "-R", "-c", "1", "-d", "0.5", on: "http://127.0.0.1:\(port)/stale")
            let did = try JSON(parsing: HTTP.get("/counts", from: .tcp(port)).body)
            #expect(report.failed == 0)
            #expect(report.json.retried.int == did.close.int)
            #expect(report.begun == report.ok)
        }
    }

    @Test func `keep-alive uses one connection for many requests`() throws {
        try withServer { _, port in
            let report = try run("-k", "-c", "1", "-d", "0.3", on: "http://127.0.0.1:\(port)/ok")
            #expect(report.failed == 0)
            #expect(report.ok > 10)
            #expect(report.json.connects.int == 1)
        }
    }

    @Test func `nobody listening is a refused connection`() throws {
        let report = try run("-r", "100", "-d", "0.3", on: "http://127.0.0.1:\(FreePort.next())/")
        #expect(report.begun == 30)
        #expect(report.classes == ["connect_refused": 30])
        let missing = try run("-r", "100", "-d", "0.1", on: "unix:/nonexistent/socket:/")
        #expect(missing.classes == ["connect_refused": 10])
    }

    @Test func `what could not be sent in time is counted as failed`() throws {
        try withServer { _, port in
            let report = try run("-r", "50", "-d", "1", "-c", "1", "-t", "400", on: "http://127.0.0.1:\(port)/silence")
            let unsent = try #require(report.classes["unsent"])
            let timeouts = try #require(report.classes["timeout"])
            #expect(report.ok == 0)
            #expect(report.begun == timeouts)
            #expect(unsent + timeouts == 50)
        }
    }

    @Test func `a stall is charged to every request that was due in it`() throws {
        try withServer { _, port in
            // One connection, 400 ms of silence at request 5: what was due meanwhile is late, and says so.
            let report = try run("-r", "100", "-d", "1", "-c", "1", "-t", "400", on: "http://127.0.0.1:\(port)/mixed")
            #expect(report.begun + (report.classes["unsent"] ?? 0) == 100)
            #expect(report.max > 300)
        }
    }

    @Test func `warm-up is not counted and an interrupt ends the run with its report`() throws {
        try withServer { workspace, port in
            let warm = try run("-r", "100", "-w", "0.5", "-d", "0.5", on: "http://127.0.0.1:\(port)/ok")
            #expect(warm.begun == 50)
            #expect(warm.ok == 50)
            let load = try LoadGenerator(
                "http://127.0.0.1:\(port)/ok",
                rate: 200,
                style: .connectionPerRequest,
                in: workspace
            )
            try eventually("it is under way") {
                (try JSON(parsing: HTTP.get("/counts", from: .tcp(port)).body).ok.int ?? 0) > 150
            }
            let report = try load.finish()
            #expect(report.failed == 0)
            #expect(report.begun == report.ok)
        }
    }

    @Test func `a command line that makes no sense is refused`() throws {
        for arguments in [[], ["-r", "fast", "http://127.0.0.1:1/"], ["http://example.org/"], ["-z", "x"]] {
            #expect(try Command.run([Binaries.path("loadgen")] + arguments).code == 2)
        }
    }
}
