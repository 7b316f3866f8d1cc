import Glibc
import KoomyWorker

@testable import koomy_api

/// A run of the load generator, under way.
final class Load {
    private let child: Child
    private let report: String
    private let failures: String

    /// `arguments` as loadgen takes them; the URL last.
    init(_ arguments: [String], folder: ScratchFolder, name: String = "load") throws {
        report = folder.file("\(name).json")
        failures = folder.file("\(name).failures")
        child = try Child(
            try Child.product("loadgen"),
            ["-q", "-o", report, "-F", failures] + arguments,
            folder: folder,
            name: name
        )
    }

    var isRunning: Bool { child.poll() == nil }

    /// What it counted.
    struct Counts {
        var ok: Int64
        var failed: Int64
        var connects: Int64
        /// One line for each failure.
        var failures: String
    }

    func finish(within limit: Duration) throws -> Counts {
        _ = try child.waitForEnd(within: limit)
        guard let json = JSONParser.parse(Array(contents(of: report).utf8)) else {
            throw TimedOut(description: "no report of loadgen: \(contents(of: child.errors))")
        }
        func number(_ name: String) -> Int64 { if case .integer(let value)? = json[name] { value } else { -1 } }
        return Counts(
            ok: number("ok"),
            failed: number("failed"),
            connects: number("connects"),
            failures: contents(of: failures)
        )
    }
}
