/// Reads HTTP/1.1 messages from a stream of bytes, whatever pieces it comes in (RFC 9112).
///
/// It keeps at most one line and one header section; bodies are handed on as they come. What two readers could
/// understand differently is refused: both lengths at once, folded headers, a carriage return alone, control
/// characters. Responses may end the lines of their head with a line feed alone, as simple servers do.
package struct HTTPParser: Sendable {
    package enum Role: Hashable, Sendable {
        case requests
        /// `toHead`: they answer HEAD, so they have no body whatever they say.
        case responses(toHead: Bool = false)
    }

    /// What the other side may make us keep.
    package struct Limits: Hashable, Sendable {
        /// Bytes of a line.
        package var line = 8_192
        /// Bytes of a header section, and of the trailers after a chunked body.
        package var headerBytes = 65_536
        package var headerCount = 128
        /// Bytes of a body.
        package var body = UInt64.max

        package init() {}
    }

    package enum Event: Hashable, Sendable {
        case request(HTTPRequestHead)
        case response(HTTPResponseHead)
        /// The next piece of the body.
        case body([UInt8])
        /// The message is complete; whether another may follow on the connection.
        case end(keepsAlive: Bool)
        /// Nothing that follows can be understood.
        case failed(HTTPParsingError)
    }

    private enum State: Hashable, Sendable {
        /// The first line of a message comes. A client's superfluous empty line is skipped once (RFC 9112, 2.2).
        case start(emptyLineSkipped: Bool)
        /// Header lines come, up to an empty one.
        case headers(StartLine)
        /// This much of a body with a known length comes.
        case body(remaining: UInt64)
        /// The line with a chunk's size comes.
        case chunkSize
        /// This much of a chunk comes.
        case chunk(remaining: UInt64)
        /// The end of the line after a chunk comes.
        case chunkEnd
        /// Header lines after the last chunk come; they are checked and dropped.
        case trailers
        /// Everything up to the end of the stream is body.
        case untilClose
        /// Nothing may come any more.
        case closed
        case failed(HTTPParsingError)
    }

    private enum StartLine: Hashable, Sendable {
        case request(HTTPRequestHead)
        case response(HTTPResponseHead)
    }

    private let role: Role
    private let limits: Limits
    private var state = State.start(emptyLineSkipped: false)
    /// The beginning of a line whose end has not come.
    private var line: [UInt8] = []
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var bodyBytes: UInt64 = 0
    private var keepsAlive = false

    package init(_ role: Role, limits: Limits = Limits()) {
        self.role = role
        self.limits = limits
    }

    /// What these bytes complete, in order; after `.failed` nothing but that.
    package mutating func feed(_ bytes: [UInt8]) -> [Event] {
        if case .failed(let error) = state { return [.failed(error)] }
        var events: [Event] = []
        var rest = bytes[...]
        do throws(HTTPParsingError) {
            while !rest.isEmpty { try step(&rest, &events) }
        } catch {
            fail(error, &events)
        }
        return events
    }

    /// What the end of the stream completes: a body without length, nothing, or a failure.
    package mutating func finish() -> [Event] {
        var events: [Event] = []
        switch state {
        case .start where line.isEmpty, .closed: state = .closed
        case .untilClose: endMessage(&events)
        case .start, .headers, .body, .chunkSize, .chunk, .chunkEnd, .trailers: fail(.truncated, &events)
        case .failed(let error): events = [.failed(error)]
        }
        return events
    }

    private mutating func fail(_ error: HTTPParsingError, _ events: inout [Event]) {
        state = .failed(error)
        line = []
        headers = HTTPHeaders()
        events.append(.failed(error))
    }

    private mutating func step(_ rest: inout ArraySlice<UInt8>, _ events: inout [Event]) throws(HTTPParsingError) {
        switch state {
        case .start(let emptyLineSkipped):
            guard let line = try takeLine(&rest, acceptsBareLineFeed: isLenient) else { return }
            if line.isEmpty, role == .requests, !emptyLineSkipped {
                state = .start(emptyLineSkipped: true)
            } else {
                state = .headers(try startLine(line))
            }
        case .headers(let startLine):
            guard let line = try takeLine(&rest, acceptsBareLineFeed: isLenient) else { return }
            if line.isEmpty { try endHead(startLine, &events) } else { headers.fields.append(try header(line)) }
        case .body(let remaining):
            let left = try takeBody(&rest, upTo: remaining, &events)
            if left == 0 { endMessage(&events) } else { state = .body(remaining: left) }
        case .chunkSize:
            guard let line = try takeLine(&rest, acceptsBareLineFeed: false) else { return }
            let size = try chunkSize(line)
            state = size == 0 ? .trailers : .chunk(remaining: size)
        case .chunk(let remaining):
            let left = try takeBody(&rest, upTo: remaining, &events)
            state = left == 0 ? .chunkEnd : .chunk(remaining: left)
        case .chunkEnd:
            guard let line = try takeLine(&rest, acceptsBareLineFeed: false, limit: 1) else { return }
            guard line.isEmpty else { throw .invalidChunk }
            state = .chunkSize
        case .trailers:
            guard let line = try takeLine(&rest, acceptsBareLineFeed: false) else { return }
            if line.isEmpty { endMessage(&events) } else { _ = try header(line) }
        case .untilClose:
            _ = try takeBody(&rest, upTo: .max, &events)
        case .closed:
            throw .bytesAfterEnd
        case .failed(let error):
            throw error
        }
    }

    private var isLenient: Bool { role != .requests }

    /// The next line without its end; nil where more has to come first.
    private mutating func takeLine(
        _ rest: inout ArraySlice<UInt8>,
        acceptsBareLineFeed: Bool,
        limit: Int? = nil
    ) throws(HTTPParsingError) -> [UInt8]? {
        let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
        let isComplete = end < rest.endIndex
        guard line.count + (end - rest.startIndex) <= limit ?? limits.line else {
            throw limit == nil ? .lineTooLong : .invalidChunk
        }
        line += rest[..<end]
        rest = rest[(isComplete ? end + 1 : end)...]
        guard isComplete else { return nil }
        if line.last == 0x0D {
            line.removeLast()
        } else if !acceptsBareLineFeed {
            throw .bareLineFeed
        }
        guard !line.contains(0x0D) else { throw .bareCarriageReturn }
        guard HTTPGrammar.isFieldValue(line) else { throw .controlCharacter }
        defer { line = [] }
        return line
    }

    /// Hands on what there is of a body; how much of it is still to come.
    private mutating func takeBody(
        _ rest: inout ArraySlice<UInt8>,
        upTo remaining: UInt64,
        _ events: inout [Event]
    ) throws(HTTPParsingError) -> UInt64 {
        let room = min(remaining, limits.body - bodyBytes)
        guard room > 0 else { throw .bodyTooLarge }
        let piece = rest.prefix(Int(clamping: room))
        rest = rest.dropFirst(piece.count)
        bodyBytes += UInt64(piece.count)
        if case .body(var before)? = events.last {
            events.removeLast()
            before += piece
            events.append(.body(before))
        } else {
            events.append(.body(Array(piece)))
        }
        return remaining - UInt64(piece.count)
    }

    private mutating func endMessage(_ events: inout [Event]) {
        events.append(.end(keepsAlive: keepsAlive))
        headers = HTTPHeaders()
        headerBytes = 0
        bodyBytes = 0
        state = keepsAlive ? .start(emptyLineSkipped: false) : .closed
    }
}

