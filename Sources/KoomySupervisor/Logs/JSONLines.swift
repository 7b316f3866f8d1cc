package import KoomyModel
import KoomySystem

/// Writes each line as an object of JSON (RFC 8259), a line each.
///
/// `{"timestamp":"2026-01-31T23:59:59.123+01:00","app":"api","slot":0,"generation":3,"stream":"out","message":"…"}`.
/// A line that is no UTF-8 has U+FFFD in its message for what is not, and its exact bytes in base64 as `bytes`. A piece of
/// a line that is longer than a pipe has `"partial":true`; the line goes on in the next object of this worker and stream.
package struct JSONLines {
    private let stamp = LogStamp(LogDateFormat.iso)
    private let app: String
    /// `","app":"api","slot":0,"generation":3,"stream":"out","message":"`.
    private let middle: [UInt8]

    package init(app: AppName, slot: Int, generation: Generation, stream: LogStream) {
        self.app = app.text
        // The name of an app has no character that JSON would escape.
        let fields =
            "\"app\":\"\(app)\",\"slot\":\(slot),\"generation\":\(generation.number),\"stream\":\"\(stream.rawValue)\""
        middle = Array("\",\(fields),\"message\":\"".utf8)
    }

    package func render(_ lines: UnsafeRawBufferPointer, at time: WallTime) -> [UInt8] {
        let lead = Array("{\"timestamp\":\"".utf8) + stamp.text(at: time) + middle
        var text: [UInt8] = []
        text.reserveCapacity(lines.count + (lines.newlines + 1) * (lead.count + 4) + lines.count / 16)
        var start = 0
        while start < lines.count {
            let newline = lines.firstIndex(ofByte: UInt8(ascii: "\n"), from: start)
            let end = newline ?? lines.count
            text += lead
            appendMessage(UnsafeRawBufferPointer(rebasing: lines[start..<end]), to: &text)
            if newline == nil { text += Self.partial }
            text += Self.end
            start = end + 1
        }
        return text
    }

    /// A line of koomyd's own.
    package func note(_ words: String, at time: WallTime) -> [UInt8] {
        var text = Array("{\"timestamp\":\"".utf8) + stamp.text(at: time)
        text += Array("\",\"app\":\"\(app)\",\"stream\":\"koomyd\",\"message\":\"".utf8)
        Array(words.utf8).withUnsafeBytes { appendMessage($0, to: &text) }
        return text + Self.end
    }

    private static let end = Array("}\n".utf8)
    private static let partial = Array(",\"partial\":true".utf8)

    /// The rest of the string, its closing quote, and the bytes where they are no text.
    private func appendMessage(_ line: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        if line.isASCII || String(validating: line, as: UTF8.self) != nil {
            appendEscaped(line, to: &text)
            text.append(Self.quote)
            return
        }
        Array(String(decoding: line, as: UTF8.self).utf8).withUnsafeBytes { appendEscaped($0, to: &text) }
        text.append(Self.quote)
        text += Array(",\"bytes\":\"".utf8)
        text += Base64.encode(line)
        text.append(Self.quote)
    }

    private static let quote = UInt8(ascii: "\"")

    private func appendEscaped(_ line: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        var start = 0
        var place = line.firstEscaped(from: 0)
        while place < line.count {
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: line[start..<place]))
            appendEscape(of: line[place], to: &text)
            start = place + 1
            place = line.firstEscaped(from: start)
        }
        text.append(contentsOf: UnsafeRawBufferPointer(rebasing: line[start...]))
    }

    private func appendEscape(of byte: UInt8, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case 0x08: text.append(UInt8(ascii: "b"))
        case 0x09: text.append(UInt8(ascii: "t"))
        case 0x0C: text.append(UInt8(ascii: "f"))
        case 0x0D: text.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            text += Array("u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

/// Base64 with padding (RFC 4648, 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0..<4 {
                let isPadding = index > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return text
    }
}
