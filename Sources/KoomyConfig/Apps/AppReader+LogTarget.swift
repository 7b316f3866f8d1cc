import KoomyModel

extension AppReader {
    /// What takes the lines; `disable_logs` is PM2's word for nothing.
    func target(_ settings: Fields<LogAttribute>?) -> LogTarget {
        let field = settings?[.target]
        let target = field?.word(LogTarget.self)
        guard let disabled = fields[.disableLogs], disabled.flag() == true else { return target ?? .file }
        if let field, let target, target != LogTarget.none {
            let place = disabled.keyPlace
            field.fail(
                "\"\(field.name)\" is \(target.rawValue), and \"\(disabled.name)\" is true",
                hint: "keep one of them; the other is at \(place.line):\(place.column)"
            )
        }
        return .none
    }

    /// A target that was written down takes the place of files, or of koomyd as their writer.
    func checkTarget(_ target: LogTarget, _ settings: Fields<LogAttribute>?) {
        guard let settings, let field = settings[.target], field.node.scalar?.text == target.rawValue else { return }
        let lines = stampFields + [fields[.logType], settings[.format]].compactMap(\.self).filter(asksForJSON)
        let keeping = [settings[.rotate].flatMap { $0.isFalse ? nil : $0 }, settings[.full]].compactMap(\.self)
        let access = [settings[.mode], settings[.owner], settings[.group]].compactMap(\.self)
        let combined = [fields[.logFile]].compactMap(\.self).filter { !$0.isFalse }
        let separate = fields[.mergeLogs].flatMap { $0.isFalse ? $0 : nil }
        let named = [fields[.outFile], fields[.errorFile], separate].compactMap(\.self)
        let reason: String
        let asked: [Field]
        switch target {
        case .file: return
        case .direct: (reason, asked) = ("the worker itself writes the file", lines + keeping + combined)
        case .journald: (reason, asked) = ("the journal takes the lines", lines + keeping + access + combined + named)
        // disable_logs is a switch that leaves the rest of a file as it is; so is this for what stands elsewhere.
        case .none: (reason, asked) = ("nothing is written", keeping + access + lines.filter { $0.name == "format" })
        }
        for attribute in asked {
            attribute.fail(
                "\"\(attribute.name)\" cannot be had: with target \(target.rawValue) \(reason)",
                hint: "take it out, or write \(field.name): file"
            )
        }
    }

    private func asksForJSON(_ field: Field) -> Bool { field.node.scalar?.text == LineForm.json.rawValue }

    /// Both streams may have one file, but no line should stand in it twice.
    func checkFiles(of logs: LogSpec) {
        guard let combined = logs.combinedFile, let field = fields[.logFile] ?? fields[.log] else { return }
        for (file, other) in [(logs.outFile, fields[.outFile]), (logs.errorFile, fields[.errorFile])] {
            guard let other, file == combined else { continue }
            field.fail(
                "this is the file of \"\(other.name)\", which would have each line twice",
                hint: "for one file with both streams, give out_file and error_file that path, and take this out"
            )
            return
        }
    }
}
