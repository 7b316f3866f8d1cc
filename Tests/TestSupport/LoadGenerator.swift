internal import Glibc

/// Load on a server while a test does something to it: `loadgen` in the background.
package final class LoadGenerator {
    /// How requests use connections.
    package enum Style: String, CaseIterable, Sendable {
        case connectionPerRequest = "a connection for each request"
        case keepAlive = "keep-alive connections"
    }

    /// What became of the requests.
    package struct Report: Sendable, CustomStringConvertible {
        package let json: JSON

        package init(json: JSON) { self.json = json }

        package var begun: Int { json.begun.int ?? -1 }
        package var ok: Int { json.ok.int ?? -1 }
        package var failed: Int { json.failed.int ?? -1 }
        /// Failures by class, without the classes that have none.
        package var classes: [String: Int] {
            var classes: [String: Int] = [:]
            for name in json.failed_by_kind.names {
                if let count = json.failed_by_kind[name].int, count > 0 { classes[name] = count }
            }
            return classes
        }
        /// Milliseconds, from the moment a request was due.
        package var p50: Double { json.latency_ms.p50.double ?? .nan }
        package var p99: Double { json.latency_ms.p99.double ?? .nan }
        package var max: Double { json.latency_ms.max.double ?? .nan }

        package var description: String {
            "begun \(begun) ok \(ok) failed \(failed) \(classes) p50 \(p50) p99 \(p99) max \(max) ms"
        }
    }

    private let process: BackgroundProcess
    private let reportPath: String

    /// Starts it: an open loop of `rate` requests a second, due at fixed times whatever the server does.
    ///
    /// It runs until `finish`, and for `limit` at most. `target` is what loadgen takes: `http://127.0.0.1:PORT/path` or
    /// `unix:/path/of/socket:/path`.
    package init(
        _ target: String,
        rate: Int,
        style: Style,
        in workspace: Workspace,
        name: String = "load",
        limit: Duration = .seconds(300),
        options: [String] = []
    ) throws {
        reportPath = workspace("\(name).json")
        process = try BackgroundProcess(
            [
                Binaries.path("loadgen"), "-q", "-r", "\(rate)", "-d", "\(limit.components.seconds)", "-o", reportPath,
                "-F", workspace("\(name).failures"),
            ] + (style == .keepAlive ? ["-k"] : []) + options + [target],
            name: name,
            in: workspace
        )
    }

    /// Lets it run for this long: load is an amount of time.
    package func waitFor(seconds: Double) throws {
        try always(for: .seconds(seconds), "loadgen runs") { process.ended == nil }
    }

    /// Ends it, after what is in flight, and reads what it counted.
    package func finish() throws -> Report {
        defer { process.stop() }
        process.signal(SIGINT)
        return try report()
    }

    /// Waits until it has ended by itself, for a run with a fixed number of seconds.
    package func report() throws -> Report {
        let exit = try process.wait(within: .seconds(60))
        guard exit == .code(0) || exit == .code(3) else {
            throw TestFailure(description: "loadgen ended with \(exit): \(process.errorOutput)")
        }
        return Report(json: try JSON(parsing: Files.text(of: reportPath) ?? ""))
    }
}
