import KoomyWire

/// The texts of `koomyctl help`.
enum Help {
    /// All commands on one screen.
    static func overview() -> String {
        let commands = CommandName.allCases.map { ($0.briefSynopsis.joined(separator: " "), $0.summary) }
        let width = commands.map(\.0.count).max() ?? 0
        let lines = commands.map { "  \(padded($0.0, width))  \($0.1)" }
        let codes = ExitCode.allCases.map { "  \(padded("\($0.rawValue)", 3)) \($0.summary)" }
        return """
            Supervises API servers and replaces their workers without losing a request.

            usage: koomyctl COMMAND [OPTION…] [ARGUMENT…]

            \(lines.joined(separator: "\n"))

            A target is NAME, NAME:SLOT or all. Options may stand anywhere:
            \(optionLines(Option.global, of: nil))

            exit codes:
            \(codes.joined(separator: "\n"))

            More about a command: koomyctl help COMMAND

            """
    }

    /// One command in full.
    static func text(of command: CommandName) -> String {
        var text = "\(command.summary)\n\nusage: koomyctl \(command.synopsis.joined(separator: " "))\n"
        if !command.aliases.isEmpty { text += "also: \(command.aliases.joined(separator: ", "))\n" }
        text += "\n\(command.details)\n\n\(optionLines(command.options + Option.global, of: command))\n"
        return text
    }

