/// The body of an answer with a status of 400 or more.
public struct ErrorAnswer: Codable, Hashable, Sendable {
    /// What went wrong.
    public var error: ErrorView

    /// An answer that says this.
    public init(error: ErrorView) { self.error = error }
}

/// Why a request was not begun.
public struct ErrorView: Codable, Hashable, Sendable {
    /// An `Outcome`; stable.
    public var code: String
    /// For people, one sentence.
    public var message: String
    /// What to try next, for people.
    public var hint: String?
    /// What is wrong with the file, where that is why.
    public var diagnostics: [DiagnosticView]?
    /// The exit code of koomyctl: an `ExitCode`.
    public var exitCode: Int32

    /// An error from its parts.
    public init(
        code: String,
        message: String,
        hint: String? = nil,
        diagnostics: [DiagnosticView]? = nil,
        exitCode: Int32
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.diagnostics = diagnostics
        self.exitCode = exitCode
    }

    /// An error whose exit code follows from its outcome.
    public init(_ outcome: Outcome, message: String, hint: String? = nil, diagnostics: [DiagnosticView]? = nil) {
        self.init(
            code: outcome.rawValue,
            message: message,
            hint: hint,
            diagnostics: diagnostics,
            exitCode: outcome.exitCode.rawValue
        )
    }
}

/// One problem in an ecosystem file.
public struct DiagnosticView: Codable, Hashable, Sendable {
    /// The file that it is in.
    public var file: String
    /// From 1; 0 where no line is to blame.
    public var line: Int
    /// From 1; 0 where no column is to blame.
    public var column: Int
    /// What is wrong.
    public var message: String
    /// What would be right.
    public var hint: String?
    /// `error` or `warning`.
    public var severity: String

    /// A diagnostic from its parts.
    public init(file: String, line: Int, column: Int, message: String, hint: String? = nil, severity: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.severity = severity
    }

    /// As compilers write it: `file:line:column: error: message (hint)`.
    public var text: String {
        let place = line > 0 ? (column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)") : file
        return "\(place): \(severity): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
