import KoomyModel
import KoomySystem

/// A request that has come in full.
struct HTTPRequest {
    var method: String
    /// As it was sent.
    var target: String
    /// nil where it is larger than the server takes.
    var body: [UInt8]?
    /// As it was sent.
    var idempotencyKey: String?
    var peer: PeerCredentials
}

/// What a request is answered with.
enum HTTPAnswer {
    case complete(HTTPReply)
    /// Status 200, and a body that comes as it is written.
    case stream(ResponseStream, contentType: String)
}

/// An answer that is there in full.
struct HTTPReply {
    var status: UInt32
    var contentType: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]
}

/// What an HTTP server bears of its clients.
struct HTTPLimits {
    /// Open at once; others wait in the accept queue.
    var connections = 256
    /// Bytes of a request's body.
    var body = 1 << 20
    /// Bytes of a body that is too large, read so that the client learns why before it is cut off.
    var discardedBody = 8 << 20
    /// Bytes of a request's head, and of one piece of an answer.
    var head = 16 << 10
    /// Bytes that a stream's client may be behind.
    var stream = 1 << 20
    /// From the beginning of a connection, or the end of an answer, to the end of the next request.
    var requestTime = TimeSpan.seconds(30)
    /// From the end of a request to the end of an answer that is no stream, or from the end of a stream.
    var answerTime = TimeSpan.seconds(60)
}
