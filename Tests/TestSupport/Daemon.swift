package import Glibc
package import Testing

/// A koomyd of the test's own, with everything it has under one temporary folder.
///
/// Several can run side by side. `Daemon.with` checks at the end that it leaves nothing behind.
package final class Daemon {
    package let workspace: Workspace
    /// Its KOOMY_HOME.
    package let home: String
    package private(set) var process: BackgroundProcess
    private let command: [String]
    private let environment: [String: String]
    /// Open descriptors at the start, before it had any app; nil in foreground mode, where there is no such moment.
    package private(set) var idleDescriptors: [Int: String]?

    package var pid: pid_t { process.pid }
    package var controlSocket: String { "\(home)/run/control.sock" }
    /// What it wrote to its own standard streams and to its log, in all its lives.
    package var log: String {
        process.output + process.errorOutput + (Files.text(of: "\(home)/log/koomyd.log") ?? "")
    }

    /// Starts a koomyd, calls the body with it, and ends it.
    ///
    /// Afterwards, whether the body succeeded or not: no app leaves a descriptor open in koomyd, koomyd ends by itself
    /// when asked to, and no process of any app is left. What is left is killed, and recorded as an issue. `wrapper` is a
    /// program, with its arguments, that becomes koomyd, as `prlimit` does.
    package static func with<Result>(
        arguments: [String] = [],
        environment: [String: String] = [:],
        wrapper: [String] = [],
        isForeground: Bool = false,
        prepare: (Workspace) throws -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Daemon) throws -> Result
    ) throws -> Result {
        try Workspace.with { workspace in
            try prepare(workspace)
            let command = wrapper + [try Binaries.path("koomyd")] + arguments
            let daemon = try Daemon(workspace, command: command, environment: environment)
            defer { daemon.killWhatIsLeft() }
            do {
                try daemon.waitUntilItAnswers()
                if !isForeground { daemon.idleDescriptors = ProcessTable.descriptors(of: daemon.pid) }
                let result = try body(daemon)
                try daemon.finish(sourceLocation)
                return result
            } catch {
                print("koomyd said:\n\(daemon.log.split(separator: "\n").suffix(60).joined(separator: "\n"))")
                throw error
            }
        }
    }

    private init(_ workspace: Workspace, command: [String], environment: [String: String]) throws {
        self.workspace = workspace
        self.command = command
        home = workspace("k")
        self.environment = Self.environment(workspace).merging(environment) { $1 }
        try Files.makeFolder(workspace("home"))
        process = try Self.start(workspace, command, self.environment)
    }

    /// HOME is a folder of the workspace, so its path marks every process that koomyd or a worker starts.
    private static func environment(_ workspace: Workspace) -> [String: String] {
        baseEnvironment(home: workspace("home")).merging(["KOOMY_HOME": workspace("k")]) { $1 }
    }

    private static func start(
        _ workspace: Workspace,
        _ command: [String],
        _ environment: [String: String]
    ) throws -> BackgroundProcess {
        try BackgroundProcess(command, name: "koomyd", in: workspace, environment: environment)
    }

    /// Starts it again with the same folders, after it has ended, and waits until it answers.
    ///
    /// `changes` are made to its environment for this time.
    package func startAgain(_ changes: [String: String] = [:]) throws {
        try launchAgain(changes)
        try waitUntilItAnswers()
    }

    /// Starts it again and does not wait.
    package func launchAgain(_ changes: [String: String] = [:]) throws {
        _ = try process.wait()
        process = try Self.start(workspace, command, environment.merging(changes) { $1 })
    }

    /// Ends it with a signal and returns how it ended.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(30)) throws -> Exit {
        process.signal(signal)
        return try process.wait(within: limit)
    }

    /// Waits until its control socket answers; throws when it ends instead.
    package func waitUntilItAnswers() throws {
        try eventually("koomyd answers on \(controlSocket)") {
            if let exit = process.ended { throw TestFailure(description: "koomyd ended with \(exit)") }
            return (try? HTTP.get("/v1/status", from: .unix(controlSocket)))?.status == 200
        }
    }

    private func finish(_ place: SourceLocation) throws {
        if process.ended == nil {
            if let idleDescriptors {
                _ = try ctl("delete", "all")
                do {
                    try eventually(within: .seconds(15), "koomyd has as many descriptors as when it was idle") {
                        ProcessTable.descriptors(of: pid).count <= idleDescriptors.count
                    }
                } catch {
                    let now = ProcessTable.descriptors(of: pid).filter { idleDescriptors[$0.key] != $0.value }
                    Issue.record("koomyd leaks descriptors: \(now)", sourceLocation: place)
                }
            }
            let exit = try stop()
            if exit != .code(0) { Issue.record("koomyd ended with \(exit)", sourceLocation: place) }
        }
        do {
            try eventually(within: .seconds(10), "no process is left") { strays.isEmpty }
        } catch {
            let what = strays.map { "\($0): \(ProcessTable.arguments(of: $0).joined(separator: " "))" }
            Issue.record("koomyd leaves processes behind: \(what)", sourceLocation: place)
        }
    }

    /// Processes that carry this daemon's HOME, but not koomyd itself nor a koomyctl that still runs.
    package var strays: [pid_t] {
        ProcessTable.pids(withEnvironmentContaining: "\(workspace.path)/").filter { $0 != pid }
    }

    private func killWhatIsLeft() {
        process.stop()
        for pid in strays { kill(pid, SIGKILL) }
    }
}
