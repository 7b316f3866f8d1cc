import Glibc
package import KoomyModel
package import KoomySystem

/// Workers of a koomyd that ended without them: they hold the sockets that are to be opened again.
package struct Leftovers {
    /// Every worker's environment names its notify socket, which lies in its koomyd's own folder.
    private let prefix: String

    package init(notifyFolder: String) { prefix = "\(notifyFolder)/" }

    /// The processes of them that are alive.
    package func find() -> [ProcessStat] {
        ProcessSnapshot.take().processes.values.filter { process in
            guard process.pid != ThisProcess.id, !process.isDead else { return false }
            return ProcFS.environmentValue("NOTIFY_SOCKET", of: process.pid)?.hasPrefix(prefix) ?? false
        }
    }

    /// Asks them to leave, and kills what has not left in time; returns how many there were.
    ///
    /// It waits, and may only be called before anything is served.
    package func end(within limit: TimeSpan) -> Int {
        let found = find()
        guard !found.isEmpty else { return 0 }
        Self.signal(.terminate, found)
        let deadline = MonotonicClock.now() + limit
        while true {
            let left = find()
            guard !left.isEmpty else { return found.count }
            let late = MonotonicClock.now() - deadline
            if late > .zero { Self.signal(.kill, left) }
            // What cannot be killed now keeps nobody from being served; a port that it holds is tried again.
            if late > .seconds(5) { return found.count }
            usleep(20_000)
        }
    }

    static func signal(_ signal: Signal, _ processes: [ProcessStat]) {
        for process in processes {
            guard let pidfd = try? Pidfd.open(process.pid),
                ProcessStat(of: process.pid)?.startTime == process.startTime
            else { continue }
            _ = try? pidfd.signal(signal)
        }
    }
}
