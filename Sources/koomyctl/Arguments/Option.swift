/// The options of koomyctl; one of the same name means the same in every command that has it.
enum Option: String, CaseIterable, Hashable, Sendable {
    case json, quiet, noColor = "no-color", socket, timeout, help, version
    case only, abort, lines, follow, out, err, since, binary, leaveWorkers = "leave-workers"

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
        case .json, .noColor, .socket, .timeout, .only, .abort, .out, .err, .since, .binary, .leaveWorkers: nil
        }
    }

    /// What its value is, in help; nil for an option without one.
    var valueName: String? {
        switch self {
        case .socket, .binary: "PATH"
        case .timeout: "TIME"
        case .only: "NAME,…"
        case .lines: "N"
        case .since: "SEQ"
        case .json, .quiet, .noColor, .help, .version, .abort, .follow, .out, .err, .leaveWorkers: nil
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
        case .lines: "begin with the last N lines of each file (20)"
        case .follow: "wait for more"
        case .out: "standard output only"
        case .err: "standard error only"
        case .since: "only events after this number"
        case .binary: "upgrade: the new koomyd; without it, the file that koomyd was started from"
        case .leaveWorkers: "stop: the workers go on without koomyd, until one is started again"
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
        case .logs: [.lines, .follow, .out, .err]
        case .events: [.follow, .since]
        case .daemon: [.binary, .leaveWorkers]
        case .stop, .restart, .status, .describe, .scale, .delete, .reset, .validate, .doctor, .version, .help: []
        }
    }
}
