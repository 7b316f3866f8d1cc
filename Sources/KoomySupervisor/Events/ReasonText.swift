import KoomyModel
import KoomySystem

/// How a process ended, for people: with the name of an errno and the place where a start failed.
enum ReasonText {
    static func words(for reason: ExitReason) -> String {
        switch reason {
        case .failedToStart(let failure):
            let step =
                failure.step == .execute
                ? "cannot run" : failure.step == .lookup ? "cannot find" : failure.step.rawValue
            return "\(step) \(failure.subject): \(Errno(failure.errno))"
        case .exited, .signaled, .unknown: return reason.description
        }
    }
}
