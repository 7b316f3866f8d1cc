/// One HTTP/1.1 request on a connection of its own.
package enum HTTP {
    package struct Response: Sendable {
        package var status: Int
        package var head: String
        package var body: String
    }

    package static func get(
        _ path: String,
        from address: Connection.Address,
        within limit: Duration = .seconds(10)
    ) throws -> Response {
        try request("GET", path, from: address, body: nil, within: limit)
    }

    package static func post(
        _ path: String,
        _ body: String,
        to address: Connection.Address,
        within limit: Duration = .seconds(60)
    ) throws -> Response {
        try request("POST", path, from: address, body: body, within: limit)
    }

    private static func request(
        _ method: String,
        _ path: String,
        from address: Connection.Address,
        body: String?,
        within limit: Duration
    ) throws -> Response {
        let connection = try Connection(to: address, within: limit)
        var request = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let body { request += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        try connection.send(request + "\r\n" + (body ?? ""))
        return try parse(connection.receiveAll())
    }

    private static func parse(_ text: String) throws -> Response {
        guard let (head, rest) = split(text, at: "\r\n\r\n"), let status = Int(head.dropFirst(9).prefix(3)) else {
            throw Connection.Failure(description: "not an HTTP response: \(text.prefix(200))")
        }
        let isChunked = head.lowercased().contains("transfer-encoding: chunked")
        return Response(status: status, head: head, body: isChunked ? try joinChunks(rest) : rest)
    }

    private static func joinChunks(_ text: String) throws -> String {
        var rest = Array(text.utf8)[...]
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 0x0A) {
            let size = String(decoding: rest[..<end].prefix { $0 != 0x0D && $0 != 0x3B }, as: UTF8.self)
            guard let count = Int(size, radix: 16) else { break }
            if count == 0 { return String(decoding: body, as: UTF8.self) }
            body.append(contentsOf: rest[(end + 1)...].prefix(count))
            rest = rest[(end + 1)...].dropFirst(count + 2)
        }
        throw Connection.Failure(description: "the response was cut off: \(text.suffix(200))")
    }

    private static func split(_ text: String, at separator: String) -> (String, String)? {
        // CR LF is one Character, so it is looked for in bytes.
        let bytes = Array(text.utf8)
        let mark = Array(separator.utf8)
        guard
            let at = bytes.indices.first(where: { bytes[$0...].starts(with: mark) })
        else { return nil }
        return (
            String(decoding: bytes[..<at], as: UTF8.self), String(decoding: bytes[(at + mark.count)...], as: UTF8.self)
        )
    }
}
