import Glibc
import TestSupport
import Testing

/// Workers are replaced, new first, though nothing is wrong with their program.
@Suite(.serialized) struct RecycleTests {
    @Test(arguments: LoadGenerator.Style.allCases)
    func `a worker over its memory limit is replaced and fails no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(Ecosystem.api(arguments: ["--allow-faults"], "max_memory: 96M", "hard_memory: 1G"))
            )
            let before = try daemon.app("api")
            let (_, report) = try underLoad(daemon, style: style) {
                let port = try daemon.port(of: "api")
                #expect(try HTTP.get("/crash?mode=leak&mb=120", from: .tcp(port)).status == 200)
                let after = try daemon.waitFor("api", "the leaking worker is replaced") {
                    $0.isSteady(2) && $0.readyPids != before.readyPids
                }
                #expect(after.readyPids.intersection(before.readyPids).count == 1, "only the one that leaks: \(after)")
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun)
        }
    }

    @Test func `memory of the whole process tree counts`() throws {
        try Daemon.with { daemon in
            let hungry = "b = bytearray(150 << 20); import signal; signal.pause()"
            let app = Ecosystem.shell(
                "tree",
                "python3 -c '\(hungry)' & wait",
                "max_memory: 100M",
                "hard_memory: 2G",
                "max_restarts: 100"
            )
            try daemon.start(Ecosystem.file(app))
            let first = try daemon.app("tree").pids
            let after = try daemon.waitFor("tree", within: .seconds(30), "it is recycled") {
                $0.pids.isDisjoint(with: first) && !$0.pids.isEmpty
            }
            #expect((after.workers[0].memory ?? 0) >= 0)
        }
    }

    @Test func `the hard limit kills at once what eats too fast`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(
                    Ecosystem.api(instances: 1, arguments: ["--allow-faults"], "max_memory: 64M", "hard_memory: 128M")
                )
            )
            let first = try daemon.app("api").pids
            _ = try? HTTP.get("/crash?mode=leak&mb=400", from: .tcp(daemon.port(of: "api")))
            try daemon.waitFor("api", "it is replaced") { $0.isSteady(1) && $0.pids.isDisjoint(with: first) }
        }
    }

    @Test func `a schedule replaces every worker, one at a time, and fails no request`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(#"cron_restart: "*/4 * * * * *""#)))
            let first = try daemon.app("api").readyPids
            let (_, report) = try underLoad(daemon) {
                try eventually("both workers are new") {
                    let app = try daemon.app("api")
                    #expect(app.ready.count >= 2, "never fewer than wanted: \(app)")
                    return app.readyPids.isDisjoint(with: first)
                }
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `a worker that has reached its age is replaced and fails no request`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api("max_age: 2s")))
            let first = try daemon.app("api").readyPids
            let (_, report) = try underLoad(daemon) {
                try eventually("both workers are new") {
                    let app = try daemon.app("api")
                    #expect(app.ready.count >= 2, "never fewer than wanted: \(app)")
                    return app.readyPids.isDisjoint(with: first)
                }
            }
            #expect(report.failed == 0, "\(report)")
        }
    }
}
