import TestSupport
import Testing

/// A node app that listens on the inherited socket: `server.listen({ fd })`.
@Suite(.serialized) struct NodeTests {
    private func app(_ version: String) -> String {
        Ecosystem.app(
            "node",
            script: Fixture.path("server.js"),
            arguments: ["{fd}"],
            ["listen: tcp://127.0.0.1:0", "instances: 2", "healthy_time: 300ms", "env: {VERSION: \(version)}"]
        )
    }

    @Test(.needsNode, arguments: LoadGenerator.Style.allCases)
    func `five reloads under load fail no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            let file = try daemon.start(Ecosystem.file(app("v0")))
            let (_, report) = try underLoad(daemon, on: "node", path: "/", style: style) {
                for round in 1...5 {
                    try daemon.write(Ecosystem.file(app("v\(round)")))
                    try daemon.mustCtl("reload", file)
                    #expect(try daemon.app("node").isSteady(2))
                    let answer = try HTTP.get("/", from: .tcp(daemon.port(of: "node")))
                    #expect(try JSON(parsing: answer.body).version.string == "v\(round)")
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun)
        }
    }

    @Test(.needsNode) func `it is seen to be ready without saying so`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(app("v0")))
            #expect(try daemon.app("node").workers.map(\.readyBy) == ["observed", "observed"])
        }
    }
}
