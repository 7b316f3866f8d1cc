/// Turns what libyaml says into what a writer of ecosystem files can use.
enum SyntaxAdvice {
    static func problem(
        _ failure: YAMLEvents.Failure,
        at place: SourceText.Place,
        context: SourceText.Place,
        in source: SourceText
    ) -> SyntaxProblem {
        let line = source.scalars(ofLine: place.line)
        let character = place.column <= line.count ? line[place.column - 1] : nil
        var message = failure.message
        if let doing = failure.context {
            let began = context.line == place.line ? "" : " that began at \(context.line):\(context.column)"
            message += " \(doing)\(began)"
        }
        return SyntaxProblem(place: place, message: message, hint: hint(failure, character, line))
    }

    private static func hint(
        _ failure: YAMLEvents.Failure,
        _ character: Unicode.Scalar?,
        _ line: [Unicode.Scalar]
    ) -> String? {
        let message = failure.message
        let indentation = line.prefix { $0 == " " || $0 == "\t" }
        if message.contains("cannot start any token") {
            if character == "\t" || indentation.contains("\t") { return "YAML is indented with spaces, not with tabs" }
            if let character { return "a text that begins with \(character) needs quotes" }
        }
        if message.contains("mapping values are not allowed") {
            return #"a text that holds ": " needs quotes; else check the indentation"#
        }
        if message.contains("unexpected end of stream") || message.contains("document indicator") {
            return "a quote is not closed"
        }
        if message.contains("',' or '}'") || message.contains("',' or ']'") {
            return "a comma or a closing bracket is missing before this"
        }
        if message.contains("expected node content"), line.contains("[") {
            return #"an IPv6 address needs quotes: "[::1]:5000""#
        }
        if message.contains("expected key") || message.contains("'-' indicator") {
            return "check the indentation: entries of one mapping or list begin in one column"
        }
        if message.contains("could not find expected ':'") {
            return "a key is followed by a colon and a space"
        }
        return nil
    }
}
