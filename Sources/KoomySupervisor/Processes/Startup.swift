import KoomyModel
import KoomySystem

/// What a new process says about reaching its program; it is asked, and not waited for.
final class Startup {
    private let report: StartupReport
    private var outcome = StartupReport.Outcome.pending

    init(_ report: consuming StartupReport) { self.report = report }

    /// Why the program was not reached; nil where it was, or where nothing is known yet.
    var failure: StartFailure? {
        guard case .failed(let failure) = current else { return nil }
        return failure
    }

    /// Whether the program runs; before that the process is a copy of koomyd, with its descriptors.
    var hasReachedProgram: Bool { current == .running }

    /// Whether nothing is known yet.
    var isPending: Bool { current == .pending }

    private var current: StartupReport.Outcome {
        if outcome == .pending, let now = try? report.read() { outcome = now }
        return outcome
    }
}
