/// Collects what is found in one file.
final class Report {
    /// A file of another kind could fill the memory with problems; nobody reads more than this of errors or warnings.
    static let limit = 100

    let source: SourceText
    private var found: [Diagnostic] = []
    private var errorCount = 0
    private var warningCount = 0
    /// Subjects of `warnOnce`.
    private var warned: Set<String> = []

    init(source: SourceText) { self.source = source }

    var hasErrors: Bool { errorCount > 0 }

    /// Whether further errors are only counted.
    var isFull: Bool { errorCount >= Self.limit }

    /// Everything found, in the order of the places.
    var sorted: [Diagnostic] {
        let inOrder = found.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }
        return inOrder.map(\.element)
    }

    func error(at place: SourceText.Place, path: String = "", _ message: String, hint: String? = nil) {
        errorCount += 1
        guard errorCount <= Self.limit else { return }
        let isLast = errorCount == Self.limit
        found.append(diagnostic(.error, place, path, message, isLast ? "further problems are not listed" : hint))
    }

    func warning(at place: SourceText.Place, path: String = "", _ message: String, hint: String? = nil) {
        warningCount += 1
        guard warningCount <= Self.limit else { return }
        found.append(diagnostic(.warning, place, path, message, hint))
    }

    /// Warns at the first place of a subject, and is silent at all others.
    func warnOnce(
        about subject: String,
        at place: SourceText.Place,
        path: String,
        _ message: String,
        hint: String? = nil
    ) {
        guard warned.insert(subject).inserted else { return }
        warning(at: place, path: path, message, hint: hint)
    }

    private func diagnostic(
        _ severity: Diagnostic.Severity,
        _ place: SourceText.Place,
        _ path: String,
        _ message: String,
        _ hint: String?
    ) -> Diagnostic {
        Diagnostic(
            file: source.name,
            line: place.line,
            column: place.column,
            keyPath: Self.oneLine(path),
            message: Self.oneLine(message),
            hint: hint.map(Self.oneLine),
            severity: severity,
            excerpt: source.excerpt(at: place)
        )
    }

    /// A message is read by people: more of a file's text than this is not quoted in it.
    private static let longestMessage = 500

    /// What a file says can hold anything; a message is one line, and sends nothing to a terminal but text.
    private static func oneLine(_ text: String) -> String {
        if text.utf8.count > longestMessage * 4 { return oneLine(text.prefix(longestMessage) + "...") }
        guard text.unicodeScalars.contains(where: SourceText.isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where SourceText.isControl(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
