import KoomyModel
import KoomyWire

/// Understands a command line: options anywhere, long and short, with `--` everything after it is an operand.
struct ArgumentParser {
    private(set) var operands: [String] = []
    private(set) var options: [Option: String] = [:]
    /// In the order in which they came, for messages.
    private var used: [Option] = []

    /// - Parameter words: The command line without the program's name.
    /// - Returns: What it asks for.
    /// - Throws: The first thing that is wrong with it.
    static func parse(_ words: [String]) throws(UsageError) -> Invocation {
        var parser = ArgumentParser()
        try parser.take(words)
        return try parser.invocation()
    }

    private mutating func take(_ words: [String]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                return
            } else if word.hasPrefix("--") {
                try takeLong(word.dropFirst(2), &rest)
            } else if word.hasPrefix("-"), word.count > 1, !Self.isNumber(word.dropFirst()) {
                try takeShort(word.dropFirst(), &rest)
            } else {
                operands.append(word)
            }
        }
    }

    /// `scale api -1` has no option in it.
    private static func isNumber(_ text: Substring) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    private mutating func takeLong(_ text: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let option = Option(rawValue: name) else {
            let known = Option.allCases.map(\.rawValue)
            throw UsageError(
                message: "there is no option --\(name)",
                hint: Suggestion.among(known, for: name).map { "did you mean --\($0)?" },
                command: commandForHelp
            )
        }
        try set(option, to: parts.count > 1 ? String(parts[1]) : nil, as: option.text, &rest)
    }

    private mutating func takeShort(_ text: Substring, _ rest: inout ArraySlice<String>) throws(UsageError) {
        var letters = text
        while let letter = letters.popFirst() {
            guard let option = Option(letter: letter) else {
                throw UsageError(message: "there is no option -\(letter)", hint: nil, command: commandForHelp)
            }
            if option.valueName != nil, !letters.isEmpty {
                let value = letters.first == "=" ? letters.dropFirst() : letters
                try set(option, to: String(value), as: "-\(letter)", &rest)
                return
            }
            try set(option, to: nil, as: "-\(letter)", &rest)
        }
    }

    private mutating func set(
        _ option: Option,
        to given: String?,
        as text: String,
        _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        used.append(option)
        guard let valueName = option.valueName else {
            guard given == nil else {
                throw UsageError(message: "\(text) takes no value", hint: nil, command: commandForHelp)
            }
            options[option] = ""
            return
        }
        guard let value = given ?? rest.popFirst(), !value.isEmpty else {
            throw UsageError(message: "\(text) needs a value: \(valueName)", hint: nil, command: commandForHelp)
        }
        options[option] = value
    }

    private var commandForHelp: CommandName? { operands.first.flatMap(CommandName.init(word:)) }
}

extension ArgumentParser {
    private mutating func invocation() throws(UsageError) -> Invocation {
        let global = try globalOptions()
        guard let word = operands.first else {
            if options[.version] != nil { return Invocation(action: .version, options: global) }
            if options[.help] != nil { return Invocation(action: .help(nil), options: global) }
            throw UsageError(message: "a command is missing", hint: nil, command: nil)
        }
        guard let command = CommandName(word: word) else {
            throw UsageError(
                message: "there is no command \"\(word)\"",
                hint: Suggestion.among(CommandName.words, for: word).map { "did you mean \($0)?" },
                command: nil
            )
        }
        operands.removeFirst()
        if options[.help] != nil { return Invocation(action: .help(command), options: global) }
        for option in used where !Option.global.contains(option) && !command.options.contains(option) {
            throw UsageError(message: "\(command.rawValue) has no option \(option.text)", hint: nil, command: command)
        }
        return Invocation(action: try action(command), options: global)
    }

    private func globalOptions() throws(UsageError) -> GlobalOptions {
        var global = GlobalOptions()
        global.json = options[.json] != nil
        global.quiet = options[.quiet] != nil
        global.noColor = options[.noColor] != nil
        global.socketPath = options[.socket]
        if let text = options[.timeout] {
            // A bare number is in seconds, as timeout(1) has it.
            let span = TimeSpan(parsing: text) ?? TimeSpan(parsing: text + "s")
            guard let span, span > .zero else {
                throw UsageError(
                    message: "--timeout \(text) is no length of time",
                    hint: "as in 10s, 500ms or 2m",
                    command: commandForHelp
                )
            }
            global.timeout = span
        }
        return global
    }

