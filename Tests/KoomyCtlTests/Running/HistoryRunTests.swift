import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@testable import koomyctl

@Suite struct HistoryRunTests {
    private let daemon: ScriptedDaemon.Script = { request in
        switch request.target {
        case "/v1/apps/api/deployments":
            .answer(DeploymentsView(app: "api", deployments: [Deployments.failed, Deployments.done]))
        case "/v1/status": .answer(Samples.status)
        default: .refusal(ErrorView(.noSuchApp, message: "no such app"))
        }
    }

    @Test func `the last ones, as a table or as JSON`() throws {
        let (run, requests) = try koomyctl(["history", "api"], script: daemon)
        let lines = run.out.split(separator: "\n")
        #expect(run.code == 0 && lines.count == 3 && run.error.isEmpty, "\(run)")
        #expect(lines[1].contains("1970-01-01 00:33:20  reload") && requests == ["GET /v1/apps/api/deployments"])
        let one = try koomyctl(["history", "api", "-n", "1", "--json"], script: daemon).run
        let view = try WireCoding.decode(DeploymentsView.self, from: Array(one.out.utf8))
        #expect(view.deployments == [Deployments.failed] && view.app == "api")
    }

    @Test func `one in full`() throws {
        let run = try koomyctl(["history", "api", "7"], script: daemon).run
        #expect(run.code == 0 && run.out.hasPrefix("api, generation 7\n") && run.out.contains("rehearsing"), "\(run)")
        let json = try koomyctl(["history", "api", "7", "--json"], script: daemon).run
        #expect(try WireCoding.decode(DeploymentView.self, from: Array(json.out.utf8)) == Deployments.done)
        let unknown = try koomyctl(["history", "api", "6"], script: daemon).run
        #expect(unknown.code == 2 && unknown.error.contains("there are 8, 7"), "\(unknown)")
    }

    @Test func `an app that is not known is guessed`() throws {
        let run = try koomyctl(["history", "aip"], script: daemon).run
        #expect(run.code == 2 && run.error.contains("did you mean api?"), "\(run)")
    }
}
