/// The options of koomyctl; one of the same name means the same kind of thing in every command that has it.
enum Option: String, CaseIterable, Hashable, Sendable {
    case json, quiet, noColor = "no-color", socket, timeout, help, version
    case only, abort, lines, follow, out, err, since, until, grep, ignoreCase = "ignore-case", generation, raw
    case path, rate, connections, duration, method, slow
    case noHeaders = "no-headers", binary, leaveWorkers = "leave-workers"
    case git, repo, release, file, noRehearsal = "no-rehearsal", noCanary = "no-canary", keepFailed = "keep-failed"
    case wait, dryRun = "dry-run"

    /// Those that every command has.
    static let global: [Option] = [.json, .quiet, .noColor, .socket, .timeout, .help]

    /// The letter after a single dash.
    var letter: Character? {
        switch self {
        case .quiet: "q"
        case .help: "h"
        case .version: "V"
        case .lines: "n"
        case .follow: "f"
        case .ignoreCase: "i"
        case .json, .noColor, .socket, .timeout, .only, .abort, .out, .err, .since, .until, .grep, .generation, .raw,
            .noHeaders, .binary, .leaveWorkers, .git, .repo, .release, .file, .noRehearsal, .noCanary, .keepFailed,
            .wait,
            .dryRun, .path, .rate, .connections, .duration, .method, .slow:
            nil
        }
    }

    /// What its value is, in help; nil for an option without one.
    var valueName: String? {
        switch self {
        case .socket, .binary: "PATH"
        case .git: "REF"
        case .repo: "PATH|URL"
        case .release: "ID"
        case .file: "FILE"
        case .timeout, .duration, .slow: "TIME"
        case .path: "/PATH"
        case .rate: "N"
        case .connections: "STYLE"
        case .method: "METHOD"
        case .only: "NAME,…"
        case .lines, .generation: "N"
        case .since, .until: "TIME"
        case .grep: "REGEX"
        case .json, .quiet, .noColor, .help, .version, .abort, .follow, .out, .err, .ignoreCase, .raw, .noHeaders,
            .leaveWorkers, .noRehearsal, .noCanary, .keepFailed, .wait, .dryRun:
            nil
        }
    }

    var summary: String {
        switch self {
        case .json: "print JSON, one object a line"
        case .quiet: "print nothing but errors and what was asked for"
        case .noColor: "do not use colours (as NO_COLOR does)"
        case .socket: "the daemon's control socket"
        case .timeout: "give up waiting after this long (10s, 2m); the daemon goes on"
        case .help: "explain the command"
        case .version: "print the version"
        case .only: "of the file, only these apps"
        case .abort: "give up a rollout that is under way; the old workers stay"
        case .lines: "begin with the last N lines of each file (20; all, with --since or --until)"
        case .follow: "wait for more"
        case .out: "standard output only"
        case .err: "standard error only"
        case .since: "only lines from then on: 10m (ago), 17:04, \"2026-11-20 17:04\", @1795194245"
        case .until: "only lines up to then"
        case .grep: "only lines in whose message this extended regular expression is found"
        case .ignoreCase: "--grep: capital and small letters are alike"
        case .generation: "only lines of workers of this generation (log format json)"
        case .raw: "print the bytes of the files, and nothing else"
        case .path: "what is asked for; without it, the path of the app's health or readiness probe, or /"
        case .rate: "requests a second (50), 1 to 2000"
        case .connections: "keep-alive, close (a connection for each request), or both in turns (both)"
        case .duration: "how long before the reload, and after it (2s)"
        case .method: "GET or HEAD (GET)"
        case .slow: "responses that take longer are counted as slow (1s)"
        case .noHeaders: "do not say whose each line is"
        case .binary: "upgrade: the new koomyd; without it, the file that koomyd was started from"
        case .leaveWorkers: "stop: the workers go on without koomyd, until one is started again"
        case .git: "the source is this branch, tag or commit of a repository"
        case .repo: "--git: the repository, if not that of the ecosystem file or of this folder"
        case .release: "no source: a release that is on disk already"
        case .file: "the ecosystem file of an app that koomyd does not know yet"
        case .noRehearsal: "do not try the release first in a worker that nobody else can reach"
        case .noCanary: "replace all workers without watching the first ones"
        case .keepFailed: "do not remove a release that failed"
        case .wait: "wait for another deployment of the app instead of giving up"
        case .dryRun: "say what would be done, and do nothing"
        }
    }

    /// Its value and its summary, where they are others in a command than elsewhere.
    func words(in command: CommandName?) -> (valueName: String?, summary: String) {
        switch (self, command) {
        case (.since, .events): ("SEQ", "only events after this number")
        case (.lines, .history): ("N", "the last N deployments (\(HistoryWish.usualCount))")
        default: (valueName, summary)
        }
    }

    init?(letter: Character) {
        guard let found = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = found
    }

    /// As it is typed: `--lines`.
    var text: String { "--\(rawValue)" }
}

extension CommandName {
    /// The options that this command has beside the global ones.
    var options: [Option] {
        switch self {
        case .start: [.only]
        case .reload: [.abort]
        case .deploy:
            [.git, .repo, .release, .file, .noRehearsal, .noCanary, .keepFailed, .wait, .dryRun]
        case .history: [.lines]
        case .logs:
            [.lines, .follow, .since, .until, .grep, .ignoreCase, .out, .err, .generation, .raw, .noHeaders]
        case .events: [.follow, .since]
        case .daemon: [.binary, .leaveWorkers]
        case .verify: [.path, .rate, .connections, .duration, .method, .slow]
        case .stop, .restart, .rollback, .pause, .resume, .promote, .abort, .status, .describe, .scale, .delete, .flush,
            .rotate, .reopen, .reset, .validate, .doctor,
            .version, .help:
            []
        }
    }
}
