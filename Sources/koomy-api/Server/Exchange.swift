import CMicrohttpd
import KoomyWorker

/// Names a connection for the life of the process; descriptors are used again, these are not.
typealias ConnectionID = UInt64
/// Names an exchange for the life of the process.
typealias ExchangeID = UInt64

/// One request and its response.
final class Exchange {
    /// A body up to this size is kept; Stripe's events stay far below.
    static let bodyLimit = 1 << 20
    /// What exceeds the limit is read and dropped up to this size, so that the client gets to read the refusal.
    static let discardLimit = 16 << 20

    let id: ExchangeID
    let connectionID: ConnectionID
    let connection: OpaquePointer
    let begunAt: MonotonicTime
    /// As it was sent, without the query: in the log and in the route.
    let path: String
    let query: [(name: String, value: String)]
    /// It came after the connection's write side was shut: it cannot be answered, and is not acted upon.
    let isLate: Bool
    private(set) var method = ""
    private(set) var userAgent = ""
    private(set) var body: [UInt8] = []
    private(set) var bodyByteCount = 0
    private(set) var hasHead = false
    var reply: Reply?

    init(id: ExchangeID, record: ConnectionRecord, connection: OpaquePointer, target: String, isLate: Bool) {
        self.id = id
        self.connectionID = record.id
        self.connection = connection
        self.begunAt = .now()
        self.isLate = isLate
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? ""
        query = parts.count == 2 ? Self.pairs(parts[1]) : []
    }

    var isBodyTooLarge: Bool { bodyByteCount > Self.bodyLimit }

    /// The first header of this name.
    func header(_ name: String) -> String? {
        MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
    }

    /// The first value of this name in the query.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The head is complete.
    ///
    /// - Returns: A refusal that does not wait for the body.
    func headArrived(method: String) -> Reply? {
        hasHead = true
        self.method = method
        userAgent = header("User-Agent") ?? ""
        guard let length = header("Content-Length").flatMap({ Int64($0) }), length > Self.bodyLimit else { return nil }
        // A client that waits for "100 Continue" has not sent the body yet; one that sends a huge one is not waited for.
        guard header("Expect") != nil || length > Self.discardLimit else { return nil }
        var reply = Self.tooLarge
        reply.endsConnection = true
        return reply
    }

    /// More of the body has come; false where it is beyond all measure.
    func bodyArrived(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bodyByteCount += bytes.count
        if isBodyTooLarge { body = [] } else { body += bytes }
        return bodyByteCount <= Self.discardLimit
    }

    static let tooLarge = Reply.failure(
        MHD_HTTP_CONTENT_TOO_LARGE,
        "too_large",
        "The body is larger than \(bodyLimit) bytes."
    )

    private static func pairs(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count == 2 ? decoded(parts[1]) : "")
        }
    }

    /// Undoes percent encoding; what is none stays as it is.
    private static func decoded(_ text: Substring) -> String {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// One connection, from accept to close.
final class ConnectionRecord {
    let id: ConnectionID
    let descriptor: Int32
    /// Its last response said `Connection: close` though the client had not: it may have sent more.
    var mayHaveMore = false

    init(id: ConnectionID, descriptor: Int32) {
        self.id = id
        self.descriptor = descriptor
    }
}
