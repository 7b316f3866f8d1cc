package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// Counts the open connections of workers that are leaving, all of them in one look, for as long as there are any.
package final class DrainWatch {
    /// What is known of a worker's connections.
    package struct Count: Equatable {
        package var connections: Int
        /// For how long the oldest is known to be open: at least, since the kernel does not say when it was accepted.
        package var oldest: TimeSpan?
    }

    private struct Drain {
        /// When each open connection, by its inode, was seen first.
        var firstSeen: [UInt64: Instant] = [:]
        /// nil before the first look, and where it cannot be known.
        var connections: Int?
        var hasBeenTold = false
    }

    /// How often is looked.
    package static let interval = TimeSpan.milliseconds(500)
    private static let mostLooks = 32
    /// The loop is held up for no longer at once; the last step may take a millisecond more.
    private static let slice = TimeSpan.milliseconds(1)

    private let loop: EventLoop
    private let subject: (WorkerID) -> ConnectionCensus.Subject?
    private let otherRoots: () -> Set<ProcessID>
    private let report: (WorkerID, Int?) -> Void
    private var drains: [WorkerID: Drain] = [:]
    private var timer: TimerSource?
    /// For workers that are to leave in the same moment.
    private var listening: (at: Instant, sockets: ListeningSockets)?
    private var census: (ids: [WorkerID], look: ConnectionCensus)?

    /// - Parameters:
    ///   - loop: Where the timer runs, which exists only while a worker is watched.
    ///   - subject: The worker's processes, and where it accepts; nil for one that is gone.
    ///   - otherRoots: The processes of all workers.
    ///   - report: Takes the number of a worker's open connections when it has changed; nil for unknown.
    package init(
        loop: EventLoop,
        subject: @escaping (WorkerID) -> ConnectionCensus.Subject?,
        otherRoots: @escaping () -> Set<ProcessID>,
        report: @escaping (WorkerID, Int?) -> Void
    ) {
        self.loop = loop
        self.subject = subject
        self.otherRoots = otherRoots
        self.report = report
    }

    /// Begins to look at a worker, until it is forgotten.
    package func watch(_ id: WorkerID) {
        guard drains[id] == nil else { return }
        drains[id] = Drain()
        // A look that is under way does not see it, and is followed by another.
        if census == nil { look(at: MonotonicClock.now()) }
    }

    package func forget(_ id: WorkerID) {
        drains[id] = nil
        guard drains.isEmpty else { return }
        timer = nil
        census = nil
        listening = nil
    }

    /// Where processes listen by themselves, for a worker that is about to be watched; nothing where many are watched
    /// already: when hundreds leave at once, they are not held up for it.
    package func ownAddresses(of processes: () -> [ProcessID], except: Set<UInt64>) -> Set<LocalAddress> {
        guard drains.count < Self.mostLooks else { return [] }
        let now = MonotonicClock.now()
        let sockets = listening.flatMap { now - $0.at < .milliseconds(100) ? $0.sockets : nil } ?? .take()
        listening = (now, sockets)
        return sockets.addresses(of: processes(), except: except)
    }

    /// What was found when it was last looked; nil where it is not watched, or unknown.
    package func count(_ id: WorkerID) -> Count? {
        guard let drain = drains[id], let connections = drain.connections else { return nil }
        return Count(connections: connections, oldest: drain.firstSeen.values.min().map { MonotonicClock.now() - $0 })
    }

    /// Whether anything wakes the loop.
    package var isIdle: Bool { timer == nil }

    private func look(at due: Instant) {
        do throws(SystemError) {
            if timer == nil { timer = try loop.timer { [weak self] in self?.proceed() } }
            timer?.arm(at: due)
        } catch {
            // Nobody can look, and what is unknown is never taken for none.
            for id in drains.keys { tell(id, nil) }
        }
    }

    private func proceed() {
        let now = MonotonicClock.now()
        let census = census ?? begin()
        self.census = census
        guard census.look.proceed(until: now + Self.slice) else {
            // Others first.
            timer?.arm(at: MonotonicClock.now() + .milliseconds(1))
            return
        }
        self.census = nil
        for (id, inodes) in zip(census.ids, census.look.found) { take(inodes, of: id) }
        guard !drains.isEmpty else { return }
        let isComplete = drains.values.allSatisfy(\.hasBeenTold)
        look(at: isComplete ? now + Self.interval : MonotonicClock.now())
    }

    private func begin() -> (ids: [WorkerID], look: ConnectionCensus) {
        let known = drains.keys.sorted().compactMap { id in subject(id).map { (id, $0) } }
        // One of which nothing can be said is not asked about again and again at once.
        let found = Set(known.map(\.0))
        for id in drains.keys where !found.contains(id) { drains[id]?.hasBeenTold = true }
        return (known.map(\.0), ConnectionCensus(known.map(\.1), otherRoots: otherRoots()))
    }

    private func take(_ inodes: Set<UInt64>?, of id: WorkerID) {
        guard let drain = drains[id] else { return }
        let now = MonotonicClock.now()
        drains[id]?.firstSeen = (inodes ?? []).reduce(into: [:]) { $0[$1] = drain.firstSeen[$1] ?? now }
        tell(id, inodes?.count)
    }

    private func tell(_ id: WorkerID, _ connections: Int?) {
        guard let drain = drains[id] else { return }
        drains[id]?.connections = connections
        drains[id]?.hasBeenTold = true
        if !drain.hasBeenTold || drain.connections != connections { report(id, connections) }
    }
}
