import TestSupport
import Testing

/// One generation replaces another, and no request is lost.
@Suite(.serialized) struct RollingReloadTests {
    @Test(arguments: LoadGenerator.Style.allCases)
    func `ten reloads under load fail no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let (_, report) = try underLoad(daemon, style: style) {
                for round in 1...10 {
                    let before = try daemon.app("api")
                    try daemon.mustCtl("reload", "api")
                    let after = try daemon.app("api")
                    #expect(after.isSteady(2), "round \(round): \(after)")
                    #expect(after.readyPids.isDisjoint(with: before.readyPids))
                    #expect(after.generation == before.generation + 1)
                    #expect(after.workers.allSatisfy { $0.generation == after.generation })
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun)
            #expect(report.begun > 2000)
        }
    }

    @Test func `reloads by SIGHUP fail no request`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let (_, report) = try underLoad(daemon) {
                for _ in 1...3 {
                    let before = try daemon.app("api")
                    daemon.process.signal(1)
                    try daemon.waitFor("api", "all workers are new") {
                        $0.isSteady(2) && $0.generation == before.generation + 1
                            && $0.readyPids.isDisjoint(with: before.readyPids)
                    }
                }
            }
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test(arguments: LoadGenerator.Style.allCases)
    func `a reload on a Unix socket fails no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            let socket = daemon.workspace("api.sock")
            try daemon.start(Ecosystem.file(Ecosystem.api(listen: "unix:\(socket)")))
            let load = try LoadGenerator("unix:\(socket):/work?ms=10", rate: 300, style: style, in: daemon.workspace)
            try load.waitFor(seconds: 0.5)
            for _ in 1...3 { try daemon.mustCtl("reload", "api") }
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
            #expect(report.begun > 300)
        }
    }

    @Test func `a request that takes long is answered by the worker that has it`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 1)))
            let url = "http://127.0.0.1:\(try daemon.port(of: "api"))/work?ms=2000"
            let request = try BackgroundProcess(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url],
                name: "curl",
                in: daemon.workspace
            )
            defer { request.stop() }
            try eventually("the request is under way") {
                ProcessTable.descriptors(of: request.pid).values.contains { $0.hasPrefix("socket:") }
            }
            try daemon.mustCtl("reload", "api")
            #expect(try request.wait() == .code(0))
            #expect(request.output == "200")
        }
    }

    @Test func `a new worker is never missed and never one too many`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                Ecosystem.file(
                    Ecosystem.api(name: "wide", instances: 4, "surge: 2"),
                    Ecosystem.api(name: "narrow", instances: 4, "surge: 0", "unavailable: 1")
                )
            )
            for (app, leastReady, mostAlive) in [("wide", 4, 6), ("narrow", 3, 4)] {
                let reload = try daemon.ctlInBackground("reload", app, name: "reload-\(app)")
                defer { reload.stop() }
                try eventually("\(app) is reloaded") {
                    let view = try daemon.app(app)
                    let serving = view.workers.filter { $0.state == "ready" }
                    let alive = view.workers.filter { $0.state != "draining" && $0.pid != nil }
                    #expect(serving.count >= leastReady, "\(view)")
                    #expect(alive.count <= mostAlive, "\(view)")
                    return reload.ended != nil
                }
                #expect(try reload.wait() == .code(0))
                #expect(try daemon.app(app).isSteady(4))
            }
        }
    }

    @Test func `an abort keeps the old workers and exits with 9`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let slow = ["--allow-faults", "--boot-delay-ms", "60000"]
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: slow)))
            let (_, report) = try underLoad(daemon) {
                let reload = try daemon.ctlInBackground("reload", file, name: "reload")
                defer { reload.stop() }
                try daemon.waitFor("api", "the rollout is under way") { $0.state == "rolling" }
                try daemon.mustCtl("reload", "api", "--abort")
                #expect(try reload.wait() == .code(9))
            }
            let after = try daemon.waitFor("api", "it is as before") { $0.isSteady(2) }
            #expect(after.readyPids == before.readyPids)
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `a second request takes the place of the first, which exits with 8`() throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(Ecosystem.api()))
            let slow = ["--allow-faults", "--boot-delay-ms", "60000"]
            try daemon.write(Ecosystem.file(Ecosystem.api(arguments: slow)))
            let (_, report) = try underLoad(daemon) {
                let first = try daemon.ctlInBackground("reload", file, name: "first")
                defer { first.stop() }
                try daemon.waitFor("api", "the first rollout is under way") { $0.state == "rolling" }
                try daemon.write(Ecosystem.file(Ecosystem.api(arguments: ["--version-label", "third"])))
                try daemon.mustCtl("reload", file)
                #expect(try first.wait() == .code(8))
            }
            #expect(report.failed == 0, "\(report)")
            let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
            #expect(try JSON(parsing: answer.body).version.string == "third")
        }
    }

    @Test func `an app that owns its port is stopped first`() throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            let app = Ecosystem.worker(arguments: ["--own-port", "\(port)"], "port: \(port)")
            try daemon.start(Ecosystem.file(app))
            let before = try daemon.app("worker")
            try daemon.mustCtl("reload", "worker")
            let after = try daemon.app("worker")
            #expect(after.isSteady(1))
            #expect(after.pids.isDisjoint(with: before.pids))
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
        }
    }

    @Test(arguments: ["ready: notify", "ready: {http: /health, port: PORT}"])
    func `an app that owns its port is stopped first, whatever proves it ready`(_ rule: String) throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            let arguments = ["--own-port", "\(port)"] + (rule == "ready: notify" ? ["--notify"] : [])
            let lines = rule.replacing("PORT", with: "\(port)")
            try daemon.start(Ecosystem.file(Ecosystem.worker(arguments: arguments, lines)))
            let before = try daemon.app("worker")
            try daemon.mustCtl("reload", "worker")
            let after = try daemon.app("worker")
            #expect(after.isSteady(1))
            #expect(after.pids.isDisjoint(with: before.pids))
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
        }
    }

    @Test func `what was scaled stays so in a reload, until the file says another number`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 2)))
            try daemon.mustCtl("scale", "api", "3")
            try daemon.mustCtl("reload", "api")
            #expect(try daemon.app("api").isSteady(3))
            _ = try daemon.write(Ecosystem.file(Ecosystem.api(instances: 1)))
            try daemon.mustCtl("reload", "api")
            #expect(try daemon.app("api").isSteady(1))
        }
    }

    @Test func `the progress of a reload is told, and its end as JSON`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let answer = try HTTP.post("/v1/reload", #"{"targets":["api"]}"#, to: .unix(daemon.controlSocket))
            #expect(answer.status == 200)
            let lines = try JSON.lines(answer.body)
            let last = try #require(lines.last)
            #expect(last.type.string == "result")
            #expect(last.code.int == 0)
            #expect(last.outcome.string == "done")
            #expect(last.apps[0].app.string == "api")
            #expect(lines.dropLast().allSatisfy { $0.type.string == "progress" && $0.app.string == "api" })
            #expect(lines.count > 2)
        }
    }

    @Test func `a drain that has to be forced is done, and exits with 7`() throws {
        try Daemon.with { daemon in
            let stubborn = ["--allow-faults", "--ignore-term"]
            let file = try daemon.start(
                Ecosystem.file(Ecosystem.api(instances: 1, arguments: stubborn, "kill_timeout: 500ms"))
            )
            try daemon.write(Ecosystem.file(Ecosystem.api(instances: 1)))
            #expect(try daemon.ctl("reload", file).code == 7)
            #expect(try daemon.app("api").isSteady(1))
        }
    }
}