extension HTTPParser {
    private func startLine(_ line: [UInt8]) throws(HTTPParsingError) -> StartLine {
        switch role {
        case .requests: .request(try requestLine(line))
        case .responses: .response(try statusLine(line))
        }
    }

    private func requestLine(_ line: [UInt8]) throws(HTTPParsingError) -> HTTPRequestHead {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, HTTPGrammar.isToken(parts[0]), HTTPGrammar.isTarget(parts[1]) else {
            throw .invalidStartLine
        }
        return HTTPRequestHead(
            method: String(decoding: parts[0], as: UTF8.self),
            target: String(decoding: parts[1], as: UTF8.self),
            minorVersion: try minorVersion(parts[2])
        )
    }

    private func statusLine(_ line: [UInt8]) throws(HTTPParsingError) -> HTTPResponseHead {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { throw .invalidStartLine }
        let minor = try minorVersion(parts[0])
        guard parts[1].count == 3, let status = HTTPGrammar.decimal(parts[1]), status >= 100 else {
            throw .invalidStartLine
        }
        let reason = parts.count > 2 ? String(decoding: parts[2], as: UTF8.self) : ""
        return HTTPResponseHead(status: Int(status), reason: reason, minorVersion: minor)
    }

    private func minorVersion(_ text: ArraySlice<UInt8>) throws(HTTPParsingError) -> Int {
        guard text.count == 8, text.starts(with: Array("HTTP/1.".utf8)) else { throw .unsupportedVersion }
        switch text.last {
        case UInt8(ascii: "0"): return 0
        case UInt8(ascii: "1"): return 1
        case .some, nil: throw .unsupportedVersion
        }
    }

