import KoomyModel

/// Which lines are wanted.
struct LineFilter {
    var since: WallTime?
    var until: WallTime?
    /// Of these slots; nil for all.
    var slots: Set<Int>?
    var generation: UInt64?
    /// Nil where the whole file is of one stream, or both are wanted.
    var stream: LogStream?
    var pattern: LinePattern?

    /// Whether every line is wanted.
    var isOpen: Bool {
        since == nil && until == nil && slots == nil && generation == nil && stream == nil && pattern == nil
    }

    func admits(_ entry: LogEntry) -> Bool {
        if let since, entry.time < since { return false }
        if let until, until < entry.time { return false }
        if let slots { guard let slot = entry.record?.slot, slots.contains(slot) else { return false } }
        if let generation, entry.record?.generation != generation { return false }
        if let stream, entry.record?.stream != stream { return false }
        return pattern?.matches(entry.message) ?? true
    }

    /// With the beginning rounded down to what the lines' times show: a line of `17:04:56` may be of 17:04:56.9.
    func rounded(to resolution: Int64) -> LineFilter {
        guard let since, resolution > 1, since.nanoseconds > .min + resolution else { return self }
        var filter = self
        let remainder = since.nanoseconds % resolution
        let isBefore1970 = remainder < 0
        filter.since = WallTime(nanoseconds: since.nanoseconds - remainder - (isBefore1970 ? resolution : 0))
        return filter
    }
}

/// The lines of one file that are wanted.
struct EntryReader {
    private var lines = LineReader()
    private var parser: LineParser
    private let filter: LineFilter
    /// Whether the line whose pieces come is wanted.
    private var isWanted = false

    init(_ parser: LineParser, _ filter: LineFilter) {
        self.parser = parser
        self.filter = filter
    }

    /// The next one; nil where the source has no more now.
    mutating func next(from source: some ByteSource) throws(LogFileProblem) -> LogEntry? {
        while let piece = try lines.next(from: source) {
            if let entry = take(piece) { return entry }
        }
        return nil
    }

    /// What follows the last line feed, where the file ends there.
    mutating func finish() -> LogEntry? { lines.finish().flatMap { take($0) } }

    /// Forgets a line that was begun, for the file was emptied; the end of one of which something was shown.
    mutating func reset() -> LogEntry? { lines.reset().flatMap { take($0) } }

    private mutating func take(_ piece: LogPiece) -> LogEntry? {
        let entry = parser.entry(piece)
        if piece.begins { isWanted = filter.isOpen || filter.admits(entry) }
        return isWanted ? entry : nil
    }
}
