/// The commands of koomyctl.
enum CommandName: String, CaseIterable, Hashable, Sendable {
    case start, stop, restart, reload, verify, deploy, rollback, history, pause, resume, promote, abort, status,
        describe,
        scale, delete, logs, flush, rotate, reopen, events, reset
    case validate, daemon, doctor, version, help

    /// Other words for it; those that PM2's users type.
    var aliases: [String] {
        switch self {
        case .status: ["ls", "list", "l", "ps"]
        case .describe: ["show", "info"]
        case .delete: ["del"]
        case .logs: ["log"]
        case .reopen: ["reloadLogs", "reloadlogs"]
        case .history: ["deployments", "releases"]
        case .rollback: ["revert"]
        case .resume: ["continue"]
        case .start, .stop, .restart, .reload, .verify, .deploy, .pause, .promote, .abort, .scale, .flush, .rotate,
            .events,
            .reset, .validate, .daemon, .doctor,
            .version, .help:
            []
        }
    }

    /// The command that a word means, by its name or an alias.
    init?(word: String) {
        guard let found = Self.allCases.first(where: { $0.rawValue == word || $0.aliases.contains(word) }) else {
            return nil
        }
        self = found
    }

    /// Every word that means a command.
    static var words: [String] { allCases.flatMap { [$0.rawValue] + $0.aliases } }
}
