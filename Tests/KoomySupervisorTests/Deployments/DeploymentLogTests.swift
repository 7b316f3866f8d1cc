import Glibc
import KoomyModel
import KoomySystem
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

/// The report of a deployment is there step by step, also for the koomyd that follows.
struct DeploymentLogTests {
    private let app = AppName("api")

    private func deployment(_ generation: UInt64) -> DeploymentView {
        DeploymentView(generation: generation, app: "api", command: "deploy", beganAt: Int64(generation))
    }

    private func step(_ word: String) -> DeploymentStepView { DeploymentStepView(at: 1, step: word, message: word) }

    private func log(_ files: Workspace) -> DeploymentLog {
        DeploymentLog(folder: files("deployments")) { Issue.record("\($0)") }
    }

    @Test func `what was written is what is read, the newest first`() throws {
        try Workspace.with { files in
            let app = try #require(app)
            let log = log(files)
            for generation in UInt64(1)...3 {
                log.begin(deployment(generation), of: app)
                log.add(step("ready"), to: app)
                log.end(app) { $0.outcome = "done" }
            }
            let history = self.log(files).history(of: app)
            #expect(history.map(\.generation) == [3, 2, 1])
            #expect(history.allSatisfy { $0.steps.map(\.step) == ["ready"] && $0.outcome == "done" })
            #expect(log.ended[app] == history.first && log.running.isEmpty)
        }
    }

    @Test func `the next koomyd goes on with what is under way, and ends what is not`() throws {
        try Workspace.with { files in
            let app = try #require(app)
            let first = log(files)
            first.begin(deployment(1), of: app)
            first.add(step("rehearsing"), to: app)
            let second = log(files)
            second.resume([app], [app], at: 9)
            second.add(step("rehearsed"), to: app)
            #expect(second.running[app]?.steps.map(\.step) == ["rehearsing", "rehearsed"])
            let third = log(files)
            third.resume([], [app], at: 9)
            let last = try #require(third.history(of: app).first)
            #expect(last.outcome == "aborted" && last.code == 9 && last.endedAt == 9 && last.steps.count == 2)
        }
    }

    @Test func `a line that was cut short is passed over`() throws {
        try Workspace.with { files in
            let app = try #require(app)
            let log = log(files)
            log.begin(deployment(1), of: app)
            log.end(app) { $0.outcome = "done" }
            let path = files("deployments/api.jsonl")
            let text = try #require(Files.text(of: path))
            try Files.write(text + "{\"begin\":{\"generation\":2,\n\u{0}garbage\n", to: path)
            #expect(log.history(of: app).map(\.generation) == [1])
            log.begin(deployment(3), of: app)
            #expect(log.history(of: app).map(\.generation) == [3, 1])
        }
    }

    @Test func `the file does not grow for ever, and the last fifty stay`() throws {
        try Workspace.with { files in
            let app = try #require(app)
            let log = log(files)
            let long = String(repeating: "x", count: 2_000)
            for generation in UInt64(1)...1_000 {
                log.begin(deployment(generation), of: app)
                log.add(step(long), to: app)
                log.end(app) { $0.outcome = "done" }
            }
            let size = FileFacts(at: files("deployments/api.jsonl"))?.size ?? .max
            #expect(size < 2 << 20, "\(size)")
            #expect(log.history(of: app).map(\.generation) == (951...1_000).reversed())
        }
    }

    @Test func `a disk that is full is told of, and nothing else is lost`() throws {
        try Workspace.with { files in
            let app = try #require(app)
            try Files.write("in the way", to: files("deployments"))
            var told = 0
            let log = DeploymentLog(folder: files("deployments")) { _ in told += 1 }
            log.begin(deployment(1), of: app)
            log.add(step("ready"), to: app)
            log.end(app) { $0.outcome = "done" }
            #expect(told == 3 && log.ended[app]?.steps.count == 1)
            #expect(log.history(of: app).map(\.generation) == [1])
        }
    }
}
