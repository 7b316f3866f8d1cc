import KoomyWire

/// One request on a connection of its own, and the answer as far as it was read.
struct Exchange: ~Copyable {
    /// Bytes of an answer that is no stream; a thousand workers need less than one million.
    private static let bodyLimit: UInt64 = 64 << 20
    /// Bytes of a line of a stream; a broken file's diagnostics are the longest.
    private static let lineLimit = 4 << 20

    private let connection: UnixConnection
    private let deadline: Deadline
    private var parser = HTTPParser(.responses())
    private var splitter = LineSplitter(limit: Exchange.lineLimit)
    private var pieces: [[UInt8]] = []
    private var lines: ArraySlice<[UInt8]> = []
    private var isComplete = false

    private init(_ connection: consuming UnixConnection, deadline: Deadline) {
        self.connection = connection
        self.deadline = deadline
    }

    /// Sends the request and reads the head of the answer.
    static func begin(
        _ client: ControlClient,
        method: String,
        path: String,
        key: IdempotencyKey? = nil,
        body: [UInt8]? = nil,
        deadline: Deadline
    ) throws(ClientError) -> Exchange {
        var headers: HTTPHeaders = ["Host": "koomy", "Connection": "close", "Content-Type": "application/json"]
        if let key { headers.fields.append(.init(name: IdempotencyKey.header, value: key.text)) }
        let request: [UInt8]
        do {
            request = try HTTPRequestHead(method: method, target: path, headers: headers).serialized(body: body)
        } catch {
            throw .unexpected(error.description)
        }
        let connectBy = deadline.sooner(Deadline(after: client.connectTimeout))
        let connection = try UnixConnection.open(path: client.socketPath, deadline: connectBy)
        var exchange = Exchange(connection, deadline: deadline)
        let answerBy = deadline.sooner(Deadline(after: client.answerTimeout))
        try exchange.send(request, by: answerBy)
        let head = try exchange.readHead(by: answerBy)
        guard head.status == 200 else { throw try exchange.refusal(head) }
        return exchange
    }

    /// Everything that follows.
    mutating func readBody() throws(ClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let piece = try readPiece(by: deadline) {
            body += piece
            guard body.count <= Self.bodyLimit else { throw .unexpected(HTTPParsingError.bodyTooLarge.description) }
        }
        return body
    }

    /// The next line that is not empty; nil at the end.
    mutating func readLine() throws(ClientError) -> [UInt8]? {
        while true {
            while let line = lines.popFirst() {
                guard line.count < Self.lineLimit else { throw .unexpected(HTTPParsingError.lineTooLong.description) }
                if !line.isEmpty { return line }
            }
            guard let piece = try readPiece(by: deadline) else { return splitter.finish() }
            lines = splitter.feed(piece)[...]
        }
    }

    private func send(_ request: [UInt8], by deadline: Deadline) throws(ClientError) {
        do { try connection.send(request, by: deadline) } catch { throw beforeAnswer(error) }
    }

    private mutating func readHead(by deadline: Deadline) throws(ClientError) -> HTTPResponseHead {
        do {
            while true {
                if let head = try receive(by: deadline) { return head }
            }
        } catch {
            throw beforeAnswer(error)
        }
    }

    /// Tells a daemon that does not answer from a call that took too long.
    private func beforeAnswer(_ error: ClientError) -> ClientError {
        error == .timedOut && !deadline.hasPassed ? .noAnswer : error
    }

    private mutating func readPiece(by deadline: Deadline) throws(ClientError) -> [UInt8]? {
        while pieces.isEmpty, !isComplete { _ = try receive(by: deadline) }
        return pieces.isEmpty ? nil : pieces.removeFirst()
    }

    /// Waits for bytes and takes in what they mean.
    private mutating func receive(by deadline: Deadline) throws(ClientError) -> HTTPResponseHead? {
        let bytes = try connection.receive(by: deadline)
        var head: HTTPResponseHead?
        for event in bytes.isEmpty ? parser.finish() : parser.feed(bytes) {
            switch event {
            case .response(let response): head = response
            case .body(let piece): pieces.append(piece)
            case .end: isComplete = true
            case .failed(.truncated): throw .lost
            // The daemon was asked to close the connection; what follows its answer is nobody's.
            case .failed(.bytesAfterEnd) where isComplete: break
            case .failed(let error): throw .unexpected(error.description)
            case .request: break
            }
        }
        if bytes.isEmpty, !isComplete { throw .lost }
        return head
    }

    private mutating func refusal(_ head: HTTPResponseHead) throws(ClientError) -> ClientError {
        let body = try readBody()
        guard let answer = try? WireCoding.decode(ErrorAnswer.self, from: body) else {
            return .unexpected("HTTP \(head.status)\(head.reason.isEmpty ? "" : " \(head.reason)")")
        }
        return .refused(answer.error, status: head.status)
    }
}
