import Glibc
import TestSupport
import Testing

/// An app of `batches.py`, and what the judge says of its log.
struct LogKeeping {
    /// How many lines have to go through, KOOMY_LOG_LINES where that is set.
    static let lines = getenv("KOOMY_LOG_LINES").flatMap { Int(String(cString: $0)) } ?? 200_000

    /// What the judge found; see `judge.py`.
    struct Verdict: CustomStringConvertible {
        let json: JSON

        var lines: Int { json.lines.int ?? -1 }
        var workers: Int { json.workers.int ?? -1 }
        var files: Int { json.files.int ?? -1 }
        var compressed: Int { json.compressed.int ?? -1 }
        var largest: Int { json.largest.int ?? .max }
        var torn: Int { json.torn.int ?? -1 }
        var missing: Int { json.missing.int ?? -1 }
        var markers: Int { json.markers.int ?? -1 }
        var confessedLines: Int { json.confessedLines.int ?? -1 }
        var confessedBytes: Int { json.confessedBytes.int ?? -1 }
        var wrong: [String] { json.wrong.array.map { $0.string ?? "?" } }

        var description: String {
            "\(lines) lines of \(workers), \(files) files, \(compressed) compressed, largest \(largest), torn \(torn), missing \(missing), "
                + "confessed \(confessedLines) lines \(confessedBytes) bytes in \(markers)\n\(wrong.joined(separator: "\n"))"
        }
    }

    let daemon: Daemon
    let name: String
    /// The folder in which each worker notes how many lines it has said.
    let counts: String

    init(_ daemon: Daemon, _ name: String = "says") throws {
        self.daemon = daemon
        self.name = name
        counts = daemon.workspace("counts-\(name)")
        try Files.makeFolder(counts)
    }

    /// The app; `rate` is how many bytes a worker says in a second.
    func app(
        instances: Int = 4,
        rate: Int,
        streams: [String] = ["out"],
        _ lines: [String]
    ) -> String {
        Ecosystem.app(
            name,
            script: Fixture.path("batches.py"),
            arguments: [counts, "\(rate)"] + streams,
            [
                "interpreter: python3", "ready: notify", "healthy_time: 50ms", "kill_timeout: 10s",
                "instances: \(instances)",
                "max_restarts: 1000", "backoff: 10ms",
            ] + lines
        )
    }

    /// How many lines were said so far.
    var said: Int {
        Files.names(in: counts).reduce(0) { sum, name in
            sum + (Files.lines(of: "\(counts)/\(name)").first.flatMap { Int($0) } ?? 0)
        }
    }

    var out: String { "\(daemon.home)/log/\(name)-out.log" }

    /// Files that were put aside, by what follows the name of the log.
    func aside(_ path: String? = nil) -> [String] {
        let parts = (path ?? out).split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast().joined(separator: "/")
        let file = "\(parts.last ?? "")."
        return Files.names(in: folder).filter { $0.hasPrefix(file) }.map { String($0.dropFirst(file.count)) }
    }

    /// Compares the log with what was said.
    func judge(_ log: String? = nil, as kind: String, mayDrop: Bool = false) throws -> Verdict {
        let result = try Command.run(
            ["python3", Fixture.path("judge.py"), log ?? out, counts, kind] + (mayDrop ? ["dropped"] : []),
            deadline: .seconds(300)
        )
        guard result.code == 0 else { throw TestFailure(description: "the judge failed: \(result)") }
        return Verdict(json: try JSON(parsing: result.out))
    }
}
