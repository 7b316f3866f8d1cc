import KoomyCore
import KoomyModel
import KoomySystem

/// What koomyd says about itself: to the journal, to a terminal, or to a file of its own.
package final class DaemonLog {
    /// The levels of sd-daemon(3), which the journal understands.
    package enum Level: Int {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
    }

    private enum Target {
        /// Standard error, as the service manager or the caller reads it.
        case standardError(marksLevel: Bool)
        case file(LogFile)
    }

    private let target: Target
    private let stamp = LogStamp(LogDateFormat.iso)

    /// Writes to the journal where systemd started us, to standard error where `prefersStandardError`, else to a file.
    package init(environment: [String: String], prefersStandardError: Bool, file: String) {
        if Self.isJournal(environment["JOURNAL_STREAM"]) {
            target = .standardError(marksLevel: true)
        } else if prefersStandardError {
            target = .standardError(marksLevel: false)
        } else {
            target = .file(Self.ownFile(file))
        }
    }

    /// It is rotated like any other, and the oldest of it go at once.
    private static func ownFile(_ path: String) -> LogFile {
        var rotation = LogRotation()
        rotation.keep = 5
        return LogFile(path: path, manner: LogFile.Manner(rotation: rotation)) { file, news in
            guard case .rotated = news, let kept = try? RotatedFiles(of: file.path).list() else { return }
            for path in rotation.surplus(of: [kept], at: WallClock.now()) { try? AtomicFile.unlink(path) }
        }
    }

    /// Whether standard error is the stream of the journal that a variable names as `device:inode` (systemd.exec(5)).
    private static func isJournal(_ stream: String?) -> Bool {
        guard let stream, let identity = FileIdentity(of: StandardStream.error.rawValue) else { return false }
        return stream == "\(identity.device):\(identity.inode)"
    }

    package func error(_ text: String) { write(.error, text) }
    package func warning(_ text: String) { write(.warning, text) }
    package func notice(_ text: String) { write(.notice, text) }
    package func info(_ text: String) { write(.info, text) }

    /// Opens the file again, after it was moved away.
    package func reopen() {
        if case .file(let file) = target { file.reopen() }
    }

    /// Writes each line of a text at a level.
    package func write(_ level: Level, _ text: String) {
        switch target {
        case .standardError(let marksLevel):
            let prefix = marksLevel ? "<\(level.rawValue)>" : "koomyd: "
            var bytes: [UInt8] = []
            for line in text.split(separator: "\n") { bytes += Array("\(prefix)\(line)\n".utf8) }
            StandardStream.error.write(bytes)
        case .file(let file):
            var bytes: [UInt8] = []
            for line in text.split(separator: "\n") {
                bytes += stamp.text(at: WallClock.now())
                bytes += Array(" \(level) \(line)\n".utf8)
            }
            file.write(bytes)
        }
    }
}

extension DaemonLog.Level: CustomStringConvertible {
    package var description: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        }
    }
}

extension LogDateFormat {
    /// `2026-01-31T23:59:59.123+01:00`, as RFC 3339 has it.
    static let iso = LogDateFormat(
        text: "YYYY-MM-DD[T]HH:mm:ss.SSSZ",
        tokens: [
            .year, .literal("-"), .month, .literal("-"), .day, .literal("T"), .hour, .literal(":"), .minute,
            .literal(":"),
            .second, .literal("."), .millisecond, .offset,
        ]
    )
}
