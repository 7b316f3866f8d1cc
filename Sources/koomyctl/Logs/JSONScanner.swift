import Glibc

/// Reads one JSON text from its beginning to its end, without making values of what is not wanted.
///
/// A decoder that makes a value of every line is too slow for files of gigabytes.
struct JSONScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private static let deepest = 64

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Calls the body for each member of an object that is the whole text; false where it is none, or the body says so.
    mutating func object(_ body: (_ name: [UInt8], _ scanner: inout JSONScanner) -> Bool) -> Bool {
        guard members(body) else { return false }
        skipSpace()
        return position == bytes.endIndex
    }

    private mutating func members(_ body: (_ name: [UInt8], _ scanner: inout JSONScanner) -> Bool) -> Bool {
        guard take(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return true }
        repeat {
            guard let name = string(), take(UInt8(ascii: ":")), body(name, &self) else { return false }
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}"))
    }

    /// The bytes of a string, in UTF-8.
    mutating func string() -> [UInt8]? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var text: [UInt8] = []
        while let end = endOfPlainText() {
            text += bytes[position..<end]
            position = end + 1
            guard bytes[end] == UInt8(ascii: "\\") else { return text }
            guard escape(into: &text) else { return nil }
        }
        return nil
    }

    /// Where the next quote or backslash is.
    private func endOfPlainText() -> Int? {
        bytes.withUnsafeBytes { buffer in
            let from = position - bytes.startIndex
            guard let base = buffer.baseAddress, from < buffer.count else { return nil }
            let begin = base + from
            guard let quote = memchr(begin, 0x22, buffer.count - from) else { return nil }
            let length = UnsafeRawPointer(quote) - begin
            let end = memchr(begin, 0x5C, length).map { UnsafeRawPointer($0) - begin } ?? length
            return position + end
        }
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard position < bytes.endIndex else { return false }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard var code = hexadecimal() else { return false }
            // A character beyond the first plane is two of these (RFC 8259, section 7).
            if (0xD800...0xDBFF).contains(code), position + 1 < bytes.endIndex, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                guard let low = hexadecimal() else { return false }
                code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
            }
            text += Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default: return false
        }
        return true
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= bytes.endIndex else { return nil }
        defer { position += 4 }
        return UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    }

    /// A whole number from 0.
    mutating func number() -> Int64? {
        skipSpace()
        var cursor = TextCursor(bytes[position...])
        guard let number = cursor.number() else { return nil }
        position += cursor.consumed
        return number
    }

    /// Goes over a value, whatever it is; false where there is none.
    mutating func skipValue(depth: Int = 0) -> Bool {
        skipSpace()
        guard position < bytes.endIndex, depth < Self.deepest else { return false }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "{"): return members { $1.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            position += 1
            if take(UInt8(ascii: "]")) { return true }
            repeat {
                guard skipValue(depth: depth + 1) else { return false }
            } while take(UInt8(ascii: ","))
            return take(UInt8(ascii: "]"))
        default:
            let begin = position
            while position < bytes.endIndex, Self.isWord(bytes[position]) { position += 1 }
            return position > begin
        }
    }

    /// Whether it may be in a number, `true`, `false` or `null`.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x45, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.endIndex, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}
