import KoomyModel
import KoomySystem

/// Why a probe failed, in a few words for people.
nonisolated struct ProbeFailure: Error {
    let words: String

    init(_ words: String) { self.words = words }

    /// What a call to a peer ran into.
    init(_ error: SystemError) { self.init(error.errno, subject: error.subject) }

    init(_ errno: Errno, subject: String? = nil) {
        switch errno {
        case .connectionRefused: words = "connection refused"
        case .noSuchFile: words = "no socket \(subject.map { $0.trimmingPrefix("unix:") } ?? "there")"
        default: words = errno.text.prefix(1).lowercased() + errno.text.dropFirst() + (subject.map { ": \($0)" } ?? "")
        }
    }

    /// What kept a command from running.
    init(_ failure: StartFailure) {
        let errno = Errno(failure.errno)
        let reason = errno.text.prefix(1).lowercased() + errno.text.dropFirst()
        let step = failure.step == .execute ? "" : " (\(failure.step.rawValue))"
        words = "cannot run \(failure.subject): \(reason)\(step)"
    }
}
