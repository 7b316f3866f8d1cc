import KoomyModel
import KoomySystem

/// What a new process says about reaching its program; it is read when the process has ended, and not waited for.
final class Startup {
    private let report: StartupReport

    init(_ report: consuming StartupReport) { self.report = report }

    /// Why the program was not reached; nil where it was, or where nothing is known yet.
    var failure: StartFailure? {
        guard case .failed(let failure)? = try? report.read() else { return nil }
        return failure
    }
}
