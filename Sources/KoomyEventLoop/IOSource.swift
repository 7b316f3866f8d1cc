import CSystemd
package import KoomySystem

/// What may be waited for on a descriptor, and what has happened (epoll_ctl(2)).
package struct IOEvents: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = IOEvents(rawValue: 0x001)
    /// Out-of-band data; a change of a file of cgroups or of proc.
    package static let priority = IOEvents(rawValue: 0x002)
    package static let writable = IOEvents(rawValue: 0x004)
    /// Always reported, never asked for.
    package static let error = IOEvents(rawValue: 0x008)
    /// Always reported, never asked for.
    package static let hangUp = IOEvents(rawValue: 0x010)
    /// The peer will write no more.
    package static let peerClosed = IOEvents(rawValue: 0x2000)
    /// Asked for beside others: fires once for each time that something comes, and not for what was left.
    package static let edgeTriggered = IOEvents(rawValue: 1 << 31)
}

/// Fires whenever a descriptor is ready, again and again until what made it ready was taken, unless only edges count.
package final class IOSource: EventSource {
    fileprivate let handler: (IOEvents) -> Void
    private let owned: SharedDescriptor?
    /// The number of the descriptor.
    package let descriptor: Int32

    fileprivate init(
        _ descriptor: Int32,
        owned: SharedDescriptor?,
        _ handler: @escaping (IOEvents) -> Void
    ) {
        self.descriptor = descriptor
        self.owned = owned
        self.handler = handler
    }

    /// Changes what is waited for; an edge-triggered source that is set anew fires if it is ready.
    package func setEvents(_ events: IOEvents) throws(SystemError) {
        try check(sd_event_source_set_io_events(source, events.rawValue), "watch a descriptor")
    }
}

extension EventLoop {
    /// Watches a descriptor that somebody else keeps open for as long as the source lives.
    package func io(
        _ descriptor: Int32,
        _ events: IOEvents = .readable,
        priority: EventPriority = .normal,
        _ handler: @escaping (IOEvents) -> Void
    ) throws(SystemError) -> IOSource {
        try watch(IOSource(descriptor, owned: nil, handler), events, priority)
    }

    /// Watches a descriptor that is closed when the source goes.
    package func io(
        owning descriptor: consuming FileDescriptor,
        _ events: IOEvents = .readable,
        priority: EventPriority = .normal,
        _ handler: @escaping (IOEvents) -> Void
    ) throws(SystemError) -> IOSource {
        let owned = SharedDescriptor(descriptor)
        return try watch(IOSource(owned.number, owned: owned, handler), events, priority)
    }

    private func watch(
        _ source: IOSource,
        _ events: IOEvents,
        _ priority: EventPriority
    ) throws(SystemError) -> IOSource {
        var pointer: OpaquePointer?
        try check(
            sd_event_add_io(
                event,
                &pointer,
                source.descriptor,
                events.rawValue,
                { _, _, revents, userdata in
                    EventSource.fire(userdata, as: IOSource.self) { $0.handler(IOEvents(rawValue: revents)) }
                },
                source.userdata
            ),
            "watch a descriptor"
        )
        source.adopt(pointer, priority)
        return source
    }
}
