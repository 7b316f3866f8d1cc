import KoomyModel

// MARK: - Where lines go

extension AppReader {
    func logs(of name: AppName, in folder: String) -> LogSpec {
        let settings = logSettings()
        var logs = LogSpec()
        logs.outFile = fields[.outFile].flatMap { logFile($0, folder) }
        logs.errorFile = fields[.errorFile].flatMap { logFile($0, folder) }
        logs.combinedFile = combinedFile(of: name, in: folder)
        logs.isMerged = fields[.mergeLogs]?.flag() ?? logs.isMerged
        logs.target = target(settings)
        logs.format = format(settings)
        logs.rotation = rotation(settings?[.rotate])
        logs.whenFull = settings?[.full]?.word(LogOverflow.self) ?? logs.whenFull
        logs.mode = settings?[.mode].flatMap(mode) ?? logs.mode
        logs.owner = settings?[.owner]?.account(example: "www-data")
        logs.group = settings?[.group]?.account(example: "adm")
        checkTarget(logs.target, settings)
        checkFiles(of: logs)
        return logs
    }

    /// The mapping of `log`, which PM2 has as a name of `log_file`.
    private func logSettings() -> Fields<LogAttribute>? {
        guard let field = fields[.log], field.node.scalar == nil else { return nil }
        guard let pairs = field.pairs else {
            field.mismatch("a mapping, a path, true or false", example: "{format: json}")
            return nil
        }
        return field.fields(pairs, of: "log", as: LogAttribute.self)
    }

    /// PM2 takes the word NULL for no file.
    private func logFile(_ field: Field, _ folder: String) -> String? {
        if field.node.scalar?.text == "NULL" { return "/dev/null" }
        return path(field, from: folder, example: "./logs/out.log")
    }

    /// The file for both streams; `true` is PM2's word for one beside the usual two.
    private func combinedFile(of name: AppName, in folder: String) -> String? {
        let short = fields[.log].flatMap { $0.node.scalar == nil ? nil : $0 }
        if let short, let long = fields[.logFile] {
            refuse(short, long)
            return nil
        }
        guard let field = fields[.logFile] ?? short, let scalar = field.node.scalar else {
            fields[.logFile]?.mismatch("a path, true or false", example: "./logs/all.log")
            return nil
        }
        if case .bool(let isWanted) = scalar.value { return isWanted ? "\(name).log" : nil }
        if scalar.text == "NULL" || scalar.text == "/dev/null" { return nil }
        return path(field, from: folder, expected: "a path, true or false", example: "./logs/all.log")
    }

    /// koomyd writes the file and its child compresses it.
    private func mode(_ field: Field) -> UInt32? {
        guard let mode = field.octal(upTo: 0o777, example: #""0640""#) else { return nil }
        guard mode & 0o600 == 0o600 else {
            field.fail(
                "with this mode koomyd could not read and write its own file",
                hint: #"for example mode: "0640""#
            )
            return nil
        }
        return mode
    }

    /// Reports the later of two names that stand in different mappings.
    func refuse(_ one: Field, _ other: Field) {
        let isInOrder = (one.keyPlace.line, one.keyPlace.column) < (other.keyPlace.line, other.keyPlace.column)
        if isInOrder { other.refuse(besides: one) } else { one.refuse(besides: other) }
    }
}
