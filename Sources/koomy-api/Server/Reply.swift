import CMicrohttpd

/// A response: JSON, always.
struct Reply: Sendable {
    var status: UInt32
    var body: JSON
    var headers: [(name: String, value: String)] = []
    /// The rest of the request is not read: the connection ends with this response.
    var endsConnection = false

    static func ok(_ body: JSON) -> Reply { Reply(status: UInt32(MHD_HTTP_OK), body: body) }

    /// A failure with a short machine-readable word and a sentence for people.
    static func failure(_ status: Int32, _ code: String, _ message: String) -> Reply {
        Reply(status: UInt32(status), body: ["error": ["code": .string(code), "message": .string(message)]])
    }

    static func unavailable(_ code: String, _ message: String) -> Reply {
        var reply = failure(MHD_HTTP_SERVICE_UNAVAILABLE, code, message)
        reply.headers = [("Retry-After", "1")]
        return reply
    }

    /// Hands the response to libmicrohttpd, which copies what it needs.
    func queue(on connection: OpaquePointer, saysClose: Bool) -> MHD_Result {
        var bytes = body.bytes
        bytes.append(UInt8(ascii: "\n"))
        let response = bytes.withUnsafeMutableBytes {
            MHD_create_response_from_buffer($0.count, $0.baseAddress, .RESPMEM_MUST_COPY)
        }
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        var lines = headers + [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        if saysClose || endsConnection { lines.append(("Connection", "close")) }
        for line in lines { MHD_add_response_header(response, line.name, line.value) }
        return MHD_queue_response(connection, status, response)
    }
}
