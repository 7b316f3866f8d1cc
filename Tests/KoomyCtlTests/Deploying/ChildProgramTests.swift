import Glibc
import KoomyModel
import KoomySystem
import KoomyWire
import TestSupport
import Testing

@testable import koomyctl

@Suite struct ChildProgramTests {
    private func program(_ script: String, timeout: TimeSpan? = nil) -> ChildProgram {
        var program = ChildProgram(arguments: ["/bin/sh", "-c", script], environment: baseEnvironment())
        program.timeout = timeout
        return program
    }

    @Test func `both streams are passed on, whole and apart`() throws {
        var out: [UInt8] = []
        var error: [UInt8] = []
        let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; echo other $i >&2; i=$((i+1)); done; exit 3"
        let end = try program(script).run(interruption: nil) { stream, bytes in
            switch stream {
            case .out: out += bytes
            case .error: error += bytes
            }
        }
        #expect(end == .ended(.exited(code: 3)))
        #expect(DeployTools.lines(out) == (0..<20_000).map { "line \($0)" })
        #expect(DeployTools.lines(error) == (0..<20_000).map { "other \($0)" })
    }

    @Test func `its input is empty, and its environment and folder are what was said`() throws {
        var out: [UInt8] = []
        var child = program("cat; pwd; env")
        child.folder = "/usr"
        child.environment = ["PATH": Binaries.searchPath, "ONLY": "this"]
        let end = try child.run(interruption: nil) { out += $1 }
        #expect(end == .ended(.exited(code: 0)))
        let lines = DeployTools.lines(out)
        #expect(lines.first == "/usr" && lines.contains("ONLY=this") && !lines.contains { $0.hasPrefix("HOME=") })
    }

    @Test func `what it leaves in the background does not delay it`() throws {
        try Workspace.with { files in
            #expect(try Command.run(["mkfifo", files("gate")]).code == 0)
            // It holds both streams until the gate is opened, which is after the end of the program.
            let end = try program("cat '\(files("gate"))' & echo done").run(interruption: nil) { _, _ in }
            #expect(end == .ended(.exited(code: 0)))
            try Files.write("", to: files("gate"))
        }
    }

    @Test func `after its time it is killed with all that it has started`() throws {
        try Workspace.with { files in
            let script = "setsid sleep 1000 & sleep 1000 & echo ready >'\(files("ready"))'; wait"
            var child = program(script, timeout: .milliseconds(500))
            child.environment[DeployTools.marker] = files.path
            let end = try child.run(interruption: nil) { _, _ in }
            #expect(end == .timedOut)
            #expect(TestSupport.Files.exists(files("ready")))
            #expect(ProcessTable.pids(withEnvironmentContaining: "\(DeployTools.marker)=\(files.path)").isEmpty)
        }
    }

    @Test func `an interruption ends it in the same way`() throws {
        try Workspace.with { files in
            let pipe = try KoomySystem.Pipe().shared()
            var child = program("echo begun; trap '' TERM; sleep 1000")
            child.environment[DeployTools.marker] = files.path
            let end = try child.run(interruption: pipe.readEnd.number) { _, _ in
                _ = try? pipe.writeEnd.descriptor.writeAll([0])
            }
            #expect(end == .interrupted)
            #expect(ProcessTable.pids(withEnvironmentContaining: "\(DeployTools.marker)=\(files.path)").isEmpty)
        }
    }

    @Test func `a program that is not there has not started`() throws {
        var child = program("")
        child.arguments = ["/nonexistent/program"]
        guard case .neverStarted(let failure) = try child.run(interruption: nil, onOutput: { _, _ in }) else {
            Issue.record("it has started")
            return
        }
        #expect(failure.errno == ENOENT)
    }

    @Test func `a tool that fails says why, and one that is missing is named`() throws {
        let tools = DeployTools(environment: baseEnvironment())
        #expect(try tools.run(["sh", "-c", "echo result; echo noise >&2"]) == "result\n")
        #expect(throws: DeployFailure(.badConfiguration, "sh failed: why", tail: ["first", "why"])) {
            try tools.run(["sh", "-c", "echo first >&2; echo why >&2; exit 1"])
        }
        #expect(throws: DeployFailure(.cannotSave, "sh failed: cp: x: No space left on device")) {
            try tools.run(["sh", "-c", "echo 'cp: x: No space left on device' >&2; exit 1"])
        }
        #expect(throws: DeployFailure(.badConfiguration, "no-such-tool is not installed, or not on PATH")) {
            try tools.run(["no-such-tool"])
        }
    }
}
