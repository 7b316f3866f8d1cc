package import Glibc
internal import Synchronization

/// A process that runs while the test goes on; what it writes goes to files.
///
/// It is killed when the last reference goes: hold it to the end with `defer { process.stop() }`.
package final class BackgroundProcess: Sendable {
    package let pid: pid_t
    /// Files that its output is appended to.
    package let outPath: String
    package let errorPath: String
    private let exit = Mutex<Exit?>(nil)

    /// Starts it; output goes to `NAME.out` and `NAME.err` in the workspace.
    package init(
        _ arguments: [String],
        name: String,
        in workspace: Workspace,
        environment: [String: String] = baseEnvironment(),
        folder: String? = nil
    ) throws {
        outPath = workspace("\(name).out")
        errorPath = workspace("\(name).err")
        pid = try spawn(
            arguments,
            environment: environment,
            folder: folder ?? workspace.path,
            streams: [.null, .to(outPath), .to(errorPath)]
        )
    }

    deinit { stop() }

    /// What it has written so far.
    package var output: String { Files.text(of: outPath) ?? "" }
    package var errorOutput: String { Files.text(of: errorPath) ?? "" }

    /// How it ended; nil while it runs.
    package var ended: Exit? {
        exit.withLock { exit in
            if exit == nil {
                var status: Int32 = 0
                if waitpid(pid, &status, WNOHANG) == pid { exit = Exit(waitStatus: status) }
            }
            return exit
        }
    }

    /// Sends a signal, unless it has ended: its number could be another's by then.
    package func signal(_ number: Int32) {
        exit.withLock { exit in
            if exit == nil { kill(pid, number) }
        }
    }

    /// Waits for its end.
    package func wait(
        within limit: Duration = .seconds(20),
        file: StaticString = #fileID,
        line: UInt = #line
    ) throws -> Exit {
        try eventually(within: limit, "process \(pid) has ended", file: file, line: line) { ended }
    }

    /// Kills it and its process group, and waits until it is gone.
    package func stop() {
        exit.withLock { exit in
            guard exit == nil else { return }
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
            var status: Int32 = 0
            if waitpid(pid, &status, 0) == pid { exit = Exit(waitStatus: status) }
        }
    }
}
