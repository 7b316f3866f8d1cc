/// One problem of an ecosystem file, or one thing worth knowing about it, and where it stands.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        /// Nothing of the file is taken over.
        case error
        /// The file is taken over; this part of it does nothing, or perhaps not what was meant.
        case warning
    }

    /// The line that is meant, and which part of it.
    package struct Excerpt: Hashable, Sendable {
        /// The line, or a window of a long one, without its line break; tabs are single spaces.
        package var text: String
        /// How many characters of `text` stand before the place.
        package var offset: Int
        /// How many characters are meant, at least 1.
        package var length: Int
    }

    /// The name the file was asked for by.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// The way to the value, `apps[0].listen[1].port`; empty where the file as a whole is meant.
    package var keyPath: String
    /// One line without a full stop.
    package var message: String
    /// What to do about it.
    package var hint: String?
    package var severity: Severity
    /// nil where there is no text to show.
    package var excerpt: Excerpt?

    package init(
        file: String,
        line: Int = 1,
        column: Int = 1,
        keyPath: String = "",
        message: String,
        hint: String? = nil,
        severity: Severity = .error,
        excerpt: Excerpt? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.message = message
        self.hint = hint
        self.severity = severity
        self.excerpt = excerpt
    }
}

extension Diagnostic: CustomStringConvertible {
    /// Everything on one line: `api.yaml:3:5: error: unknown attribute "instnces" (did you mean "instances"?)`.
    package var description: String {
        "\(file):\(line):\(column): \(severity.rawValue): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}

extension Diagnostic {
    /// The form for a terminal: the message, the quoted line with a caret under the place, and the hint.
    package func rendered() -> String {
        var lines = ["\(file):\(line):\(column): \(severity.rawValue): \(message)"]
        if let excerpt {
            let number = "\(line)"
            let margin = String(repeating: " ", count: max(5, number.count))
            let mark = String(repeating: " ", count: excerpt.offset) + "^"
            lines.append(String(margin.dropLast(number.count)) + number + " | " + excerpt.text)
            lines.append(margin + " | " + mark + String(repeating: "~", count: excerpt.length - 1))
        }
        if let hint { lines.append("  hint: \(hint)") }
        return lines.joined(separator: "\n")
    }
}
