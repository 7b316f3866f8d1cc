import CSystemd
package import KoomySystem

/// Fires when a file, or something in a folder, changes (inotify(7)).
package final class FileWatch: EventSource {
    /// One change.
    package struct Change: Hashable, Sendable {
        /// The IN_ bits.
        package var mask: UInt32
        /// The entry of the folder that changed; nil for the watched file itself.
        package var name: String?
    }

    fileprivate let handler: (Change) -> Void

    fileprivate init(_ handler: @escaping (Change) -> Void) {
        self.handler = handler
    }
}

extension EventLoop {
    /// Watches a path; `mask` is made of the IN_ bits of inotify(7).
    package func watch(
        _ path: String,
        mask: UInt32,
        priority: EventPriority = .normal,
        _ handler: @escaping (FileWatch.Change) -> Void
    ) throws(SystemError) -> FileWatch {
        let source = FileWatch(handler)
        var pointer: OpaquePointer?
        try check(
            sd_event_add_inotify(
                event,
                &pointer,
                path,
                mask,
                { _, event, userdata in
                    guard let event else { return 0 }
                    let change = FileWatch.Change(event)
                    return EventSource.fire(userdata, as: FileWatch.self) { $0.handler(change) }
                },
                source.userdata
            ),
            "watch",
            path
        )
        source.adopt(pointer, priority)
        return source
    }
}

extension FileWatch.Change {
    /// The name is NUL-terminated text that follows the event's fixed part.
    nonisolated fileprivate init(_ event: UnsafePointer<inotify_event>) {
        mask = event.pointee.mask
        guard event.pointee.len > 0 else {
            name = nil
            return
        }
        let text = UnsafeRawPointer(event).advanced(by: MemoryLayout<inotify_event>.size)
        name = String(cString: text.assumingMemoryBound(to: CChar.self))
    }
}
