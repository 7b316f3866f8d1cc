import KoomyConfig
import KoomyModel

/// A line, understood as far as the format of its file goes.
struct LogEntry: Equatable {
    var piece: LogPiece
    /// Its own time, or that of the line before it in the same file.
    var time: WallTime
    /// Whether `time` is its own, as koomyd noted it.
    var isTimed = false
    /// What it says of itself, where it is an object of JSON.
    var record: LogRecord?
    /// Where the worker's own words begin.
    var messageStart = 0

    /// What the worker wrote.
    var message: ArraySlice<UInt8> { record.map { $0.message[...] } ?? piece.bytes[messageStart...] }
}

/// What the lines of an app look like.
enum LineFormat: Equatable {
    /// As the worker wrote them.
    case raw
    case stamped(LogDateFormat)
    case json
    /// A format that this koomyctl does not know, or koomyd does not tell.
    case unknown

    init(_ view: (format: String?, dateFormat: String?)) {
        switch (view.format, view.dateFormat.flatMap { LogDateFormat(moment: $0) }) {
        case ("raw", _): self = .raw
        case ("json", _): self = .json
        case ("stamped", .some(let format)): self = .stamped(format)
        default: self = .unknown
        }
    }
}

/// Finds the time, and what else there is, in the lines of one file.
struct LineParser {
    let format: LineFormat
    private var stamps: StampReader?
    private var time: WallTime

    /// - Parameters:
    ///   - format: That of the file.
    ///   - after: A moment before its first line.
    init(_ format: LineFormat, after: WallTime = WallTime(nanoseconds: .min)) {
        self.format = format
        time = after
        if case .stamped(let format) = format { stamps = try? StampReader(format, after: after) }
    }

    mutating func entry(_ piece: LogPiece) -> LogEntry {
        guard piece.begins else { return LogEntry(piece: piece, time: time) }
        var entry = LogEntry(piece: piece, time: time)
        var own: WallTime?
        switch format {
        case .json:
            entry.record = LogRecord(line: piece.bytes[...])
            own = entry.record?.time
        case .stamped:
            if let stamp = stamps?.read(piece.bytes[...]) {
                own = stamp.time
                entry.messageStart = stamp.length
            }
        case .raw, .unknown:
            time = Self.timeOfItsOwn(piece.bytes) ?? time
            entry.time = time
        }
        if let own {
            time = own
            entry.time = own
            entry.isTimed = true
        }
        return entry
    }

    /// Many programs begin their lines with a date and a time; good enough to put lines in order, not to choose by.
    private static func timeOfItsOwn(_ line: [UInt8]) -> WallTime? {
        guard line.count >= 19, line[4] == UInt8(ascii: "-") else { return nil }
        var cursor = TextCursor(line[...])
        return CalendarTime(reading: &cursor)?.moments.first
    }
}
