/// The core schema of YAML 1.2 (chapter 10.3): what a plain scalar means.
///
/// JSON's scalars are a part of it. `yes`, `no`, `on` and `off` are texts.
enum CoreSchema {
    static func value(ofPlain text: String) -> Scalar.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE": .bool(true)
        case "false", "False", "FALSE": .bool(false)
        default: number(text) ?? .string
        }
    }

    /// The meaning of a scalar with a tag, or nil where the text does not fit the tag.
    static func value(of text: String, tag: String) -> Scalar.Value? {
        switch tag {
        case "!", "tag:yaml.org,2002:str": return .string
        case "tag:yaml.org,2002:null":
            let value = value(ofPlain: text)
            return value == .null ? value : nil
        case "tag:yaml.org,2002:bool":
            if case .bool(let flag) = value(ofPlain: text) { return .bool(flag) }
        case "tag:yaml.org,2002:int":
            if case .integer(let number)? = number(text) { return .integer(number) }
        case "tag:yaml.org,2002:float":
            switch number(text) {
            case .float(let number): return .float(number)
            case .integer: return Double(text).map(Scalar.Value.float)
            default: return nil
            }
        default: return nil
        }
        return nil
    }

    /// Whether the tag is one of those that `value(of:tag:)` knows.
    static func knowsScalar(tag: String) -> Bool {
        ["!", "str", "null", "bool", "int", "float"].contains { tag == $0 || tag == "tag:yaml.org,2002:\($0)" }
    }

    private static func number(_ text: String) -> Scalar.Value? {
        var digits = Substring(text)
        if digits.hasPrefix("0x") { return radix(digits.dropFirst(2), 16) }
        if digits.hasPrefix("0o") { return radix(digits.dropFirst(2), 8) }
        if digits.first == "-" || digits.first == "+" { digits.removeFirst() }
        switch digits {
        case ".inf", ".Inf", ".INF": return .float(text.hasPrefix("-") ? -.infinity : .infinity)
        case ".nan", ".NaN", ".NAN": return text == digits ? .float(.nan) : nil
        default: break
        }
        guard let first = digits.utf8.first, ASCII.isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        if digits.utf8.allSatisfy(ASCII.isDigit) { return .integer(Int64(text)) }
        return decimal(digits.utf8) ? Double(text).map(Scalar.Value.float) : nil
    }

    private static func radix(_ digits: Substring, _ radix: Int) -> Scalar.Value? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (ASCII.hexValue($0) ?? 99) < radix }) else { return nil }
        return .integer(Int64(digits, radix: radix))
    }

    /// Whether the text is `12`, `12.`, `.5` or `1.5e-3`, without a sign.
    private static func decimal(_ text: Substring.UTF8View) -> Bool {
        let whole = text.prefix(while: ASCII.isDigit)
        var rest = text.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: ASCII.isDigit)
            guard !whole.isEmpty || !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(ASCII.isDigit)
    }
}
