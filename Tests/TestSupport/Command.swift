internal import Glibc

/// A program that is run to its end.
package enum Command {
    package struct Result: Sendable, CustomStringConvertible {
        package var exit: Exit
        package var out: String
        package var error: String
        /// From the start to the end.
        package var elapsed: Duration

        /// The exit code; nil where a signal ended it.
        package var code: Int32? { if case .code(let code) = exit { code } else { nil } }

        package var description: String { "\(exit) in \(elapsed)\n\(out)\(error)" }
    }

    /// Runs a program and collects what it writes.
    ///
    /// At the deadline the process group that was started here is killed, and nothing else, and a `TestFailure` is thrown.
    /// The output goes through files, so what the program leaves behind in the background delays nothing.
    package static func run(
        _ arguments: [String],
        environment: [String: String] = baseEnvironment(),
        folder: String? = nil,
        input: String = "",
        deadline: Duration = .seconds(60)
    ) throws -> Result {
        try Workspace.with { files in
            let begun = ContinuousClock.now
            let pid = try spawn(
                arguments,
                environment: environment,
                folder: folder,
                streams: [.from(files.write(input, to: "in")), .to(files("out")), .to(files("err"))]
            )
            var status: Int32 = 0
            while waitpid(pid, &status, WNOHANG) != pid {
                if ContinuousClock.now - begun > deadline {
                    kill(-pid, SIGKILL)
                    waitpid(pid, &status, 0)
                    let written = (Files.text(of: files("out")) ?? "") + (Files.text(of: files("err")) ?? "")
                    throw TestFailure(description: "not within \(deadline): \(arguments)\n\(written)")
                }
                waitBriefly()
            }
            return Result(
                exit: Exit(waitStatus: status),
                out: Files.text(of: files("out")) ?? "",
                error: Files.text(of: files("err")) ?? "",
                elapsed: ContinuousClock.now - begun
            )
        }
    }
}
