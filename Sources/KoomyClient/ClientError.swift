public import KoomyWire

/// Why a call to koomyd has no answer, or not the one that was hoped for.
public enum ClientError: Error, Hashable, Sendable {
    /// Nobody listens at this path.
    case noDaemon(path: String)
    /// The socket is there, and this user may not connect to it.
    case noPermission(path: String)
    /// The connection could not be made; `reason` is the error of the kernel.
    case cannotConnect(path: String, reason: String)
    /// A daemon is there and did not begin to answer within `answerTimeout`.
    case noAnswer
    /// The call took longer than `timeout`; a command goes on in the daemon.
    case timedOut
    /// The daemon went away in the middle of its answer, so how it ended is not known.
    case lost
    /// What came is not an answer of koomyd.
    case unexpected(String)
    /// The daemon says why it did not do it.
    case refused(ErrorView, status: Int)
}

extension ClientError {
    /// The same as a stable word.
    public var outcome: Outcome {
        switch self {
        case .noDaemon, .cannotConnect, .noAnswer, .lost: .noDaemon
        case .noPermission: .notPermitted
        case .timedOut: .timedOut
        case .unexpected: .internalError
        case .refused(let error, _): Outcome(rawValue: error.code) ?? .internalError
        }
    }

    /// The same in the shape of the daemon's own errors.
    public var view: ErrorView {
        switch self {
        case .noDaemon(let path):
            ErrorView(
                outcome,
                message: "no koomyd answers at \(path)",
                hint: "koomyctl daemon start, or koomyctl start FILE"
            )
        case .noPermission(let path):
            ErrorView(
                outcome,
                message: "this user may not use \(path)",
                hint: "join the group that owns the socket, or use sudo"
            )
        case .cannotConnect(let path, let reason):
            ErrorView(outcome, message: "cannot connect to \(path): \(reason)")
        case .noAnswer:
            ErrorView(
                outcome,
                message: "koomyd accepts connections but does not answer",
                hint: "look whether its process is stopped or blocked"
            )
        case .timedOut:
            ErrorView(outcome, message: "gave up waiting; koomyd goes on with it", hint: "koomyctl status")
        case .lost:
            ErrorView(outcome, message: "koomyd went away before it said how it ended", hint: "koomyctl status")
        case .unexpected(let message):
            ErrorView(outcome, message: "this is no answer of koomyd: \(message)")
        case .refused(let error, _): error
        }
    }
}

extension ClientError: CustomStringConvertible {
    /// One sentence.
    public var description: String { view.message }
}
