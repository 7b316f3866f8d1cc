/// koomyctl, the control API and the ecosystem files of a test.
extension Daemon {
    /// Runs koomyctl against this daemon.
    @discardableResult
    package func ctl(_ arguments: String..., deadline: Duration = .seconds(90)) throws -> Command.Result {
        try ctl(arguments, deadline: deadline)
    }

    @discardableResult
    package func ctl(_ arguments: [String], deadline: Duration = .seconds(90)) throws -> Command.Result {
        try Command.run(
            [Binaries.path("koomyctl")] + arguments,
            environment: baseEnvironment(home: workspace("home")).merging(["KOOMY_HOME": home]) { $1 },
            folder: workspace.path,
            deadline: deadline
        )
    }

    /// Runs koomyctl and throws unless it exits with 0.
    @discardableResult
    package func mustCtl(
        _ arguments: String...,
        file: StaticString = #fileID,
        line: UInt = #line
    ) throws -> Command.Result {
        let result = try ctl(arguments)
        guard result.code == 0 else {
            throw TestFailure(description: "koomyctl \(arguments.joined(separator: " ")): \(result) (\(file):\(line))")
        }
        return result
    }

    /// Starts koomyctl and goes on.
    package func ctlInBackground(_ arguments: String..., name: String) throws -> BackgroundProcess {
        try BackgroundProcess(
            [Binaries.path("koomyctl")] + arguments,
            name: name,
            in: workspace,
            environment: baseEnvironment(home: workspace("home")).merging(["KOOMY_HOME": home]) { $1 }
        )
    }

    /// Writes an ecosystem file and returns its path.
    @discardableResult
    package func write(_ yaml: String, to name: String = "eco.yaml") throws -> String {
        try workspace.write(yaml, to: name)
    }

    /// Writes an ecosystem file, starts what is in it, and returns its path.
    @discardableResult
    package func start(_ yaml: String, file: StaticString = #fileID, line: UInt = #line) throws -> String {
        let path = try write(yaml)
        try mustCtl("start", path, file: file, line: line)
        return path
    }

    /// GET /v1/status.
    package func status() throws -> JSON {
        try JSON(parsing: HTTP.get("/v1/status", from: .unix(controlSocket)).body)
    }

    /// One app as the daemon shows it; nil where it has none of that name.
    package func find(_ name: String) throws -> AppView? {
        try status().apps.array.first { $0.name.string == name }.map(AppView.init)
    }

    /// One app as the daemon shows it.
    package func app(_ name: String, file: StaticString = #fileID, line: UInt = #line) throws -> AppView {
        guard let app = try find(name) else { throw TestFailure(description: "no app \(name) (\(file):\(line))") }
        return app
    }

    /// Waits until an app is as wanted, and returns it.
    @discardableResult
    package func waitFor(
        _ name: String,
        within limit: Duration = .seconds(20),
        _ description: String,
        file: StaticString = #fileID,
        line: UInt = #line,
        until condition: (AppView) throws -> Bool
    ) throws -> AppView {
        var seen = "never seen"
        do {
            return try eventually(within: limit, description, file: file, line: line) {
                guard let app = try find(name) else { return nil }
                seen = app.description
                return try condition(app) ? app : nil
            }
        } catch let timeout as TestFailure {
            throw TestFailure(description: "\(timeout.description); last: \(seen)")
        }
    }

    /// The TCP port that an app's listener got.
    package func port(of app: String, listener index: Int = 0) throws -> UInt16 {
        let address = try self.app(app).json.listeners[index].address.string ?? ""
        guard let port = UInt16(address.split(separator: ":").last ?? "") else {
            throw TestFailure(description: "\(app) listens on no port: \(address)")
        }
        return port
    }

    /// Load on an app's first listener.
    package func load(
        on app: String,
        path: String = "/health",
        rate: Int = 300,
        style: LoadGenerator.Style = .connectionPerRequest,
        name: String = "load"
    ) throws -> LoadGenerator {
        try LoadGenerator(
            "http://127.0.0.1:\(port(of: app))\(path)",
            rate: rate,
            style: style,
            in: workspace,
            name: name
        )
    }

    /// The lines of an app's log of standard output or error.
    package func logLines(of app: String, _ stream: String = "out") -> [String] {
        Files.lines(of: "\(home)/log/\(app)-\(stream).log")
    }

    /// The lines of the event log since the start, as koomyd tells them.
    package func events() throws -> [JSON] {
        try JSON.lines(HTTP.get("/v1/events?since=0", from: .unix(controlSocket)).body)
    }
}
