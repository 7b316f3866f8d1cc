package import KoomyWire

/// The last events, numbered without a gap, for those who follow and for those who come late.
package final class EventJournal {
    /// Remembered; the oldest are forgotten first.
    package static let capacity = 1_024

    private var events: [EventView] = []
    private var nextSequence: UInt64 = 1
    package var follower: ((EventView) -> Void)?

    package init() {}

    /// The number of the last event.
    package var last: UInt64 { nextSequence - 1 }

    /// Goes on with the numbers of an earlier koomyd.
    package func resume(after sequence: UInt64) { nextSequence = max(nextSequence, sequence + 1) }

    /// Takes in what an earlier koomyd told; what has been told since stays behind it.
    package func remember(_ earlier: [EventView]) {
        let first = events.first?.seq ?? nextSequence
        events = earlier.filter { $0.seq < first } + events
    }

    /// Numbers an event, remembers it and passes it on.
    package func append(_ make: (_ sequence: UInt64) -> EventView) {
        let event = make(nextSequence)
        nextSequence += 1
        if events.count >= Self.capacity * 2 { events.removeFirst(Self.capacity) }
        events.append(event)
        follower?(event)
    }

    /// The events after this number that are still remembered, in order.
    package func events(since sequence: UInt64) -> [EventView] {
        events.suffix(Self.capacity).filter { $0.seq > sequence }
    }
}