    /// Checks a header line and counts it against the limits.
    private mutating func header(_ line: [UInt8]) throws(HTTPParsingError) -> HTTPHeaders.Field {
        guard !line[0].isBlank else { throw .foldedHeader }
        headerBytes += line.count
        guard headerBytes <= limits.headerBytes else { throw .headersTooLarge }
        guard headers.fields.count < limits.headerCount else { throw .tooManyHeaders }
        guard let colon = line.firstIndex(of: 0x3A), HTTPGrammar.isToken(line[..<colon]) else {
            throw .invalidHeaderName
        }
        return HTTPHeaders.Field(
            name: String(decoding: line[..<colon], as: UTF8.self),
            value: String(decoding: line[(colon + 1)...].trimmingBlanks(), as: UTF8.self)
        )
    }

    private func chunkSize(_ line: [UInt8]) throws(HTTPParsingError) -> UInt64 {
        guard let size = HTTPGrammar.hexadecimal(line.prefix { $0 != UInt8(ascii: ";") }) else { throw .invalidChunk }
        return size
    }
}

extension HTTPParser {
    /// How long the body is (RFC 9112, 6.3).
    private enum Framing {
        case none, chunked, length(UInt64), untilClose
    }

    private mutating func endHead(_ start: StartLine, _ events: inout [Event]) throws(HTTPParsingError) {
        var framing: Framing
        switch start {
        case .request(var head):
            head.headers = headers
            let hosts = headers.values(of: "Host").count
            guard hosts == 1 || hosts == 0 && head.minorVersion == 0 else { throw .invalidHost }
            framing = try declaredFraming(minorVersion: head.minorVersion) ?? .none
            keepsAlive = isPersistent(minorVersion: head.minorVersion)
            events.append(.request(head))
        case .response(var head):
            head.headers = headers
            guard head.status != 101 else { throw .protocolSwitch }
            framing = try declaredFraming(minorVersion: head.minorVersion) ?? .untilClose
            if head.status < 200 || head.status == 204 || head.status == 304 || role == .responses(toHead: true) {
                framing = .none
            }
            keepsAlive = isPersistent(minorVersion: head.minorVersion)
            if head.status < 200 {
                // An interim response; the one that counts follows.
                headers = HTTPHeaders()
                headerBytes = 0
                state = .start(emptyLineSkipped: false)
                return
            }
            events.append(.response(head))
        }
        headers = HTTPHeaders()
        headerBytes = 0
        switch framing {
        case .none, .length(0): endMessage(&events)
        case .length(let length):
            guard length <= limits.body else { throw .bodyTooLarge }
            state = .body(remaining: length)
        case .chunked: state = .chunkSize
        case .untilClose:
            keepsAlive = false
            state = .untilClose
        }
    }

    private func declaredFraming(minorVersion: Int) throws(HTTPParsingError) -> Framing? {
        let encodings = headers.tokens(of: "Transfer-Encoding")
        let lengths = headers.values(of: "Content-Length")
        switch (encodings.isEmpty, lengths.isEmpty) {
        case (true, true): return nil
        case (false, false): throw .ambiguousLength
        case (false, true):
            guard encodings == ["chunked"], minorVersion == 1 else { throw .unsupportedTransferEncoding }
            return .chunked
        case (true, false):
            guard lengths.count == 1, let length = HTTPGrammar.decimal(Array(lengths[0].utf8)) else {
                throw .invalidContentLength
            }
            return .length(length)
        }
    }

    private func isPersistent(minorVersion: Int) -> Bool {
        let options = headers.tokens(of: "Connection")
        return !options.contains("close") && (minorVersion == 1 || options.contains("keep-alive"))
    }
}
