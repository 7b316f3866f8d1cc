import KoomyWire
import ScriptedDaemon
import Testing

@testable import koomyctl

/// Deployments as koomyd tells of them.
enum Deployments {
    static let first = ReleaseView(id: "20261120T170456Z-1a2b3c4", path: "/srv/api/releases/20261120T170456Z-1a2b3c4")
    static let second = ReleaseView(
        id: "20261121T080000Z-5d6e7f8",
        path: "/srv/api/releases/20261121T080000Z-5d6e7f8",
        revision: "5d6e7f8a9b0c"
    )

    static var done: DeploymentView {
        var view = DeploymentView(
            generation: 7,
            app: "api",
            command: "deploy",
            user: 4_000_000,
            from: first,
            to: second,
            beganAt: 1_000_000
        )
        (view.endedAt, view.outcome, view.code) = (1_008_500, "done", 0)
        view.message = "2 of 2 workers ready, generation 7"
        view.steps = [
            DeploymentStepView(at: 1_000_000, step: "rehearsing", message: "the candidate is started"),
            DeploymentStepView(at: 1_002_250, step: "replaced", slot: 1, message: "worker 12 by worker 14"),
        ]
        view.rehearsalLog = ["listening", "\u{1B}[2Jready"]
        view.queues = QueueView(highWater: 1, overflows: 0)
        return view
    }

    static var failed: DeploymentView {
        var view = DeploymentView(generation: 8, app: "api", command: "reload", beganAt: 2_000_000)
        (view.endedAt, view.outcome, view.code) = (2_000_300, "unhealthy", 6)
        return view
    }

    static let underWay = DeploymentView(
        generation: 9,
        app: "api",
        command: "rollback",
        from: second,
        to: first,
        beganAt: 3_000_000
    )
}

@Suite struct HistoryTextTests {
    private func stamp(_ milliseconds: Int64) -> String { "at \(milliseconds / 1_000).\(milliseconds % 1_000)" }

    @Test func `a row for each deployment`() {
        let view = DeploymentsView(
            app: "api",
            deployments: [Deployments.underWay, Deployments.failed, Deployments.done]
        )
        let lines = HistoryText(view: view, screen: Screen(), stamp: stamp).lines
        #expect(
            lines.joined(separator: "\n") == """
                gen  when     command   who      from                      to                        outcome     took
                  9  at 3000  rollback  -        20261121T080000Z-5d6e7f8  20261120T170456Z-1a2b3c4  under way      -
                  8  at 2000  reload    -        -                         -                         unhealthy  300ms
                  7  at 1000  deploy    4000000  20261120T170456Z-1a2b3c4  20261121T080000Z-5d6e7f8  done          8s
                """
        )
        let narrow = HistoryText(view: view, screen: Screen(width: 50), stamp: stamp).lines
        #expect(narrow.first == "gen  when     command   outcome")
        #expect(
            HistoryText(view: view, screen: Screen(hasColor: true), stamp: stamp).lines[2].contains(
                "\u{1B}[31munhealthy"
            )
        )
    }

    @Test func `no deployment is said`() {
        let view = DeploymentsView(app: "api", deployments: [])
        #expect(HistoryText(view: view, screen: Screen(), stamp: stamp).lines == ["api has not been deployed yet"])
    }

    @Test func `one in full, by how long after the beginning each step was`() {
        let lines = DeploymentText(view: Deployments.done, screen: Screen(), stamp: stamp).lines
        #expect(
            lines.joined(separator: "\n") == """
                api, generation 7
                  command  deploy
                  who      4000000
                  began    at 1000.0
                  from     20261120T170456Z-1a2b3c4 in /srv/api/releases/20261120T170456Z-1a2b3c4
                  to       20261121T080000Z-5d6e7f8 in /srv/api/releases/20261121T080000Z-5d6e7f8, revision 5d6e7f8a9b0c
                  outcome  done after 8s
                  code     0
                  message  2 of 2 workers ready, generation 7
                  queues   at most 1 connection waiting, none refused by the host

                steps
                  +0ms  rehearsing  the candidate is started
                   +2s  replaced    slot 1: worker 12 by worker 14

                what the candidate wrote
                  listening
                  ?[2Jready
                """
        )
    }
}

@Suite struct ReleaseColumnTests {
    private func status(_ width: Int?) -> [String] {
        var app = Samples.api
        app.workers[0].release = Deployments.second
        return StatusText(status: StatusView(daemon: Samples.daemon, apps: [app]), screen: Screen(width: width)).lines
    }

    @Test func `it is there where a worker has a release, and goes first`() {
        #expect(status(nil)[0].hasSuffix("  last exit  release"))
        #expect(status(nil)[1].hasSuffix("  -          20261121T080000Z-5d6e7f8"))
        #expect(status(nil)[2].hasSuffix("  SIGKILL    -"))
        #expect(status(90)[0].hasSuffix("  last exit") && status(90)[1].hasSuffix("  -"))
        let none = StatusText(status: Samples.status, screen: Screen()).lines
        #expect(!none[0].contains("release"))
    }

    @Test func `what a rollout waits for is told, and a candidate is no worker of its slot`() {
        var app = Samples.api
        app.state = "rolling"
        var rollout = RolloutView(kind: "reload", from: 3, to: 4, done: 0, total: 2)
        (rollout.phase, rollout.reason, rollout.release) = ("rehearsing", "GET /health", Deployments.second)
        app.rollout = rollout
        app.workers[0].state = "draining"
        var candidate = Samples.worker0
        candidate.isCandidate = true
        app.workers.append(candidate)
        let lines = StatusText(status: StatusView(daemon: Samples.daemon, apps: [app]), screen: Screen()).lines
        #expect(lines[3].contains("  ready (candidate)  "))
        #expect(
            lines[5]
                == "api is rolling: reload from generation 3 to 4 (release 20261121T080000Z-5d6e7f8), 0 of 2 slots, "
                + "rehearsing: GET /health"
        )
        #expect(lines[6] == "1 app, 1 of 2 workers ready")
    }

    @Test func `describe has the path, the revision and the time`() {
        var app = Samples.api
        app.workers[0].release = Deployments.second
        app.workers[0].release?.preparedAt = 5
        let lines = DescribeText(app: app, screen: Screen()) { "at \($0)" }.lines
        #expect(
            lines.contains(
                "  release     20261121T080000Z-5d6e7f8 in /srv/api/releases/20261121T080000Z-5d6e7f8, revision 5d6e7f8a9b0c"
            )
        )
        #expect(lines.contains("  prepared    at 5"))
        #expect(lines.filter { $0.hasPrefix("  release ") }.count == 1)
    }
}
