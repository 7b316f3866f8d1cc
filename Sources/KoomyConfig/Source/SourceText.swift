/// The text of a file: valid UTF-8 without a byte order mark, and where its lines begin.
struct SourceText: Sendable {
    /// Where something stands, for people.
    struct Place: Hashable, Sendable {
        /// From 1.
        var line: Int
        /// From 1, in Unicode scalars.
        var column: Int
        /// How many scalars of that line are meant, at least 1.
        var length = 1

        static let start = Place(line: 1, column: 1)
    }

    let name: String
    let bytes: [UInt8]
    /// A line's first byte, how many scalars stand before it, and how many it has without its line break.
    private let lines: [(byte: Int, scalar: Int, length: Int)]
    private let scalarCount: Int

    /// Takes the bytes of a file.
    ///
    /// - Throws: what is wrong with the bytes, before anything is known of their meaning.
    init(bytes: [UInt8], name: String) throws(ConfigurationError) {
        guard bytes.count <= FileContents.sizeLimit else { throw FileContents.tooLarge(name) }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            let diagnostic = Diagnostic(file: name, message: "the file is UTF-16", hint: "save it as UTF-8")
            throw ConfigurationError([diagnostic])
        }
        self.init(unchecked: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes, name: name)
        if let (offset, message, hint) = firstFault() {
            let place = place(ofByte: offset)
            throw ConfigurationError([
                Diagnostic(file: name, line: place.line, column: place.column, message: message, hint: hint)
            ])
        }
    }

    private init(unchecked bytes: [UInt8], name: String) {
        self.name = name
        self.bytes = bytes
        var lines = [(byte: 0, scalar: 0, length: 0)]
        var scalars = 0
        for (index, byte) in bytes.enumerated() {
            if ASCII.isContinuation(byte) { continue }
            scalars += 1
            if !ASCII.isLineBreak(byte) {
                lines[lines.count - 1].length += 1
            } else if !(byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A) {
                lines.append((index + 1, scalars, 0))
            }
        }
        // The emptiness after a last line break is no line that anybody sees.
        if lines.count > 1, lines.last?.byte == bytes.count { lines.removeLast() }
        self.lines = lines
        scalarCount = scalars
    }

    private func firstFault() -> (offset: Int, message: String, hint: String?)? {
        var fault: (offset: Int, message: String, hint: String?)?
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            fault = (error.byteOffsets.lowerBound, "this is not UTF-8", "save the file as UTF-8")
        }
        let control = bytes.firstIndex { $0 < 0x20 && !ASCII.isSpace($0) }
        if let control, control < fault?.offset ?? .max {
            let code = String(bytes[control], radix: 16, uppercase: true)
            let number = String(repeating: "0", count: 4 - code.count) + code
            fault = (control, "control character U+\(number) in the text", "take it out, or write it as an escape")
        }
        return fault
    }

    /// The last line's number.
    var lineCount: Int { lines.count }

    func place(ofByte offset: Int) -> Place {
        let line = lines.lastIndex { $0.byte <= offset } ?? 0
        let before = bytes[lines[line].byte..<min(offset, bytes.count)]
        return Place(line: line + 1, column: before.count { !ASCII.isContinuation($0) } + 1)
    }

    /// The place of the scalars `range` (counted from the text's start), cut at the end of their first line.
    func place(ofScalars range: Range<Int>) -> Place {
        var low = 0
        var high = lines.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle].scalar <= range.lowerBound { low = middle } else { high = middle }
        }
        let lineEnd = high < lines.count ? lines[high].scalar : scalarCount
        let start = min(range.lowerBound, lineEnd)
        let column = min(start - lines[low].scalar, lines[low].length) + 1
        return Place(line: low + 1, column: column, length: max(1, min(range.upperBound, lineEnd) - start))
    }

    /// The scalars of a line, without its line break.
    func scalars(ofLine line: Int) -> [Unicode.Scalar] {
        let end = line < lines.count ? lines[line].byte : bytes.count
        var content = bytes[lines[line - 1].byte..<end]
        while let last = content.last, ASCII.isLineBreak(last) { content.removeLast() }
        return Array(String(decoding: content, as: UTF8.self).unicodeScalars)
    }
}

extension SourceText {
    /// Room for a line on most terminals.
    private static let excerptWidth = 100

    /// Characters that move a cursor or end a line instead of being seen.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }

    /// The line at a place as people are shown it.
    func excerpt(at place: Place) -> Diagnostic.Excerpt {
        let line = scalars(ofLine: place.line)
        let start = line.count <= Self.excerptWidth ? 0 : max(0, place.column - 1 - Self.excerptWidth / 2)
        let window = line[start..<min(line.count, start + Self.excerptWidth)]
        var text = ""
        for scalar in window { text.unicodeScalars.append(Self.isControl(scalar) ? " " : scalar) }
        let offset = place.column - 1 - start
        return Diagnostic.Excerpt(text: text, offset: offset, length: max(1, min(place.length, window.count - offset)))
    }
}
