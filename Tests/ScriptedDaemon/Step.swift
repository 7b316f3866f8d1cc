package import KoomyWire

/// One thing that a scripted daemon does with a connection; at the end it closes it.
package enum Step: Sendable {
    case send([UInt8])
    /// Byte by byte, so that the other side gets it in many pieces.
    case sendSlowly([UInt8])
    /// Says nothing more until the other side has closed.
    case waitForClientToLeave
    case perform(@Sendable () -> Void)

    package static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
}

extension [Step] {
    /// A whole answer with a length.
    package static func answer(_ value: some Encodable & Sendable, status: Int = 200) -> [Step] {
        let body = (try? WireCoding.encode(value)) ?? []
        return [
            .send("HTTP/1.1 \(status) X\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"), .send(body),
        ]
    }

    package static func refusal(_ error: ErrorView) -> [Step] {
        answer(ErrorAnswer(error: error), status: Outcome(rawValue: error.code)?.httpStatus ?? 500)
    }

    /// The head of a chunked answer whose lines follow.
    package static let streamHead: [Step] = [
        .send("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
    ]

    /// A whole stream.
    package static func stream(_ messages: [CommandMessage]) -> [Step] {
        streamHead + messages.map { .line($0) } + [.streamEnd]
    }

    /// A stream of progress and one result.
    package static func stream(_ progress: [CommandProgress] = [], _ result: CommandResult) -> [Step] {
        stream(progress.map { .progress($0) } + [.result(result)])
    }
}

extension Step {
    /// A line of a stream, as one chunk.
    package static func line(_ value: some Encodable & Sendable) -> Step {
        .chunk((try? WireCoding.encodeLine(value)) ?? [])
    }

    package static func chunk(_ bytes: [UInt8]) -> Step {
        .send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    package static let streamEnd = Step.send("0\r\n\r\n")
}
