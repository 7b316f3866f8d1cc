import KoomySystem
import KoomyWire

/// Why a deployment ended before koomyd was asked; nothing that serves was touched.
struct DeployFailure: Error, Equatable {
    var error: ErrorView
    /// The last lines of the program that failed.
    var tail: [String] = []

    init(_ outcome: Outcome, _ message: String, hint: String? = nil, tail: [String] = []) {
        error = ErrorView(outcome, message: message, hint: hint)
        self.tail = tail
    }

    init(_ error: ErrorView) { self.error = error }

    init(_ error: SystemError) {
        let isDenied = error.errno == .permissionDenied || error.errno == .notPermitted
        let outcome: Outcome = error.errno == .noSpace ? .cannotSave : isDenied ? .notPermitted : .internalError
        self.init(outcome, error.description)
    }

    /// SIGINT, SIGTERM or SIGHUP has come.
    static let interrupted = DeployFailure(.aborted, "interrupted; nothing has changed")
}
