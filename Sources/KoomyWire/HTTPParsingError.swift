/// Why a stream of bytes is not an HTTP/1.1 message that can be trusted.
package enum HTTPParsingError: String, Error, Hashable, Sendable, CaseIterable {
    case lineTooLong = "a line is too long"
    case tooManyHeaders = "there are too many headers"
    case headersTooLarge = "the headers are too large"
    case bodyTooLarge = "the body is too large"
    case bareCarriageReturn = "a carriage return stands alone"
    case bareLineFeed = "a line feed stands alone"
    case controlCharacter = "there is a control character"
    case invalidStartLine = "the first line is malformed"
    case unsupportedVersion = "it is not HTTP/1.0 or HTTP/1.1"
    case invalidHeaderName = "a header has no proper name"
    case foldedHeader = "a header goes on in the next line"
    case invalidHost = "there is not exactly one Host"
    case invalidContentLength = "Content-Length is not one whole number"
    case ambiguousLength = "both Content-Length and Transfer-Encoding are given"
    case unsupportedTransferEncoding = "the transfer encoding is not just chunked"
    case invalidChunk = "a chunk is malformed"
    case protocolSwitch = "it switches to another protocol"
    case truncated = "it ends too early"
    case bytesAfterEnd = "something follows the last message"
}

extension HTTPParsingError: CustomStringConvertible {
    package var description: String { rawValue }
}
