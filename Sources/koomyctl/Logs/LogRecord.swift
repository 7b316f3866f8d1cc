import KoomyModel

/// A line of a file whose app has `log: {format: json}`.
struct LogRecord: Equatable {
    var time: WallTime?
    /// As the line has it.
    var timestamp: [UInt8] = []
    var app: [UInt8] = []
    var slot: Int?
    var generation: UInt64?
    var stream: LogStream?
    /// What the worker wrote, byte for byte.
    var message: [UInt8] = []

    /// Nil where the line is no object with a message.
    init?(line: ArraySlice<UInt8>) {
        guard line.first == UInt8(ascii: "{") else { return nil }
        var scanner = JSONScanner(line)
        var hasMessage = false
        var exact: [UInt8]?
        let isObject = scanner.object { name, scanner in
            switch name {
            case Self.names.timestamp:
                guard let text = scanner.string() else { return false }
                timestamp = text
            case Self.names.app:
                guard let text = scanner.string() else { return false }
                app = text
            case Self.names.slot:
                guard let number = scanner.number() else { return false }
                slot = Int(exactly: number)
            case Self.names.generation:
                guard let number = scanner.number() else { return false }
                generation = UInt64(exactly: number)
            case Self.names.stream:
                guard let text = scanner.string() else { return false }
                stream = LogStream.allCases.first { Array($0.rawValue.utf8) == text }
            case Self.names.message:
                guard let text = scanner.string() else { return false }
                message = text
                hasMessage = true
            case Self.names.bytes:
                guard let text = scanner.string() else { return false }
                exact = Base64.decoded(text)
            default: return scanner.skipValue()
            }
            return true
        }
        guard isObject, hasMessage else { return nil }
        if let exact { message = exact }
        var cursor = TextCursor(timestamp[...])
        if let calendar = CalendarTime(reading: &cursor), cursor.isAtEnd { time = calendar.moments.first }
    }

    private static let names = (
        timestamp: Array("timestamp".utf8), app: Array("app".utf8), slot: Array("slot".utf8),
        generation: Array("generation".utf8), stream: Array("stream".utf8), message: Array("message".utf8),
        bytes: Array("bytes".utf8)
    )
}

/// `~=` for the names of members.
private func ~= (name: [UInt8], found: [UInt8]) -> Bool { name == found }
