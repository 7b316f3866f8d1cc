package import KoomyModel
package import KoomySystem

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

    package func render(_ lines: UnsafeRawBufferPointer, at time: WallTime, into buffer: LineBuffer) {
        let lead = Self.beginning + stamp.text(at: time) + middle
        var start = 0
        while start < lines.count {
            let rest = UnsafeRawBufferPointer(rebasing: lines[start...])
            start += buffer.appendEscaped(rest, leadingEach: lead, trail: Self.quote + Self.end)
            guard start < lines.count else { return }
            // One that takes more than that.
            let newline = lines.firstIndex(ofByte: UInt8(ascii: "\n"), from: start)
            let end = newline ?? lines.count
            buffer.append(lead)
            appendMessage(UnsafeRawBufferPointer(rebasing: lines[start..<end]), to: buffer)
            buffer.append(newline == nil ? Self.partialEnd : Self.end)
            start = end + 1
        }
    }

    /// How many bytes lines become at most.
    func most(of lines: UnsafeRawBufferPointer, at time: WallTime) -> Int {
        let lead = Self.beginning.count + stamp.text(at: time).count + middle.count
        let trail = Self.bytes.count + Base64.padding + Self.quote.count + Self.partialEnd.count
        // An escape has six bytes, and what is no text is there as base64 as well, with two bytes for one at most.
        return lines.count * 8 + (lines.newlines + 1) * (lead + trail)
    }

    /// A line of koomyd's own.
    package func note(_ words: String, at time: WallTime) -> [UInt8] {
        let buffer = LineBuffer()
        buffer.append(Self.beginning + stamp.text(at: time))
        buffer.append(Array("\",\"app\":\"\(app)\",\"stream\":\"koomyd\",\"message\":\"".utf8))
        Array(words.utf8).withUnsafeBytes { appendMessage($0, to: buffer) }
        buffer.append(Self.end)
        return Array(buffer.bytes)
    }

    private static let beginning = Array("{\"timestamp\":\"".utf8)
    private static let end = Array("}\n".utf8)
    private static let partialEnd = Array(",\"partial\":true}\n".utf8)
    private static let bytes = Array("\",\"bytes\":\"".utf8)
    private static let quote = Array("\"".utf8)

    /// The rest of the string, its closing quote, and the bytes where they are no text.
    private func appendMessage(_ line: UnsafeRawBufferPointer, to buffer: LineBuffer) {
        if buffer.appendEscaped(line) {
            buffer.append(Self.quote)
            return
        }
        _ = Array(String(decoding: line, as: UTF8.self).utf8).withUnsafeBytes { buffer.appendEscaped($0) }
        buffer.append(Self.bytes)
        buffer.append(Base64.encode(line))
        buffer.append(Self.quote)
    }
}

/// Base64 with padding (RFC 4648, 4).
enum Base64 {
    /// How many bytes a text may have more than two for each byte.
    static let padding = 2

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
