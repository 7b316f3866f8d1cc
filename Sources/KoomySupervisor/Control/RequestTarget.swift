/// The target of a request, taken apart (RFC 9112, 3.2): `/v1/apps/api?x=1`.
struct RequestTarget: Hashable, Sendable {
    /// Between the slashes, with escapes resolved; empty for `/`.
    var segments: [String]
    /// The first value of each name, with escapes resolved.
    var query: [String: String] = [:]

    /// nil where an escape is none, or stands for a byte that no text here can have.
    init?(parsing text: some StringProtocol) {
        var rest = Substring(text)
        if let colon = rest.firstIndex(of: ":"), !rest.hasPrefix("/"), rest[colon...].hasPrefix("://") {
            // The absolute form, which clients send to proxies.
            rest = rest[colon...].dropFirst(3).drop { $0 != "/" && $0 != "?" }
        }
        let path = rest.prefix { $0 != "?" }
        segments = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let segment = Self.unescaped(part) else { return nil }
            segments.append(segment)
        }
        if segments == [""] { segments = [] }
        for pair in rest.dropFirst(path.count + 1).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.unescaped(parts[0]), let value = Self.unescaped(parts.count > 1 ? parts[1] : "")
            else { return nil }
            if query[name] == nil { query[name] = value }
        }
    }

    private static func unescaped(_ text: Substring) -> String? {
        guard text.utf8.contains(0x25) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
