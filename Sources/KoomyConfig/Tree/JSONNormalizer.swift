/// Writes a JSON text so that libyaml reads it as JSON means it, and remembers where everything stood.
///
/// YAML 1.2 contains JSON; libyaml reads YAML 1.1, which does not: surrogate pairs, long keys, a line break before a
/// colon, tabs, and some characters in strings need another spelling. Comments, single quotes, names without quotes and
/// trailing commas are let through, since PM2 evaluates its JSON files as JavaScript.
struct JSONNormalizer {
    private var lexer: JSONLexer
    private var output: [UInt8] = []
    /// Scalars of the output.
    private var length = 0
    private var shifts = PositionMap()
    /// Whether a value has just ended, so that a comma, a colon or a bracket has to follow.
    private var valueEnded = false
    private var depth = 0

    static func normalize(_ source: SourceText) throws(SyntaxProblem) -> ([UInt8], PositionMap) {
        var normalizer = JSONNormalizer(lexer: JSONLexer(source))
        try normalizer.run()
        return (normalizer.output, normalizer.shifts)
    }

    private init(lexer: JSONLexer) { self.lexer = lexer }

    private mutating func run() throws(SyntaxProblem) {
        var (token, position) = try lexer.next()
        while token != .end {
            let (following, next) = try lexer.next()
            let isKey = following == .mark(UInt8(ascii: ":"))
            switch token {
            case .mark(let byte): try mark(byte, at: position)
            case .string(let text):
                try requireComma(at: position)
                scalar(Self.quoted(text), at: position, isKey: isKey)
            case .word(let text):
                try requireComma(at: position)
                guard isKey ? Self.isName(text) : Self.isLiteral(text) else {
                    let shown = Scalar(text: text, value: .string).quotedText
                    throw lexer.problem(at: position, "\(shown) is not JSON", hint: "a text stands in double quotes")
                }
                scalar(isKey ? Self.quoted(text) : text, at: position, isKey: isKey)
            case .end: break
            }
            (token, position) = (following, next)
        }
        shifts.note(text: length, file: position.scalar)
    }

    private mutating func mark(_ byte: UInt8, at position: JSONLexer.Position) throws(SyntaxProblem) {
        let opens = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        if opens { try requireComma(at: position) }
        valueEnded = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        depth += opens ? 1 : valueEnded ? -1 : 0
        guard depth <= Composer.depthLimit + 1 else { throw lexer.problem(at: position, Composer.tooDeep) }
        shifts.note(text: length, file: position.scalar)
        emit(String(UnicodeScalar(byte)))
        // YAML's colons and commas need the space; a bracket does not.
        emit(" ")
    }

    /// libyaml takes a key without its mark `?` only up to 1024 characters.
    private mutating func scalar(_ text: String, at position: JSONLexer.Position, isKey: Bool) {
        if isKey, text.utf8.count > 1000 { emit("? ") }
        shifts.note(text: length, file: position.scalar)
        emit(text)
        // A colon that follows stands close, since a key and its colon share a line in YAML.
        if !isKey { emit(" ") }
        valueEnded = true
    }

    private func requireComma(at position: JSONLexer.Position) throws(SyntaxProblem) {
        guard valueEnded else { return }
        throw lexer.problem(at: position, "a comma is missing before this")
    }

    private mutating func emit(_ text: String) {
        output += Array(text.utf8)
        length += text.unicodeScalars.count
    }
}

// MARK: - Scalars

extension JSONNormalizer {
    /// The text in YAML's double quotes; whatever libyaml would refuse or fold is an escape.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C:
                result += "\\"
                result.unicodeScalars.append(scalar)
            case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...:
                result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// Whether the word may stand before a colon without quotes, as in JavaScript.
    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "$") }
    }

    /// Whether the word is a literal or a number of JSON (RFC 8259, 3 and 6).
    private static func isLiteral(_ text: String) -> Bool {
        if ["true", "false", "null"].contains(text) { return true }
        let digits = Array((text.hasPrefix("-") ? text.dropFirst() : text[...]).utf8)
        guard let first = digits.first, ASCII.isDigit(first) else { return false }
        if first == UInt8(ascii: "0"), digits.count > 1, ASCII.isDigit(digits[1]) { return false }
        // YAML knows `1.` and `1.e5`, JSON does not.
        if let dot = digits.firstIndex(of: UInt8(ascii: ".")) {
            guard dot + 1 < digits.count, ASCII.isDigit(digits[dot + 1]) else { return false }
        }
        switch CoreSchema.value(ofPlain: text) {
        case .integer: return digits.allSatisfy(ASCII.isDigit)
        case .float: return true
        case .null, .bool, .string: return false
        }
    }
}
