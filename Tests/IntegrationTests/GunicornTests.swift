import TestSupport
import Testing

/// gunicorn, which takes its socket from LISTEN_FDS.
@Suite(.serialized) struct GunicornTests {
    private func app(_ version: String) throws -> String {
        let gunicorn = try #require(Binaries.installed("gunicorn"))
        return Ecosystem.app(
            "gunicorn",
            script: gunicorn,
            arguments: [
                "--workers", "2", "--graceful-timeout", "5", "--pythonpath", Fixture.path(""), "wsgi:application",
            ],
            [
                "interpreter: none", "listen: tcp://127.0.0.1:0", "instances: 2", "healthy_time: 500ms",
                "env: {VERSION: \(version), PYTHONDONTWRITEBYTECODE: \"1\"}",
            ]
        )
    }

    @Test(.needsGunicorn, arguments: LoadGenerator.Style.allCases)
    func `five reloads under load fail no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(app("v0")))
            let (_, report) = try underLoad(daemon, on: "gunicorn", path: "/", rate: 200, style: style) {
                for round in 1...5 {
                    try daemon.write(Ecosystem.file(app("v\(round)")))
                    try daemon.mustCtl("reload", file)
                    #expect(try daemon.app("gunicorn").isSteady(2))
                    let answer = try HTTP.get("/", from: .tcp(daemon.port(of: "gunicorn")))
                    #expect(answer.body.hasSuffix(" v\(round)\n"))
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun)
        }
    }
}
