import KoomyModel
import KoomySystem

/// Finds the place in a large file from which on its lines have to be looked at, without reading what is before it.
enum TimeSearch {
    /// By how much lines may be out of the order of their times: clocks are set, and of an hour that clocks show twice a
    /// line alone does not tell which one it is.
    static let slack: Int64 = 3_700_000_000_000
    /// Where the rest is read in no time anyway.
    private static let small: Int64 = 256 << 10
    /// How much is looked through for a line with a time.
    private static let farthest = 1 << 20
    private static let blockSize = 65_536

    /// - Parameters:
    ///   - time: The first that is wanted.
    ///   - file: A file whose lines have times.
    ///   - end: Where it ends for this purpose.
    ///   - format: That of its lines.
    /// - Returns: The beginning of a line, before which there is none of that time or later.
    static func begin(of time: WallTime, in file: OpenLogFile, upTo end: Int64, _ format: LineFormat) -> Int64 {
        guard time.nanoseconds > .min + slack else { return 0 }
        let wanted = time.nanoseconds - slack
        var low: Int64 = 0
        var high = end
        while high - low > small {
            let middle = low + (high - low) / 2
            guard let line = lineWithTime(after: middle, in: file, format) else { break }
            if line.time.nanoseconds < wanted, line.offset < high {
                low = line.offset
            } else {
                high = middle
            }
        }
        return low
    }

    /// The first line that begins after a place and has a time; nil where none is near.
    private static func lineWithTime(
        after place: Int64,
        in file: OpenLogFile,
        _ format: LineFormat
    ) -> (
        offset: Int64, time: WallTime
    )? {
        var bytes: [UInt8] = []
        var parser = LineParser(format)
        // The first is the rest of a line that began before.
        var start: Int?
        var position = 0
        while bytes.count < farthest {
            let block = FileBytes.block(of: file.file, at: place + Int64(bytes.count), size: blockSize)
            guard !block.isEmpty else { return nil }
            bytes += block
            while let end = bytes[position...].firstIndex(of: 0x0A) {
                if let begin = start {
                    let entry = parser.entry(LogPiece(bytes: Array(bytes[begin..<end])))
                    if entry.isTimed { return (place + Int64(begin), entry.time) }
                }
                start = end + 1
                position = end + 1
            }
            position = bytes.count
        }
        return nil
    }
}
