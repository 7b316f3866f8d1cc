/// JSON without blanks, as JavaScript's JSON.stringify writes it.
enum CompactJSON {
    static func encode(_ node: Node) -> String {
        switch node.content {
        case .sequence(let items): "[" + items.map(encode).joined(separator: ",") + "]"
        case .mapping(let pairs):
            "{" + pairs.map { string($0.key) + ":" + encode($0.value) }.joined(separator: ",") + "}"
        case .scalar(let scalar): encode(scalar)
        }
    }

    private static func encode(_ scalar: Scalar) -> String {
        switch scalar.value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .string: string(scalar.text)
        case .integer(let number?): "\(number)"
        case .integer(nil): number(Double(scalar.text) ?? .infinity)
        case .float(let value): number(value)
        }
    }

    /// JavaScript has one kind of number, and null where JSON has none.
    private static func number(_ value: Double) -> String {
        if !value.isFinite { return "null" }
        if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
