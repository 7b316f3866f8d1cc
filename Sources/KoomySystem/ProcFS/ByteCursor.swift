/// Walks over the words and lines of a text in bytes, without making strings.
struct ByteCursor {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The bytes up to the next newline, which is passed; nil at the end.
    mutating func nextLine() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
        let line = rest[..<end]
        rest = end == rest.endIndex ? [] : rest[(end + 1)...]
        return line
    }

    /// The next word between blanks; nil at the end.
    mutating func nextWord() -> ArraySlice<UInt8>? {
        rest = rest.drop(while: Self.isBlank)
        guard !rest.isEmpty else { return nil }
        let word = rest.prefix { !Self.isBlank($0) }
        rest = rest[word.endIndex...]
        return word
    }

    /// The next line that begins with a key, without the key; the lines before it are passed.
    mutating func nextLine(after key: String) -> ByteCursor? {
        while let line = nextLine() {
            if line.starts(with: key.utf8) { return ByteCursor(line.dropFirst(key.utf8.count)) }
        }
        return nil
    }

    /// The next word that begins with a key, without the key; the words before it are passed.
    mutating func nextWord(after key: String) -> ArraySlice<UInt8>? {
        while let word = nextWord() {
            if word.starts(with: key.utf8) { return word.dropFirst(key.utf8.count) }
        }
        return nil
    }

    mutating func skipWords(_ count: Int) {
        for _ in 0..<count { _ = nextWord() }
    }

    /// The next word as a number of the given base.
    mutating func nextNumber(radix: UInt64 = 10) -> UInt64? { nextWord().flatMap { Self.number($0, radix: radix) } }

    /// The next word as a number that may be negative.
    mutating func nextSigned() -> Int64? {
        guard let word = nextWord() else { return nil }
        guard word.first == UInt8(ascii: "-") else { return Self.number(word).flatMap { Int64(exactly: $0) } }
        return Self.number(word.dropFirst()).flatMap { Int64(exactly: $0) }.map { -$0 }
    }

    /// Digits as a number, `0x` allowed before hexadecimal ones; nil for anything else.
    static func number(_ word: ArraySlice<UInt8>, radix: UInt64 = 10) -> UInt64? {
        var digits = word
        if radix == 16, digits.starts(with: "0x".utf8) { digits = digits.dropFirst(2) }
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte - UInt8(ascii: "A")) + 10
            default: return nil
            }
            guard digit < radix else { return nil }
            let (product, overflowed) = value.multipliedReportingOverflow(by: radix)
            let (sum, carried) = product.addingReportingOverflow(digit)
            guard !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
    }
}
