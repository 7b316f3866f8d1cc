import TestSupport

/// Texts of ecosystem files.
enum Ecosystem {
    /// A file with these apps.
    static func file(_ apps: String...) -> String { "apps:\n" + apps.joined() }

    /// koomy-api on a port that the kernel chooses; `lines` are further attributes.
    static func api(
        name: String = "api",
        instances: Int = 2,
        arguments: [String] = [],
        listen: String? = "tcp://127.0.0.1:0",
        _ lines: String...
    ) throws -> String {
        try api(name: name, instances: instances, arguments: arguments, listen: listen, lines)
    }

    /// The same, with further attributes as a list.
    static func api(
        name: String = "api",
        instances: Int = 2,
        arguments: [String] = [],
        listen: String? = "tcp://127.0.0.1:0",
        _ lines: [String]
    ) throws -> String {
        let usual = ["instances: \(instances)"] + (listen.map { ["listen: \($0)"] } ?? [])
        return app(name, script: try Binaries.path("koomy-api"), arguments: arguments, defaults + usual + lines)
    }

    /// The fixture worker.py, which does as its arguments say.
    static func worker(
        name: String = "worker",
        arguments: [String] = [],
        script: String = Fixture.path("worker.py"),
        _ lines: String...
    ) -> String {
        app(name, script: script, arguments: arguments, ["interpreter: python3"] + defaults + lines)
    }

    /// A shell command that becomes what it runs.
    static func shell(_ name: String = "shell", _ command: String, _ lines: String...) -> String {
        app(name, script: "/bin/sh", arguments: ["-c", command], ["interpreter: none"] + defaults + lines)
    }

    /// Any other program.
    static func app(_ name: String, script: String, arguments: [String] = [], _ lines: [String]) -> String {
        let words = arguments.map(quoted).joined(separator: ", ")
        var attributes: [(name: Substring, text: String)] = []
        for line in ["script: \(script)", "args: [\(words)]"] + lines {
            let name = line.prefix { $0 != ":" }
            // What the test says stands in place of what is usual.
            attributes.removeAll { $0.name == name }
            attributes.append((name, line))
        }
        return "  - name: \(name)\n"
            + attributes.map { attribute in
                attribute.text.split(separator: "\n").map { "    \($0)\n" }.joined()
            }
            .joined()
    }

    /// Short, so that the tests are; everything else is as koomy has it.
    private static let defaults = ["healthy_time: 300ms", "min_uptime: 1s", "kill_timeout: 5s", "errored_retry: 0s"]

    private static func quoted(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character == "\"" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return "\"\(escaped)\""
    }
}

/// What happened when a daemon was asked to do something under load.
func underLoad<Result>(
    _ daemon: Daemon,
    on app: String = "api",
    path: String = "/work?ms=10",
    rate: Int = 300,
    style: LoadGenerator.Style = .connectionPerRequest,
    _ body: () throws -> Result
) throws -> (result: Result, report: LoadGenerator.Report) {
    let load = try daemon.load(on: app, path: path, rate: rate, style: style)
    // It has to be under way before anything happens, and to go on after it.
    try load.waitFor(seconds: 0.5)
    let result = try body()
    try load.waitFor(seconds: 0.5)
    return (result, try load.finish())
}