    private static func optionLines(_ options: [Option], of command: CommandName?) -> String {
        let rows = options.map { option in
            let short = option.letter.map { "-\($0), " } ?? "    "
            let words = option.words(in: command)
            return (short + option.text + (words.valueName.map { " \($0)" } ?? ""), words.summary)
        }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  \(padded($0.0, width))  \($0.1)" }.joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension CommandName {
    /// The command and what it takes.
    var synopsis: [String] {
        switch self {
        case .start: ["start", "FILE|TARGET…"]
        case .stop, .restart, .delete, .reset: [rawValue, "TARGET…"]
        case .reload: ["reload", "[FILE|TARGET…]"]
        case .verify: ["verify", "APP"]
        case .deploy: ["deploy", "APP", "FOLDER|TARBALL|--git REF|--release ID"]
        case .rollback: ["rollback", "APP", "[RELEASE|GENERATION]"]
        case .history: ["history", "APP", "[GENERATION]"]
        case .pause, .resume, .promote: [rawValue, "APP…"]
        case .abort: ["abort", "[TARGET…]"]
        case .status: ["status", "[APP…]"]
        case .describe: ["describe", "APP…"]
        case .scale: ["scale", "APP", "N|+N|-N"]
        case .logs, .flush, .rotate: [rawValue, "[TARGET…]"]
        case .reopen, .events, .doctor, .version: [rawValue]
        case .validate: ["validate", "FILE"]
        case .daemon: ["daemon", "start|stop|status|upgrade"]
        case .help: ["help", "[COMMAND]"]
        }
    }

    /// The same where there is one line for it.
    var briefSynopsis: [String] {
        switch self {
        case .daemon: ["daemon", "start|stop|…"]
        case .deploy: ["deploy", "APP", "SOURCE"]
        case .rollback: ["rollback", "APP"]
        case .history: ["history", "APP"]
        case .start, .stop, .restart, .reload, .verify, .pause, .resume, .promote, .abort, .status, .describe, .scale,
            .delete,
            .logs,
            .flush, .rotate, .reopen, .events, .reset, .validate, .doctor, .version, .help:
            synopsis
        }
    }

    var summary: String {
        switch self {
        case .start: "run the apps of an ecosystem file, or apps that are known"
        case .stop: "drain workers and keep them stopped"
        case .restart: "stop and start again, with a gap; reload has none"
        case .reload: "replace workers one at a time, without losing a request"
        case .verify: "reload under real requests; say whether one was lost, and why"
        case .deploy: "have new code serve, once it has proved itself"
        case .rollback: "have serve again what served before"
        case .history: "show what replaced an app's workers, and how that ended"
        case .pause: "begin no further worker of a rollout"
        case .resume: "go on with a rollout that is paused"
        case .promote: "have the canary's code replace all workers now"
        case .abort: "give up a rollout; the old workers stay"
        case .status: "show every worker"
        case .describe: "show all that is known of an app"
        case .scale: "run another number of workers"
        case .delete: "stop apps and forget them"
        case .logs: "show what workers wrote"
        case .flush: "empty log files"
        case .rotate: "put log files aside now, and begin new ones"
        case .reopen: "open log files again, after something else has moved them away"
        case .events: "show what has happened"
        case .reset: "forget failures, so that an errored app is tried again"
        case .validate: "check an ecosystem file, and change nothing"
        case .daemon: "start, stop, upgrade or look at koomyd itself"
        case .doctor: "look for what is not as it should be, and say what to do"
        case .version: "print the version"
        case .help: "explain a command"
        }
    }

    var details: String {
        switch self {
        case .start:
            """
            Waits until every worker is ready, or says why one is not. A word is a file if it has a slash, ends in .json,
            .yaml, .yml, .js or .cjs, or is the name of a file that exists; where an app has the same name, the app is
            meant. If no daemon answers, your own koomyd is started first.
            """
        case .stop: "Waits until the workers have left. They stay stopped when koomyd is started again."
        case .restart:
            "Stops the workers, then starts them from what koomyd knows of them, and waits until they are ready."
        case .reload:
            """
            Reads the files again, checks them as a whole, and changes nothing if one is wrong. Then, slot by slot, a new
            worker has to be ready and healthy before the old one is asked to leave; the first failure stops the rollout
            and the old workers stay. Without an argument every app is reloaded. Exits with 0 only if the new version is
            live.
            """
        case .verify:
            """
            Sends requests to the app's listeners at a fixed rate before, during and after a reload of what koomyd reads from
            the app's file, which may be what runs already. Counts those that failed, and says of each whose doing it was:
            koomyd's (nothing listened), the app's drain (a worker that was leaving closed a connection with a request on it),
            the app's readiness (a worker that had said it serves answered 5xx or not at all), or unknown. Only loopback
            addresses and Unix sockets are asked. Exits with 0 only if no request failed and the reload succeeded; else with
            the code of the reload, or with 1 where requests were lost.
            """
        case .deploy:
            """
            Makes a release of a folder, a tarball or a commit, below the path of the app's deploy block: copies it, links
            what is shared, builds it. Nothing that serves is touched by that. Then koomyd rehearses it, replaces the
            workers one at a time, and has current lead to it; whatever fails, everything is as it was. Exits with 0 only
            if the release serves; with 12 if its build failed, and 65 if its source or file is wrong.
            """
        case .rollback:
            """
            To the release before the present one, or to one that koomyctl history names; code and configuration. It is
            not rehearsed, and has no canary: it has served before.
            """
        case .history: "The newest first. With a generation, all that is known of that deployment."
        case .pause: "What has been replaced stays so; every slot has a ready worker."
        case .resume: "Goes on where koomyctl pause has stopped it."
        case .promote: "For apps with promote: manual, or where the canary needs no more watching."
        case .abort:
            "Slots that have changed go back, new worker first. Without a target, all rollouts. As reload --abort."
        case .status:
            "One line for each worker. Where the terminal is narrow, the least important columns are left out."
        case .describe: "State, workers, listeners, log files, and the whole configuration with secrets hidden."
        case .scale: "As many workers (4), or so many more (+1) or fewer (-1). New ones have to be ready."
        case .delete: "Waits until the workers have left. Log files stay."
        case .logs:
            """
            Without a target, those of every app. koomyctl reads the files itself: the one that is written, and those that
            were put aside, compressed or not. Lines of several files come in the order of their times, where they have
            one. With --follow, files are followed through rotation. A time is an age (10m, 2h, 1d), a date, a time of day,
            both, RFC 3339, or @SECONDS; lines have one with log_date_format, time: true or log: {format: json}.
            """
        case .flush: "Without a target, those of every app. The lines are gone; files that were put aside stay."
        case .rotate: "Without a target, those of every app. Files without a line are left as they are."
        case .reopen:
            "For programs that move log files, as logrotate does. Files that koomyd puts aside need no such word."
        case .events: "One line each, numbered. Without --follow, those that koomyd remembers."
        case .reset: "Sets the counters of restarts to zero, and starts what was errored."
        case .validate: "Every problem at once, as FILE:LINE:COLUMN. Warnings do not fail."
        case .daemon:
            """
            start launches your own koomyd in the background and waits until it answers; as root, with the systemd unit
            installed, use systemctl instead. stop drains every worker, and waits until koomyd is gone; with
            --leave-workers they go on, and the next koomyd takes them back. upgrade has koomyd go on as another binary
            without touching a worker, after that has proved that it can read the present state; if it cannot (65),
            nothing has changed.
            """
        case .doctor:
            """
            Asks koomyd what it finds. Where none answers, looks for what can be seen from here: its socket, its lock, and
            workers that run without it; then exits with 3. Exits with 1 if there is an error, and with 0 for warnings.
            """
        case .version: "The version of koomyctl; that of the daemon is shown by koomyctl daemon status."
        case .help: "Without a command, a list of them."
        }
    }
}

extension ExitCode {
    /// Its cause, in a line of help.
    var summary: String {
        switch self {
        case .done: "done"
        case .trouble: "doctor found an error, verify lost requests, or a log file could not be read"
        case .noSuchApp: "no such app or worker"
        case .noDaemon: "no daemon answers"
        case .workerFailed: "a new worker failed (the old ones stay)"
        case .readyTimeout: "a new worker was not ready in time (the old ones stay)"
        case .unhealthy: "a new worker was unhealthy (the old ones stay or were restored)"
        case .drainForced: "done, but an old worker had to be killed"
        case .superseded: "a later request took its place"
        case .aborted: "aborted on request"
        case .noRoom: "the host has no memory for a new worker beside the old ones; nothing was changed"
        case .stepFailed: "a build or a hook of a deployment failed; nothing was changed"
        case .notPermitted: "not permitted"
        case .usage: "the command line is wrong"
        case .badConfiguration: "the ecosystem file, or the daemon's state, is wrong or cannot be read"
        case .internalError: "a fault of koomy's own"
        case .cannotSave: "the daemon could not save it, so it was not done"
        case .timedOut: "--timeout was over; the daemon goes on"
        }
    }
}
