/// A JSON value as it came over the wire, for tests that check the documented names and not the types behind them.
///
/// Members and elements that are missing are `.null`, so that `status.apps[0].state.string` needs no unwrapping on the way.
@dynamicMemberLookup
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    package subscript(dynamicMember name: String) -> JSON { self[name] }

    package subscript(name: String) -> JSON {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    package subscript(index: Int) -> JSON {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { .null }
    }

    package var isNull: Bool { self == .null }
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var double: Double? { if case .number(let value) = self { value } else { nil } }
    package var int: Int? { double.flatMap(Int.init(exactly:)) }
    /// The elements of an array; none of anything else.
    package var array: [JSON] { if case .array(let elements) = self { elements } else { [] } }
    /// The names of an object's members; none of anything else.
    package var names: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }
}

extension JSON {
    /// What is wrong with a text that is not JSON.
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package init(parsing text: String) throws {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    /// The values of a text with one on each line (application/x-ndjson).
    package static func lines(_ text: String) throws -> [JSON] {
        try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        func malformed(_ wanted: String) -> Malformed {
            let near = String(decoding: bytes[max(0, at - 20)..<min(bytes.count, at + 20)], as: UTF8.self)
            return Malformed(description: "not JSON at byte \(at), \(wanted) expected: …\(near)…")
        }

        mutating func document() throws -> JSON {
            let value = try value()
            skipSpace()
            guard next == nil else { throw malformed("the end") }
            return value
        }

        mutating func skipSpace() {
            while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { at += 1 }
        }

        mutating func take(_ text: String) throws {
            guard bytes[at...].starts(with: text.utf8) else { throw malformed(text) }
            at += text.utf8.count
        }

        mutating func value() throws -> JSON {
            skipSpace()
            switch next {
            case UInt8(ascii: "{"): return try object()
            case UInt8(ascii: "["): return try array()
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"):
                try take("true")
                return .bool(true)
            case UInt8(ascii: "f"):
                try take("false")
                return .bool(false)
            case UInt8(ascii: "n"):
                try take("null")
                return .null
            default: return try number()
            }
        }

        mutating func number() throws -> JSON {
            let start = at
            while let byte = next, "+-.0123456789eE".utf8.contains(byte) { at += 1 }
            guard let value = Double(String(decoding: bytes[start..<at], as: UTF8.self)) else {
                throw malformed("a value")
            }
            return .number(value)
        }

        /// What is between two brackets, separated by commas.
        mutating func list(from open: String, to close: UInt8, _ element: (inout Reader) throws -> Void) throws {
            try take(open)
            skipSpace()
            if next == close {
                at += 1
                return
            }
            while true {
                try element(&self)
                skipSpace()
                if next == close {
                    at += 1
                    return
                }
                try take(",")
            }
        }

        mutating func array() throws -> JSON {
            var elements: [JSON] = []
            try list(from: "[", to: UInt8(ascii: "]")) { elements.append(try $0.value()) }
            return .array(elements)
        }

        mutating func object() throws -> JSON {
            var members: [String: JSON] = [:]
            try list(from: "{", to: UInt8(ascii: "}")) { reader in
                reader.skipSpace()
                let name = try reader.string()
                reader.skipSpace()
                try reader.take(":")
                members[name] = try reader.value()
            }
            return .object(members)
        }

        mutating func string() throws -> String {
            try take("\"")
            var text: [UInt8] = []
            while let byte = next {
                at += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
                default: text.append(byte)
                }
            }
            throw malformed("the end of a string")
        }

        /// The bytes of an escape whose backslash has been read.
        mutating func escape() throws -> [UInt8] {
            guard let byte = next else { throw malformed("an escape") }
            at += 1
            switch byte {
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "u"): return Array(String(try unicodeScalar()).utf8)
            default: return [byte]
            }
        }

        mutating func unicodeScalar() throws -> Character {
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code) {
                try take("\\u")
                code = 0x10000 + (code - 0xD800) << 10 + (try hexadecimal() &- 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("a character") }
            return Character(scalar)
        }

        mutating func hexadecimal() throws -> UInt32 {
            let digits = bytes[at...].prefix(4)
            guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
                throw malformed("four hexadecimal digits")
            }
            at += 4
            return code
        }
    }
}
