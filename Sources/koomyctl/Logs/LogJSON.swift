import KoomyModel

/// A line as an object of JSON, with the members that `log: {format: json}` writes.
enum LogJSON {
    static func append(_ entry: LogEntry, of origin: LogOrigin, to buffer: inout [UInt8]) {
        if entry.record != nil, entry.piece.ends {
            // It is one already.
            buffer += entry.piece.bytes
            buffer.append(0x0A)
            return
        }
        var members: [UInt8] = Array("{".utf8)
        if entry.isTimed {
            member("timestamp", Array(CalendarTime(local: entry.time).text.utf8)[...], to: &members)
        }
        member("app", Array(origin.app.utf8)[...], to: &members)
        if let slot = origin.slot { members += Array("\"slot\":\(slot),".utf8) }
        if let stream = origin.stream { member("stream", Array(stream.rawValue.utf8)[...], to: &members) }
        member("message", entry.message, to: &members)
        if !entry.message.isText { member("bytes", Base64.encoded(Array(entry.message))[...], to: &members) }
        if !entry.piece.ends { members += Array("\"partial\":true,".utf8) }
        members.removeLast()
        buffer += members
        buffer += [0x7D, 0x0A]
    }

    private static func member(_ name: String, _ text: ArraySlice<UInt8>, to buffer: inout [UInt8]) {
        buffer += Array("\"\(name)\":\"".utf8)
        appendText(text, to: &buffer)
        buffer += [0x22, 0x2C]
    }

    /// The inside of a string (RFC 8259, section 7); what is not UTF-8 as U+FFFD.
    private static func appendText(_ bytes: ArraySlice<UInt8>, to buffer: inout [UInt8]) {
        let isText = bytes.isText
        if isText, !bytes.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            buffer += bytes
            return
        }
        for byte in isText ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)[...] {
            switch byte {
            case 0x22, 0x5C: buffer += [0x5C, byte]
            case 0x08: buffer += Array("\\b".utf8)
            case 0x09: buffer += Array("\\t".utf8)
            case 0x0A: buffer += Array("\\n".utf8)
            case 0x0C: buffer += Array("\\f".utf8)
            case 0x0D: buffer += Array("\\r".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                buffer += Array("\\u00\(digits.utf8.count < 2 ? "0" : "")\(digits)".utf8)
            default: buffer.append(byte)
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether these bytes are UTF-8.
    var isText: Bool { withUnsafeBufferPointer { UTF8Check.isValid($0) } }
}

private enum UTF8Check {
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}
