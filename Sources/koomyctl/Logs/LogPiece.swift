/// A line, or a piece of one that is too long to be held at once.
struct LogPiece: Equatable {
    /// Without the line feed.
    var bytes: [UInt8]
    /// Whether the line begins here.
    var begins = true
    /// Whether it ends here, by a line feed or with the file.
    var ends = true
    var hasLineFeed = true
}

/// Where bytes come from, in order.
protocol ByteSource: AnyObject {
    /// The next ones; nil where there are none, or none yet.
    func read() throws(LogFileProblem) -> [UInt8]?
}

/// Why a file, or the rest of it, cannot be shown.
struct LogFileProblem: Error, Equatable {
    var path: String
    var message: String
    /// Whether it is for want of rights.
    var isDenied = false
}
