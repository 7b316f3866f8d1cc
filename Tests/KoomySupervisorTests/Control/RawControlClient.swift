import Glibc
import KoomySystem
import KoomyWire

/// A client that does exactly what a test says, on a nonblocking Unix socket in the thread of the loop.
final class RawControlClient {
    struct Answer: Hashable {
        var head: HTTPResponseHead
        var body: [UInt8] = []
        var keepsAlive = false

        var status: Int { head.status }
        var text: String { String(decoding: body, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    let descriptor: Int32
    private let socket: SharedDescriptor
    private var unsent: ArraySlice<UInt8> = []
    private var parser: HTTPParser
    /// Answers whose end has come.
    private(set) var answers: [Answer] = []
    /// The answer whose head has come, and as much of its body as there is.
    private(set) var current: Answer?
    private(set) var parsingError: HTTPParsingError?
    /// Every byte that has come.
    private(set) var received: [UInt8] = []
    /// Whether the server has closed the connection.
    private(set) var isClosed = false
    /// How many times `pump` reads at most; 0 for a client that does not read.
    var appetite = Int.max

    init(path: String, isHead: Bool = false) throws {
        socket = SharedDescriptor(try StreamSocket.connect(to: .unix(path)))
        descriptor = socket.number
        parser = HTTPParser(.responses(toHead: isHead))
    }

    /// Sends a text, as far as the server takes it now; the rest goes with `pump`.
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        unsent += bytes
        flush()
    }

    /// Sends a request as koomyctl does.
    func request(_ method: String, _ target: String, key: String? = nil, body: String? = nil) {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: koomy\r\n"
        if let key { text += "Idempotency-Key: \(key)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        send(text + "\r\n" + (body ?? ""))
    }

    /// Says that nothing more comes, and goes on reading.
    func shutdownWriting() throws { try StreamSocket.shutdownWriting(descriptor) }

    /// Whether the server has taken everything.
    var hasSentAll: Bool { unsent.isEmpty }

    /// Sends and reads what is possible now.
    func pump() {
        flush()
        var reads = 0
        while !isClosed, reads < appetite {
            reads += 1
            do throws(SystemError) {
                guard let bytes = try socket.descriptor.read(most: 65_536) else { return }
                if bytes.isEmpty { isClosed = true }
                take(bytes)
            } catch {
                isClosed = true
            }
        }
    }

    private func flush() {
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            unsent = unsent.dropFirst(count)
        }
    }

    private func take(_ bytes: [UInt8]) {
        received += bytes
        for event in bytes.isEmpty ? parser.finish() : parser.feed(bytes) {
            switch event {
            case .response(let head): current = Answer(head: head)
            case .body(let piece): current?.body += piece
            case .end(let keepsAlive):
                current?.keepsAlive = keepsAlive
                if let current { answers.append(current) }
                current = nil
            case .failed(let error): parsingError = error
            case .request: break
            }
        }
    }
}
