import FoundationEssentials

/// JSON to values and back; the one place that knows which library does it.
package enum WireCoding {
    /// The JSON of a value in UTF-8: members in alphabetical order, slashes as they are, no line feed anywhere.
    package static func encode(_ value: some Encodable) throws(WireError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw WireError(message: "cannot be written as JSON: \(error)")
        }
    }

    /// The JSON of a value and a line feed, for answers of one line a value.
    package static func encodeLine(_ value: some Encodable) throws(WireError) -> [UInt8] {
        var bytes = try encode(value)
        bytes.append(0x0A)
        return bytes
    }

    /// The value of a JSON text; members that the type does not know are left out, so that versions can differ.
    package static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        from bytes: [UInt8]
    ) throws(WireError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw WireError(error)
        } catch {
            throw WireError(message: "not JSON: \(error)")
        }
    }

    /// What a value would be on the wire, to be changed or shown.
    package static func json(of value: some Encodable) throws(WireError) -> JSONValue {
        try decode(from: encode(value))
    }
}

/// Why a text is not the JSON that was expected.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that begins with the path to the place: `apps[0].workers[1].pid: a number is expected`.
    package var message: String

    package init(message: String) { self.message = message }

    package var description: String { message }

    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(context.codingPath + [key], "is missing")
        case .valueNotFound(let type, let context):
            self.init(context.codingPath, "\(Self.name(of: type)) is expected, not null")
        case .typeMismatch(let type, let context):
            self.init(context.codingPath, "\(Self.name(of: type)) is expected")
        case .dataCorrupted(let context):
            let isForeign = context.debugDescription == "The given data was not valid JSON."
            self.init(context.codingPath, isForeign ? "it is not valid JSON" : context.debugDescription)
        @unknown default:
            self.init(message: "\(error)")
        }
    }

    private init(_ path: [any CodingKey], _ complaint: String) {
        let place = Self.text(of: path)
        message = place.isEmpty ? complaint : "\(place): \(complaint)"
    }

    private static func text(of path: [any CodingKey]) -> String {
        path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [String: Any].Type: "an object"
        case is any Sequence.Type: "a list"
        default: "an object"
        }
    }
}
