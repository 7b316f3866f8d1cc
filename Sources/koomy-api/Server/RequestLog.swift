import CKoomyLinux
import KoomyWorker

/// One JSON object a line on the standard output, each in one write(2).
struct RequestLog {
    /// How the line is to be read.
    enum Level: String {
        case info = "INFO"
        case warning = "WARN"
        case slow = "SLOW"
        case error = "ERROR"

        /// The level of a finished request.
        init(status: UInt32, milliseconds: Double) {
            self =
                if status >= 500 { .error } else if milliseconds > 1_000 { .slow } else if milliseconds > 500 {
                    .warning
                } else { .info }
        }
    }

    /// Characters of a user agent that are kept.
    private static let userAgentLimit = 50
    /// Characters of a path that are kept: a line stays below PIPE_BUF, which the kernel writes in one piece (pipe(7)).
    private static let pathLimit = 512

    let descriptor: Int32

    /// Writes one line about something that happened.
    func write(_ level: Level, _ message: String, _ members: [JSON.Member] = []) {
        line(level, [JSON.Member(name: "message", value: .string(message))] + members)
    }

    /// Writes one line about a finished request.
    func write(_ exchange: Exchange, isComplete: Bool, at now: MonotonicTime) {
        let milliseconds = Self.milliseconds(now - exchange.begunAt)
        let status = exchange.reply?.status ?? 0
        var members = [
            JSON.Member(name: "method", value: .string(exchange.method)),
            JSON.Member(name: "path", value: .string(String(exchange.path.prefix(Self.pathLimit)))),
            JSON.Member(name: "status", value: .integer(status)),
            JSON.Member(name: "duration", value: .number(milliseconds)),
            JSON.Member(name: "userAgent", value: .string(String(exchange.userAgent.prefix(Self.userAgentLimit)))),
        ]
        // The client went away before the response had left: nobody knows whether it was read.
        if !isComplete { members.append(JSON.Member(name: "aborted", value: true)) }
        line(Level(status: status, milliseconds: milliseconds), members)
    }

    /// Milliseconds with two digits of fraction.
    static func milliseconds(_ time: Duration) -> Double { (time / .microseconds(10)).rounded() / 100 }

    private func line(_ level: Level, _ members: [JSON.Member]) {
        let head = [
            JSON.Member(name: "timestamp", value: .string(WallClock.now().text)),
            JSON.Member(name: "level", value: .string(level.rawValue)),
        ]
        let bytes = JSON.object(head + members).bytes + [UInt8(ascii: "\n")]
        // A reader that is gone is no reason to stop serving.
        _ = koomy_worker_write_all(descriptor, bytes, bytes.count)
    }
}
