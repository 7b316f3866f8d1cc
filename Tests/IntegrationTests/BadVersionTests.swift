import TestSupport
import Testing

/// A new version that is no good costs nothing: the old workers stay, and the exit code says why.
@Suite(.serialized) struct BadVersionTests {
    /// A way in which a version is bad.
    struct Fault: CustomTestStringConvertible {
        var testDescription: String
        var arguments: [String]
        var lines: [String] = []
        var code: Int32
        /// Requests that it may take with it: it served, so it may have had one in its hands when it died.
        var mayTake = 0
    }

    static let faults = [
        Fault(testDescription: "dies at once", arguments: ["--no-such-option"], code: 4),
        Fault(
            testDescription: "dies after it was ready",
            arguments: ["--allow-faults", "--fail-after-ms", "200"],
            lines: ["healthy_time: 1500ms"],
            code: 6,
            mayTake: 1
        ),
        Fault(
            testDescription: "dies after it said that it was ready",
            arguments: ["-c", "python3 \(Fixture.path("notify.py")) $NOTIFY_SOCKET READY=1; sleep 0.3; exit 1"],
            lines: ["script: /bin/sh", "interpreter: none", "ready: notify", "healthy_time: 1500ms"],
            code: 6
        ),
        Fault(
            testDescription: "is never ready",
            arguments: ["--allow-faults", "--never-ready"],
            lines: ["ready_timeout: 1500ms"],
            code: 5
        ),
        Fault(testDescription: "cannot be executed", arguments: [], lines: ["script: /nonexistent/program"], code: 4),
    ]

    private func app(_ fault: Fault) throws -> String {
        Ecosystem.app(
            "api",
            script: try Binaries.path("koomy-api"),
            arguments: fault.arguments,
            ["instances: 2", "listen: tcp://127.0.0.1:0", "healthy_time: 300ms", "min_uptime: 1s"] + fault.lines
        )
    }

    @Test(arguments: faults, LoadGenerator.Style.allCases)
    func `the old workers stay and no request fails`(_ fault: Fault, _ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "good"])))
            let before = try daemon.app("api")
            try daemon.write(Ecosystem.file(try app(fault)))
            let (result, report) = try underLoad(daemon, path: "/health", style: style) {
                try daemon.ctl("reload", file)
            }
            #expect(result.code == fault.code, "\(result)")
            #expect(report.failed <= fault.mayTake, "\(report)")
            #expect(Set(report.classes.keys).isSubset(of: ["closed_no_response", "reset_no_response"]), "\(report)")
            #expect(report.ok + report.failed == report.begun)

            let after = try daemon.waitFor("api", "two workers are ready") { $0.isSteady(2) }
            if fault.code != 6 { #expect(after.readyPids == before.readyPids) }
            let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
            #expect(try JSON(parsing: answer.body).version.string == "good")
        }
    }

    @Test func `a later good version is rolled out as if nothing had been`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "one"])))
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--no-such-option"])))
            #expect(try daemon.ctl("reload", file).code == 4)
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "two"])))
            let (_, report) = try underLoad(daemon) { try daemon.mustCtl("reload", file) }
            #expect(report.failed == 0, "\(report)")
            let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
            #expect(try JSON(parsing: answer.body).version.string == "two")
        }
    }

    @Test func `a worker that crashes after a refused version comes back as the old one`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "good"])))
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--no-such-option"])))
            #expect(try daemon.ctl("reload", file).code == 4)
            let before = try daemon.app("api")
            for pid in before.readyPids { _ = try Command.run(["kill", "-9", "\(pid)"]) }
            try daemon.waitFor("api", "both are replaced") {
                $0.isSteady(2) && $0.readyPids.isDisjoint(with: before.readyPids)
            }
            let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
            #expect(try JSON(parsing: answer.body).version.string == "good")
        }
    }

    @Test func `a first start that fails says why and exits with 4`() throws {
        try Daemon.with { daemon in
            let file = try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--no-such-option"])))
            let result = try daemon.ctl("start", file)
            #expect(result.code == 4, "\(result)")
            #expect(result.error.contains("64") || result.out.contains("64"), "the exit code of the worker: \(result)")
        }
    }
}
