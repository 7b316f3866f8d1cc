import KoomyModel

extension AppReader {
    /// What PM2 takes for `time: true`.
    private static let timeFormat = "YYYY-MM-DDTHH:mm:ss"

    func logs(in folder: String) -> LogSpec {
        var logs = LogSpec()
        logs.outFile = fields[.outFile].flatMap { logFile($0, folder) }
        logs.errorFile = fields[.errorFile].flatMap { logFile($0, folder) }
        if fields[.disableLogs]?.flag() ?? false { logs.target = .none }
        let stamps = fields[.time]?.flag() ?? false
        if let field = fields[.logDateFormat] {
            if field.node.scalar?.value == .bool(false) { return logs }
            guard let text = field.text("a date format", example: #""YYYY-MM-DD HH:mm:ss Z""#) else { return logs }
            if let format = dateFormat(text, field) { logs.format = .stamped(format) }
        } else if stamps, let field = fields[.time] {
            if let format = dateFormat(Self.timeFormat, field) { logs.format = .stamped(format) }
        }
        return logs
    }

    /// PM2 takes the word NULL for no file.
    private func logFile(_ field: Field, _ folder: String) -> String? {
        if field.node.scalar?.text == "NULL" { return "/dev/null" }
        return path(field, from: folder, example: "./logs/out.log")
    }

    private func dateFormat(_ text: String, _ field: Field) -> LogDateFormat? {
        do {
            return try MomentFormat.parse(text)
        } catch {
            field.fail(error.message, hint: error.hint)
            return nil
        }
    }
}
