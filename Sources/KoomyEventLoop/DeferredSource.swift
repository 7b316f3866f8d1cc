import CSystemd
package import KoomySystem

/// Work that is done once in the next round of the loop each time it is scheduled.
package final class DeferredSource: EventSource {
    fileprivate let handler: () -> Void
    private let event: OpaquePointer
    private var priority: EventPriority

    fileprivate init(_ event: OpaquePointer, _ priority: EventPriority, _ handler: @escaping () -> Void) {
        self.event = event
        self.priority = priority
        self.handler = handler
    }

    /// Has the handler run once; further calls until then change nothing.
    package func schedule() {
        guard !isEnabled else { return }
        // sd-event puts a deferred source for ever at the place in the queue that it got when it was made, before all
        // that became ready later. So that work which schedules itself starves nobody, it is made anew; where there is
        // no memory for that, the old place has to do.
        _ = try? add()
        setEnabled(SD_EVENT_ONESHOT)
    }

    package override func setPriority(_ priority: EventPriority) {
        self.priority = priority
        super.setPriority(priority)
    }

    fileprivate func add() throws(SystemError) {
        var pointer: OpaquePointer?
        try check(
            sd_event_add_defer(
                event,
                &pointer,
                { _, userdata in EventSource.fire(userdata, as: DeferredSource.self) { $0.handler() } },
                userdata
            ),
            "defer work"
        )
        adopt(pointer, priority)
        disable()
    }
}

extension EventLoop {
    /// A piece of work that waits to be scheduled.
    package func deferred(
        priority: EventPriority = .normal,
        _ handler: @escaping () -> Void
    ) throws(SystemError) -> DeferredSource {
        let source = DeferredSource(event, priority, handler)
        try source.add()
        return source
    }
}
