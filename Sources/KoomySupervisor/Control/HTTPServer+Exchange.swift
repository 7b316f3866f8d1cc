import CMicrohttpd
import KoomySystem
import KoomyWire

// What libmicrohttpd tells, through HTTPCallbacks, of its connections; each is known by its descriptor.
extension HTTPServer {
    /// libmicrohttpd has taken over a connection.
    func begin(_ raw: OpaquePointer, descriptor: Int32) {
        let connection = HTTPConnection(raw, descriptor: descriptor, server: self)
        connections[descriptor] = connection
        connection.expire(after: limits.requestTime)
        acceptor?.isFull = connections.count >= limits.connections
    }

    /// libmicrohttpd is about to close the descriptor.
    func end(descriptor: Int32) {
        connections.removeValue(forKey: descriptor)?.endExchange()
        acceptor?.isFull = connections.count >= limits.connections
    }

    /// A request line has come.
    func beginExchange(descriptor: Int32, target: String) {
        connections[descriptor]?.exchange = HTTPConnection.Exchange(target: target)
    }

    /// An answer is complete, or will never be.
    func endExchange(descriptor: Int32) {
        guard let connection = connections[descriptor] else { return }
        connection.noticeEnd()
        connection.endExchange()
    }

    /// The head of a request has come, then pieces of its body, then its end; false closes the connection.
    func handle(
        _ raw: OpaquePointer,
        descriptor: Int32,
        method: String,
        declaredLength: Int?,
        piece: UnsafeRawBufferPointer
    ) -> Bool {
        guard let connection = connections[descriptor], var exchange = connection.exchange else { return false }
        guard exchange.hasHead else {
            exchange.hasHead = true
            connection.exchange = exchange
            // Refused before the client sends it, where it waits for leave to (RFC 9110, 10.1.1).
            if let declaredLength, declaredLength > limits.body { return answer(raw, connection, method, body: nil) }
            return true
        }
        if piece.isEmpty {
            return answer(raw, connection, method, body: exchange.discarded > 0 ? nil : exchange.body)
        }
        // The array is changed in place, not copied.
        connection.exchange = nil
        if exchange.discarded == 0, exchange.body.count + piece.count <= limits.body {
            exchange.body += piece
        } else {
            exchange.body = []
            exchange.discarded += piece.count
        }
        connection.exchange = exchange
        return exchange.discarded <= limits.discardedBody
    }

    private func answer(_ raw: OpaquePointer, _ connection: HTTPConnection, _ method: String, body: [UInt8]?) -> Bool {
        guard let peer = try? PeerCredentials(of: connection.descriptor), let target = connection.exchange?.target
        else { return false }
        connection.exchange?.body = []
        let request = HTTPRequest(
            method: method,
            target: target,
            body: body,
            idempotencyKey: header(IdempotencyKey.header, of: raw),
            peer: peer
        )
        switch handler(request) {
        case .complete(let reply):
            connection.expire(after: limits.answerTime)
            return queue(reply, on: raw)
        case .stream(let stream, let contentType):
            connection.begin(stream)
            return queue(stream, contentType, on: raw)
        }
    }

    /// The first value of a header, without the blanks around it (RFC 9110, 5.5).
    private func header(_ name: String, of raw: OpaquePointer) -> String? {
        guard let value = MHD_lookup_connection_value(raw, .HEADER_KIND, name) else { return nil }
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let text = String(cString: value).drop(while: isBlank)
        return String(text.reversed().drop(while: isBlank).reversed())
    }

    private func queue(_ reply: HTTPReply, on raw: OpaquePointer) -> Bool {
        let response = reply.body.withUnsafeBytes {
            MHD_create_response_from_buffer(
                $0.count,
                UnsafeMutableRawPointer(mutating: $0.baseAddress),
                .RESPMEM_MUST_COPY
            )
        }
        guard let response else { return false }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", reply.contentType)
        for header in reply.headers { MHD_add_response_header(response, header.name, header.value) }
        return MHD_queue_response(raw, reply.status, response) == .YES
    }

    private func queue(_ stream: ResponseStream, _ contentType: String, on raw: OpaquePointer) -> Bool {
        // Released by the callback that frees the response's context.
        let context = Unmanaged.passRetained(stream)
        guard
            let response = MHD_create_response_from_callback(
                .max,  // MHD_SIZE_UNKNOWN
                4_096,
                HTTPCallbacks.read,
                context.toOpaque(),
                HTTPCallbacks.free
            )
        else {
            context.release()
            return false
        }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", contentType)
        return MHD_queue_response(raw, 200, response) == .YES
    }
}
