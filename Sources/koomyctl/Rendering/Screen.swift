/// What the place that text goes to can show.
struct Screen: Equatable {
    /// Columns; nil where lines may be as long as they like.
    var width: Int?
    var hasColor = false
    /// Without it, everything is plain ASCII.
    var isUTF8 = true
    /// Whether a person looks at it: then a line may be written over.
    var isTerminal = false

    /// A text in a style, where styles can be shown.
    func styled(_ text: String, _ style: Style) -> String {
        hasColor && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A text from elsewhere in what the screen can show: no control characters, and no more than ASCII where that is all.
    func clean(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                clean.append(scalar == "\n" || scalar == "\t" ? " " : "?")
            } else {
                clean.append(isUTF8 || scalar.isASCII ? scalar : "?")
            }
        }
        return String(clean)
    }

    /// Stands for a value that there is none of.
    var none: String { "-" }

    var ellipsis: String { isUTF8 ? "…" : "~" }
}

/// How a text stands out: the numbers of ECMA-48's SGR.
enum Style: Int, Hashable, Sendable {
    case plain = 0, bold = 1, dim = 2, red = 31, green = 32, yellow = 33, blue = 34, magenta = 35, cyan = 36
    case brightGreen = 92, brightYellow = 93, brightBlue = 94, brightMagenta = 95, brightCyan = 96

    /// The colour of a state, of a worker or of an app.
    init(state: String) {
        switch state {
        case "ready", "ok": self = .green
        case "starting", "draining", "rolling": self = .cyan
        case "backoff", "degraded": self = .yellow
        case "errored": self = .red
        case "stopped": self = .dim
        default: self = .plain
        }
    }
}
