import KoomyModel
import KoomySystem
import KoomyWire

/// `POST /v1/reload`, whose answer is read beside other things.
final class ReloadCall {
    private let socket: FileDescriptor
    private var request: [UInt8]
    private var parser = HTTPParser(.responses())
    private var splitter = LineSplitter(limit: 4 << 20)
    private var isError = false
    private var body: [UInt8] = []
    /// How it ended; nil while it is under way.
    private(set) var result: VerifyReport.Reload?
    /// What koomyd says meanwhile.
    private(set) var news: [CommandProgress] = []

    var isOver: Bool { result != nil }

    /// - Throws: Where the socket does not take a connection.
    init(_ app: AppName, socketPath: String) throws(SystemError) {
        let headers: HTTPHeaders = [
            "Host": "koomy", "Connection": "close", "Content-Type": "application/json",
            IdempotencyKey.header: IdempotencyKey.random().text,
        ]
        // An app's name and these words can always be written.
        let body = (try? WireCoding.encode(ReloadRequest(targets: [app.text]))) ?? []
        let head = HTTPRequestHead(method: "POST", target: "/v1/reload", headers: headers)
        request = (try? head.serialized(body: body)) ?? []
        socket = try StreamSocket.connect(to: try SocketAddress.unix(socketPath))
    }

    var entry: Poll.Entry { Poll.Entry(socket.number, request.isEmpty ? .readable : [.readable, .writable]) }

    func takeNews() -> [CommandProgress] {
        defer { news = [] }
        return news
    }

    /// Goes on after poll(2) has found something.
    func proceed(_ events: Poll.Events) {
        guard !events.isEmpty, !isOver else { return }
        do throws(SystemError) {
            while !request.isEmpty, let count = try socket.write(request[...]) { request.removeFirst(count) }
            while !isOver, let bytes = try socket.read(most: 65_536) {
                for event in bytes.isEmpty ? parser.finish() : parser.feed(bytes) { take(event) }
                if bytes.isEmpty, !isOver { fail("koomyd ended the connection before the reload was over") }
            }
        } catch {
            fail("the connection to koomyd broke: \(error.errno)")
        }
    }

    private func take(_ event: HTTPParser.Event) {
        switch event {
        case .response(let head): isError = head.status != 200
        case .body(let bytes):
            if isError { body += bytes } else { for line in splitter.feed(bytes) { take(line) } }
        case .end:
            guard !isOver else { return }
            let answer: ErrorAnswer? = try? WireCoding.decode(from: body)
            guard let error = answer?.error else { return fail("koomyd's answer has no result") }
            result = VerifyReport.Reload(code: error.exitCode, outcome: error.code, message: error.message)
        case .failed(let error): if !isOver { fail("koomyd's answer: \(error)") }
        case .request: break
        }
    }

    private func take(_ line: [UInt8]) {
        guard !isOver, !line.isEmpty else { return }
        let message: CommandMessage? = try? WireCoding.decode(from: line)
        switch message {
        case .progress(let progress): news.append(progress)
        case .result(let end):
            result = VerifyReport.Reload(code: end.code, outcome: end.outcome, message: end.message)
        case nil: fail("koomyd's answer cannot be understood")
        }
    }

    private func fail(_ words: String) {
        let outcome = Outcome.internalError
        result = VerifyReport.Reload(code: outcome.exitCode.rawValue, outcome: outcome.rawValue, message: words)
    }
}