    private func action(_ command: CommandName) throws(UsageError) -> Action {
        switch command {
        case .start:
            let only = options[.only]?.split(separator: ",").map(String.init)
            return .start(words: try some(command, "a file, or the name of an app"), only: only)
        case .stop: return .stop(try targets(command))
        case .restart: return .restart(try targets(command))
        case .delete: return .delete(try targets(command))
        case .reset: return .reset(try targets(command))
        case .reload:
            guard options[.abort] != nil else { return .reload(words: operands) }
            return .abort(operands.isEmpty ? [.all] : try targets(command))
        case .verify: return .verify(try verify())
        case .deploy: return .deploy(try deploy())
        case .rollback: return try rollback()
        case .history: return .history(try history())
        case .pause: return .pause(try targets(command))
        case .resume: return .resume(try targets(command))
        case .promote: return .promote(try targets(command))
        case .abort: return .abort(operands.isEmpty ? [.all] : try targets(command))
        case .status: return .status(try names(command))
        case .describe:
            _ = try some(command, "the name of an app")
            return .describe(try names(command))
        case .scale: return try scale()
        case .logs: return .logs(try logs())
        case .flush: return .flush(operands.isEmpty ? [.all] : try targets(command))
        case .rotate: return .rotate(operands.isEmpty ? [.all] : try targets(command))
        case .reopen:
            try noOperands(command)
            return .reopen
        case .events:
            try noOperands(command)
            return .events(follow: options[.follow] != nil, since: try number(.since, command))
        case .validate:
            guard operands.count == 1 else {
                throw UsageError(message: "validate takes one file", hint: nil, command: command)
            }
            return .validate(file: operands[0])
        case .daemon: return .daemon(try daemonAction())
        case .doctor:
            try noOperands(command)
            return .doctor
        case .version:
            try noOperands(command)
            return .version
        case .help: return try help()
        }
    }
}

extension ArgumentParser {
    private func some(_ command: CommandName, _ what: String) throws(UsageError) -> [String] {
        guard !operands.isEmpty else {
            throw UsageError(message: "\(command.rawValue) needs \(what)", hint: nil, command: command)
        }
        return operands
    }

    private func noOperands(_ command: CommandName) throws(UsageError) {
        guard let first = operands.first else { return }
        throw UsageError(message: "\(command.rawValue) does not take \"\(first)\"", hint: nil, command: command)
    }

    func targets(_ command: CommandName) throws(UsageError) -> [Target] {
        var targets: [Target] = []
        for text in try some(command, "the name of an app, NAME:SLOT, or all") {
            guard let target = Target(parsing: text) else {
                throw UsageError(message: Target.problem(of: text), hint: nil, command: command)
            }
            targets.append(target)
        }
        return targets
    }

    /// Names of apps; `all` for no choice at all.
    private func names(_ command: CommandName) throws(UsageError) -> [AppName] {
        var names: [AppName] = []
        for text in operands where text != AppName.everyApp {
            guard let name = AppName(text) else {
                let message =
                    Target(parsing: text) == nil
                    ? Target.problem(of: text) : "\(command.rawValue) takes apps, not single slots: \(text)"
                throw UsageError(message: message, hint: nil, command: command)
            }
            names.append(name)
        }
        return operands.contains(AppName.everyApp) ? [] : names
    }

    private func scale() throws(UsageError) -> Action {
        let example = "as in koomyctl scale api 4, or +1, or -1"
        guard operands.count == 2 else {
            throw UsageError(message: "scale takes an app and a number", hint: example, command: .scale)
        }
        guard let name = AppName(operands[0]) else {
            throw UsageError(message: "\"\(operands[0])\" is not the name of an app", hint: example, command: .scale)
        }
        guard InstanceChange(parsing: operands[1]) != nil else {
            throw UsageError(
                message: "\"\(operands[1])\" is not a number of workers from 0 to \(InstanceChange.limit)",
                hint: example,
                command: .scale
            )
        }
        return .scale(name, instances: operands[1])
    }

    func number(_ option: Option, _ command: CommandName) throws(UsageError) -> UInt64? {
        guard let text = options[option] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(text) else {
            throw UsageError(message: "\(option.text) \(text) is not a number from 0", hint: nil, command: command)
        }
        return number
    }

    private func daemonAction() throws(UsageError) -> DaemonAction {
        let words = DaemonAction.Verb.allCases.map(\.rawValue)
        guard operands.count == 1 else {
            throw UsageError(
                message: "daemon takes one of \(words.joined(separator: ", "))",
                hint: nil,
                command: .daemon
            )
        }
        guard let verb = DaemonAction.Verb(rawValue: operands[0]) else {
            throw UsageError(
                message: "there is no command \"daemon \(operands[0])\"",
                hint: Suggestion.among(words, for: operands[0]).map { "did you mean daemon \($0)?" },
                command: .daemon
            )
        }
        let foreign = used.first { CommandName.daemon.options.contains($0) && !verb.options.contains($0) }
        if let foreign {
            let message = "daemon \(verb.rawValue) has no option \(foreign.text)"
            throw UsageError(message: message, hint: nil, command: .daemon)
        }
        switch verb {
        case .start: return .start
        case .stop: return .stop(leavesWorkers: options[.leaveWorkers] != nil)
        case .status: return .status
        case .upgrade: return .upgrade(binary: options[.binary])
        }
    }

    private func help() throws(UsageError) -> Action {
        guard let topic = operands.first else { return .help(nil) }
        guard let command = CommandName(word: topic) else {
            throw UsageError(
                message: "there is no command \"\(topic)\"",
                hint: Suggestion.among(CommandName.words, for: topic).map { "did you mean \($0)?" },
                command: nil
            )
        }
        return .help(command)
    }
}
