import ScriptedDaemon
import TestSupport

/// Runs the built koomyctl against a daemon that answers by this script.
func koomyctl(
    _ arguments: [String],
    environment: [String: String] = [:],
    folder: String? = nil,
    script: @escaping ScriptedDaemon.Script
) throws -> (run: Command.Result, requests: [String]) {
    try Workspace.with { files in
        let daemon = try ScriptedDaemon(path: files("control.sock"), script: script)
        let run = try daemon.whileAnswering {
            try koomyctl(arguments + ["--socket", daemon.path], environment: environment, folder: folder)
        }
        return (run, daemon.requests.map(\.text))
    }
}

/// Runs the built koomyctl.
func koomyctl(
    _ arguments: [String],
    environment: [String: String] = [:],
    folder: String? = nil
) throws -> Command.Result {
    try Command.run(
        [Binaries.path("koomyctl")] + arguments,
        environment: baseEnvironment().merging(["TZ": "UTC"]) { $1 }.merging(environment) { $1 },
        folder: folder,
        deadline: .seconds(30)
    )
}

extension [Step] {
    /// What a daemon does with everything that it is not scripted for.
    static let unexpected: [Step] = [.send("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")]
}
