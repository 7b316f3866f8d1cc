import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

extension EventLoop {
    /// Runs until something is so; false where it is not within ten seconds.
    func run(until condition: () -> Bool) throws -> Bool {
        let deadline = MonotonicClock.now() + .seconds(10)
        while !condition() {
            guard MonotonicClock.now() < deadline else { return false }
            try runOnce(waitingAtMost: .milliseconds(20))
        }
        return true
    }

    /// Runs as long as sources are ready, and not longer.
    func runWhileReady() throws {
        while try runOnce() {}
    }
}

/// What happened, in the order in which it did.
final class Log {
    var entries: [String] = []

    func callAsFunction(_ entry: String) { entries.append(entry) }
}

/// How many descriptors of these kinds this process has open.
func openPipes() -> Int {
    (ProcFS.descriptorTargets(of: ThisProcess.id) ?? [:]).values.filter { $0.hasPrefix("pipe:") }.count
}
