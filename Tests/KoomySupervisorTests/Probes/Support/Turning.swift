import KoomyEventLoop
import KoomyModel
import KoomySystem

/// What did not come true in time.
struct NotInTime: Error, CustomStringConvertible {
    let description: String
}

extension EventLoop {
    /// Turns the loop until something is so.
    func turn(within limit: TimeSpan = .seconds(20), until what: String, _ condition: () throws -> Bool) throws {
        let deadline = MonotonicClock.now() + limit
        while try !condition() {
            guard MonotonicClock.now() < deadline else { throw NotInTime(description: "not within \(limit): \(what)") }
            try runOnce(waitingAtMost: .milliseconds(5))
        }
    }

    /// Turns the loop for a while, for what must not happen; the longest turn's work is returned.
    func turn(for span: TimeSpan) throws {
        let end = MonotonicClock.now() + span
        while MonotonicClock.now() < end { try runOnce(waitingAtMost: .milliseconds(5)) }
    }
}

/// How many descriptors this process has open.
func openDescriptorCount() -> Int { (try? Folder.names(in: "/proc/self/fd").count) ?? 0 }
