import CSystemd
package import KoomySystem

/// Work that is done once in the next round of the loop each time it is scheduled.
package final class DeferredSource: EventSource {
    fileprivate let handler: () -> Void

    fileprivate init(_ handler: @escaping () -> Void) {
        self.handler = handler
    }

    /// Has the handler run once; further calls until then change nothing.
    package func schedule() { setEnabled(SD_EVENT_ONESHOT) }
}

extension EventLoop {
    /// A piece of work that waits to be scheduled.
    package func deferred(
        priority: EventPriority = .normal,
        _ handler: @escaping () -> Void
    ) throws(SystemError) -> DeferredSource {
        let source = DeferredSource(handler)
        var pointer: OpaquePointer?
        try check(
            sd_event_add_defer(
                event,
                &pointer,
                { _, userdata in EventSource.fire(userdata, as: DeferredSource.self) { $0.handler() } },
                source.userdata
            ),
            "defer work"
        )
        source.adopt(pointer, priority)
        source.disable()
        return source
    }
}
