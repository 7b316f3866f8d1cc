import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// An operator's commands around a deployment.
@Suite(.serialized) struct TaskRunnerTests {
    private func run(
        _ words: String,
        timeout: TimeSpan = .seconds(20),
        _ look: (Workspace, String?, String) throws -> Void
    ) throws {
        try Workspace.with { files in
            let loop = try EventLoop()
            let spawner = try Spawner()
            let runner = TaskRunner(loop: loop, environment: ["PATH": "/usr/bin:/bin", "SECRET": "koomyd's"]) {
                try ProbeChild(loop: loop, process: spawner.spawn($0), $1)
            }
            var spec = AppSpec(
                name: try #require(AppName("api")),
                command: Command(script: "x"),
                workingDirectory: files.path,
                environment: ["GREETING": "hello"]
            )
            spec.release = Release(path: files.path, link: files("current"))
            let task = DeploySpec.Task(arguments: ["/bin/sh", "-c", words], timeout: timeout)
            var ended: [String?] = []
            runner.begin(task, of: spec, document: Array("{\"a\":1}\n".utf8), log: files("log")) { ended.append($0) }
            try loop.turn(within: .seconds(30), until: "it has ended") { !ended.isEmpty }
            #expect(ended.count == 1)
            try look(files, ended[0], Files.text(of: files("log")) ?? "")
        }
    }

    @Test func `it reads the document, and has the app's environment and the release's directory`() throws {
        try run("cat; echo $GREETING $KOOMY_APP; pwd -P; echo \"[$SECRET]\" >&2") { files, problem, output in
            #expect(problem == nil)
            #expect(output == "{\"a\":1}\nhello api\n\(SymbolicLink.resolve(files.path) ?? "")\n[]\n")
        }
    }

    @Test func `what goes wrong is told`() throws {
        try run("exit 3") { _, problem, _ in #expect(problem == "exit code 3") }
        try run("kill -9 $$") { _, problem, _ in #expect(problem == "SIGKILL") }
    }

    @Test func `one that takes too long is ended with all that it has started`() throws {
        try run("sh -c 'echo $$ >pid; exec sleep 1000' & wait", timeout: .milliseconds(500)) { files, problem, _ in
            #expect(problem == "no end within 500ms")
            let pid = try #require(pid_t(Files.lines(of: files("pid")).first ?? ""))
            // Whoever has inherited it reaps it.
            try eventually("nothing of it is left") { kill(pid, 0) == -1 }
        }
    }

    @Test func `a program that is not there is told, later`() throws {
        try Workspace.with { files in
            let loop = try EventLoop()
            let runner = TaskRunner(loop: loop, environment: [:]) { _, _ in throw SystemError("run", .noSuchProcess) }
            let spec = AppSpec(
                name: try #require(AppName("api")),
                command: Command(script: "x"),
                workingDirectory: files.path
            )
            var ended: [String?] = []
            let task = DeploySpec.Task(arguments: ["/nonexistent/program"], timeout: .seconds(1))
            runner.begin(task, of: spec, document: [], log: files("log")) { ended.append($0) }
            #expect(ended.isEmpty)
            try loop.turn(within: .seconds(5), until: "it is told") { !ended.isEmpty }
            #expect(ended.first??.contains("/nonexistent/program") == true)
        }
    }
}
