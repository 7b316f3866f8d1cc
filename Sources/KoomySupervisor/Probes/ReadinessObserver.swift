package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// Sees whether a worker that says nothing waits for connections.
package final class ReadinessObserver {
    /// What was seen.
    package enum Finding: Hashable, Sendable {
        /// One of its processes waits for connections on a listener of its app.
        case accepting
        /// One of its processes has a listening socket of its own; the port of one on TCP.
        case ownsListener(port: UInt16?)
    }

    private let loop: EventLoop
    private let tree: () -> [ProcessID]
    private let listeners: Set<UInt64>
    private let ignored: Set<UInt64>
    private let countsOwnListeners: Bool
    private let handler: (Finding) -> Void
    private var timer: TimerSource?
    private var interval = ReadinessObserver.firstInterval

    private static let firstInterval = TimeSpan.milliseconds(10)
    private static let longestInterval = TimeSpan.milliseconds(250)

    /// Looks at once and then at growing intervals, until it finds something or is ended.
    ///
    /// - Parameters:
    ///   - loop: The loop that wakes it; the first look is in a later turn.
    ///   - tree: The processes of the worker.
    ///   - listeners: The inodes of the sockets that the app's workers share.
    ///   - ignored: The inodes of listening sockets that prove nothing, as the private one for probes.
    ///   - countsOwnListeners: Whether a listening socket of its own is a finding; where the app has listeners to share,
    ///     it may be one for metrics that is there long before the worker serves.
    ///   - handler: Takes what was found, once.
    /// - Throws: Where the loop has no memory for a timer.
    package init(
        loop: EventLoop,
        tree: @escaping () -> [ProcessID],
        listeners: Set<UInt64>,
        ignored: Set<UInt64> = [],
        countsOwnListeners: Bool = true,
        _ handler: @escaping (Finding) -> Void
    ) throws {
        self.loop = loop
        self.tree = tree
        self.listeners = listeners
        self.ignored = ignored
        self.countsOwnListeners = countsOwnListeners
        self.handler = handler
        timer = try loop.timer(at: MonotonicClock.now()) { [weak self] in self?.look() }
    }

    /// Looks no more.
    package func end() { timer = nil }

    private func look() {
        let began = MonotonicClock.now()
        switch Self.look(at: tree(), listeners: listeners, ignoring: ignored) {
        case .ownsListener where !countsOwnListeners, nil: break
        case .some(let finding):
            end()
            handler(finding)
            return
        }
        let now = MonotonicClock.now()
        timer?.arm(at: LookBudget.shared.time(for: now + interval, after: now - began, at: now))
        interval = min(interval * 2, Self.longestInterval)
    }
}
