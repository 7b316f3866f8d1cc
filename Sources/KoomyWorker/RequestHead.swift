/// The head of an HTTP/1 request, as far as a small worker needs it.
public struct RequestHead: Hashable, Sendable {
    /// `GET`, `POST` …, as it was sent.
    public let method: String
    /// What stands between the method and the version, such as `/health?verbose=1`.
    public let target: String
    /// Whether the client would like to send another request on the same connection (RFC 9112 §9.3).
    public let keepsAlive: Bool
    /// The number of body bytes that follow the head; 0 where the request names none.
    public let contentLength: Int
    /// The length of the head, with the empty line that ends it.
    public let byteCount: Int

    /// Reads a head; nil while its end has not come, or where it is not one.
    public init?(_ input: ArraySlice<UInt8>) {
        guard let end = Self.end(of: input) else { return nil }
        let lines = String(decoding: input[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let words = lines.first?.split(separator: " "), words.count == 3, words[2].hasPrefix("HTTP/1.") else {
            return nil
        }
        var keepsAlive = words[2] != "HTTP/1.0"
        var contentLength = 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].lowercased().filter { $0 != " " && $0 != "\t" }
            switch line[..<colon].lowercased() {
            case "connection":
                let tokens = value.split(separator: ",")
                if tokens.contains("close") {
                    keepsAlive = false
                } else if tokens.contains("keep-alive") {
                    keepsAlive = true
                }
            case "content-length":
                guard let length = Int(value), length >= 0 else { return nil }
                contentLength = length
            default: break
            }
        }
        self.method = String(words[0])
        self.target = String(words[1])
        self.keepsAlive = keepsAlive
        self.contentLength = contentLength
        self.byteCount = end - input.startIndex
    }

    private static func end(of input: ArraySlice<UInt8>) -> Int? {
        var index = input.startIndex
        while index + 3 < input.endIndex {
            if input[index] == 13, input[index + 1] == 10, input[index + 2] == 13, input[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
