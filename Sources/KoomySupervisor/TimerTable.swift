package import KoomyCore
package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// The timers that machines have armed.
package final class TimerTable {
    private let loop: EventLoop
    private let fired: (TimerID) -> Void
    private var sources: [TimerID: TimerSource] = [:]
    /// When each of them fires.
    package private(set) var armed: [TimerID: Instant] = [:]

    package init(loop: EventLoop, fired: @escaping (TimerID) -> Void) {
        self.loop = loop
        self.fired = fired
    }

    /// Fires once at this time; an earlier order for the same timer is forgotten.
    package func arm(_ id: TimerID, at instant: Instant) throws(SystemError) {
        armed[id] = instant
        if let source = sources[id] {
            source.arm(at: instant)
            return
        }
        sources[id] = try loop.timer(at: instant) { [weak self] in
            self?.disarm(id)
            self?.fired(id)
        }
    }

    package func disarm(_ id: TimerID) {
        sources[id] = nil
        armed[id] = nil
    }
}
