/// Takes a JSON text apart into its tokens; blanks and comments between them are skipped.
struct JSONLexer {
    enum Token: Hashable {
        /// One of `{ [ } ] , :`.
        case mark(UInt8)
        /// A string as its scalars.
        case string(String)
        /// Anything else up to the next blank, mark or quote.
        case word(String)
        case end
    }

    /// Where a token begins, in bytes and in scalars.
    struct Position: Hashable {
        var byte = 0
        var scalar = 0
    }

    private let source: SourceText
    private let input: [UInt8]
    private(set) var position = Position()

    init(_ source: SourceText) {
        self.source = source
        input = source.bytes
    }

    /// The next token, and where it begins.
    mutating func next() throws(SyntaxProblem) -> (Token, Position) {
        while try skipBlank() {}
        let start = position
        guard let byte = current else { return (.end, start) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return (.string(try string(quote: byte)), start)
        case _ where Self.isMark(byte):
            advance()
            return (.mark(byte), start)
        default:
            repeat { advance() } while !isWordEnd
            return (.word(String(decoding: input[start.byte..<position.byte], as: UTF8.self)), start)
        }
    }

    func problem(at position: Position, _ message: String, hint: String? = nil) -> SyntaxProblem {
        SyntaxProblem(place: source.place(ofByte: position.byte), message: message, hint: hint)
    }

    private var current: UInt8? { position.byte < input.count ? input[position.byte] : nil }

    private func isNext(_ text: StaticString) -> Bool {
        input[position.byte...].starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func advance() {
        position.byte += 1
        position.scalar += 1
        while let byte = current, ASCII.isContinuation(byte) { position.byte += 1 }
    }

    private static func isMark(_ byte: UInt8) -> Bool { "{}[],:".utf8.contains(byte) }

    private var isWordEnd: Bool {
        guard let byte = current else { return true }
        return ASCII.isSpace(byte) || Self.isMark(byte) || "\"'".utf8.contains(byte) || isNext("//") || isNext("/*")
    }

    /// Skips one blank or comment; false where something else stands.
    private mutating func skipBlank() throws(SyntaxProblem) -> Bool {
        if let byte = current, ASCII.isSpace(byte) {
            advance()
        } else if isNext("//") {
            while let byte = current, !ASCII.isLineBreak(byte) { advance() }
        } else if isNext("/*") {
            let start = position
            advance()
            repeat {
                advance()
                if current == nil { throw problem(at: start, "the comment is not closed", hint: "end it with */") }
            } while !isNext("*/")
            advance()
            advance()
        } else {
            return false
        }
        return true
    }
}

// MARK: - Strings

extension JSONLexer {
    private mutating func string(quote: UInt8) throws(SyntaxProblem) -> String {
        let start = position
        advance()
        var content: [UInt8] = []
        while let byte = current, byte != quote {
            if ASCII.isLineBreak(byte) {
                throw problem(
                    at: start,
                    "the string is not closed on its line",
                    hint: #"a line break in a string is written \n"#
                )
            }
            if byte == UInt8(ascii: "\\") {
                content += Array(String(Character(try escape())).utf8)
            } else {
                let first = position.byte
                advance()
                content += input[first..<position.byte]
            }
        }
        guard current == quote else { throw problem(at: start, "the string is not closed") }
        advance()
        return String(decoding: content, as: UTF8.self)
    }

    /// Takes an escape; two `\u` that are a surrogate pair are one scalar.
    private mutating func escape() throws(SyntaxProblem) -> Unicode.Scalar {
        let start = position
        advance()
        guard let byte = current, byte == UInt8(ascii: "u") else {
            guard let scalar = current.flatMap({ Self.escapes[$0] }) else {
                throw problem(at: start, "this is not an escape of JSON", hint: #"a backslash is written \\"#)
            }
            advance()
            return scalar
        }
        advance()
        let unit = try hexDigits(of: start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let isHigh = unit < 0xDC00
        if isHigh, isNext("\\u") {
            advance()
            advance()
            let low = try hexDigits(of: start)
            let value = 0x10000 + (unit - 0xD800) << 10 + low &- 0xDC00
            if (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(value) { return scalar }
        }
        throw problem(at: start, "this is half of a surrogate pair", hint: "write the character itself")
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r",
        UInt8(ascii: "t"): "\t", UInt8(ascii: "\""): "\"", UInt8(ascii: "'"): "'", UInt8(ascii: "\\"): "\\",
        UInt8(ascii: "/"): "/",
    ]

    private mutating func hexDigits(of start: Position) throws(SyntaxProblem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current.flatMap(ASCII.hexValue) else {
                throw problem(at: start, #"\u is followed by four hexadecimal digits"#)
            }
            value = value << 4 | digit
            advance()
        }
        return value
    }
}
