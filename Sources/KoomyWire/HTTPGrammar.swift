/// Character rules of RFC 9110 and RFC 9112.
enum HTTPGrammar {
    /// A name of a method or header: `tchar`s, at least one (RFC 9110, 5.6.2).
    static func isToken(_ bytes: some Sequence<UInt8>) -> Bool {
        var isEmpty = true
        for byte in bytes {
            guard isTokenCharacter(byte) else { return false }
            isEmpty = false
        }
        return !isEmpty
    }

    /// A request target: visible ASCII, at least one character (RFC 9112, 3.2).
    static func isTarget(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A header's value: visible characters, blanks, and bytes beyond ASCII (RFC 9110, 5.5).
    static func isFieldValue(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    /// A decimal number without sign that fits; nil for anything else.
    static func decimal(_ bytes: some Collection<UInt8>) -> UInt64? {
        guard (1...18).contains(bytes.count) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + UInt64(byte - 0x30)
        }
        return value
    }

    /// A hexadecimal number without prefix that fits; nil for anything else.
    static func hexadecimal(_ bytes: some Collection<UInt8>) -> UInt64? {
        guard (1...15).contains(bytes.count) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension UInt8 {
    /// The letter in lower case; any other byte as it is.
    var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

    /// Whether it is a space or a tab.
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}

extension Collection<UInt8> where SubSequence: BidirectionalCollection {
    /// Without the spaces and tabs at both ends.
    func trimmingBlanks() -> SubSequence {
        var rest = drop { $0.isBlank }
        while rest.last?.isBlank == true { rest = rest.dropLast() }
        return rest
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends.
    func trimmingBlanks() -> String { String(decoding: Array(utf8).trimmingBlanks(), as: UTF8.self) }
}
