import KoomyModel
import KoomySystem

/// The `journalctl` that shows the lines of apps which log to the systemd journal.
struct JournalQuery {
    var apps: [String]
    var request: LogsRequest
    var isJSON = false
    var isQuiet = false
    var now: WallTime

    /// The command line, the program's name first.
    var arguments: [String] {
        var words = ["journalctl", "--no-pager"] + apps.map { "--identifier=\($0)" }
        words.append("--lines=\(request.count.map { "\($0)" } ?? "all")")
        if request.follow { words.append("--follow") }
        if let since = request.since { words.append("--since=\(Self.text(since.time(now: now)))") }
        if let until = request.until { words.append("--until=\(Self.text(until.time(now: now)))") }
        if let pattern = request.pattern {
            words += ["--grep=\(pattern)", "--case-sensitive=\(request.ignoresCase ? "no" : "yes")"]
        }
        if isJSON {
            words.append("--output=json")
        } else if request.isRaw || !request.hasLabels {
            words.append("--output=cat")
        }
        if isQuiet { words.append("--quiet") }
        return words
    }

    /// Whether journalctl shows the newest line first, as it does where it counts those that a pattern finds (journalctl(1),
    /// `--lines`).
    var isNewestFirst: Bool { request.pattern != nil && request.count != nil && !request.follow }

    /// As for files, the newest line is the last one; its exit status is that of journalctl.
    private static let turned = """
        lines=$("$0" "$@") || exit
        [ -z "$lines" ] || printf '%s\\n' "$lines" | tac
        """

    /// Seconds since the Unix epoch (systemd.time(7)).
    private static func text(_ time: WallTime) -> String {
        let micros = (time.nanoseconds - time.seconds * 1_000_000_000) / 1_000
        let digits = "\(micros)"
        return "@\(max(0, time.seconds)).\(String(repeating: "0", count: 6 - digits.utf8.count))\(digits)"
    }

    /// Goes on as journalctl; returns only where that cannot be.
    func execute(_ environment: [String: String]) -> SystemError {
        let program: String
        do throws(SystemError) {
            program = try ProgramSearch.find("journalctl", in: "/", path: environment["PATH"])
        } catch {
            return error.errno == .noSuchFile ? error.withHint("it is needed to read the journal") : error
        }
        guard isNewestFirst else {
            return ThisProcess.execute(program, arguments: arguments, environment: environment)
        }
        let command = ["sh", "-c", Self.turned, program] + arguments.dropFirst()
        return ThisProcess.execute("/bin/sh", arguments: command, environment: environment)
    }
}
