import CKoomyLinux
import Glibc
package import KoomyModel

/// Waiting for descriptors without an event loop (poll(2)).
package enum Poll {
    /// What may be waited for, and what has happened.
    package struct Events: OptionSet, Hashable, Sendable {
        package let rawValue: Int16

        package init(rawValue: Int16) { self.rawValue = rawValue }

        package static let readable = Events(rawValue: 0x001)
        package static let writable = Events(rawValue: 0x004)
        /// Always reported, never asked for.
        package static let error = Events(rawValue: 0x008)
        /// Always reported, never asked for: a pipe has no writer, a connection no peer.
        package static let hangUp = Events(rawValue: 0x010)
    }

    /// A descriptor and what it is waited for; nothing but the errors where that is empty.
    package struct Entry: Hashable, Sendable {
        package var descriptor: Int32
        package var events: Events

        package init(_ descriptor: Int32, _ events: Events) {
            self.descriptor = descriptor
            self.events = events
        }
    }

    /// Waits until something has happened, or for so long, and returns what has, in the order of the entries.
    ///
    /// A signal may end the wait early. Without a limit it waits for ever, with zero it only looks.
    package static func wait(_ entries: [Entry], atMost limit: TimeSpan?) throws(SystemError) -> [Events] {
        var set = entries.map { pollfd(fd: $0.descriptor, events: $0.events.rawValue, revents: 0) }
        // Rounded up, so that a wait for half a millisecond is not a busy loop.
        let milliseconds = limit.map { Int32(clamping: (max(0, $0.nanoseconds) + 999_999) / 1_000_000) } ?? -1
        try check(koomy_poll(&set, set.count, milliseconds), "poll")
        return set.map { Events(rawValue: $0.revents) }
    }
}
