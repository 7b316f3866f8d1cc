import KoomyModel

/// What `format` says; PM2 calls it `log_type`.
enum LineForm: String, CaseIterable {
    case raw, json
}

extension AppReader {
    /// What PM2 takes for `time: true`.
    private static let timeFormat = "YYYY-MM-DDTHH:mm:ss"

    /// What lines look like in the files.
    func format(_ settings: Fields<LogAttribute>?) -> LogFormat {
        let stamp = stamp()
        let field = settings?[.format] ?? fields[.logType]
        if let type = fields[.logType], let format = settings?[.format] { refuse(type, format) }
        guard let field, form(field) == .json else { return stamp.map { .stamped($0) } ?? .raw }
        for stamping in stampFields {
            stamping.fail(
                "a line of JSON has its time in it, and nothing stands before it",
                hint: "take \"\(stamping.name)\" out, or \"\(field.name)\""
            )
        }
        return .json
    }

    private func form(_ field: Field) -> LineForm? {
        guard field.node.scalar?.text == "stamped" else { return field.word(LineForm.self) }
        field.fail(
            "\"\(field.name)\" is one of raw, json, not \(field.node.summary)",
            hint: #"log_date_format: "YYYY-MM-DD HH:mm:ss" puts the time before each line"#
        )
        return nil
    }

    /// What each line begins with; a format of one's own wins over PM2's short form.
    private func stamp() -> LogDateFormat? {
        let isStamped = fields[.time]?.flag() ?? false
        guard let field = fields[.logDateFormat] else {
            return isStamped ? fields[.time].flatMap { dateFormat(Self.timeFormat, $0) } : nil
        }
        if field.isFalse { return nil }
        return field.text("a date format", example: #""YYYY-MM-DD HH:mm:ss Z""#).flatMap { dateFormat($0, field) }
    }

    /// The attributes that ask for a stamp.
    var stampFields: [Field] {
        [fields[.logDateFormat], fields[.time]].compactMap(\.self).filter { !$0.isFalse }
    }

    private func dateFormat(_ text: String, _ field: Field) -> LogDateFormat? {
        field.value { () throws(ValueProblem) in try MomentFormat.parse(text) }
    }
}
