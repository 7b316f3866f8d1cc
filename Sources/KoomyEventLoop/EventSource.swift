import CSystemd

/// Something that the loop waits for.
///
/// Removed from the loop when the last reference goes.
package class EventSource {
    /// It keeps the C side of its loop alive.
    private(set) var source: OpaquePointer?

    isolated deinit {
        // Unlike a plain unref this also forgets that the source is due, so its handler cannot run any more.
        sd_event_source_disable_unref(source)
    }

    /// Whether it fires; one that is disabled stays in the loop.
    package var isEnabled: Bool {
        var state: Int32 = 0
        return sd_event_source_get_enabled(source, &state) > 0
    }

    package func enable() { setEnabled(SD_EVENT_ON) }

    package func disable() { setEnabled(SD_EVENT_OFF) }

    /// Sets the order among sources that are ready at once.
    package func setPriority(_ priority: EventPriority) { sd_event_source_set_priority(source, priority.number) }

    func setEnabled(_ state: Int) { sd_event_source_set_enabled(source, Int32(state)) }

    /// What the C functions get to find this object again.
    var userdata: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// Takes ownership of the C side, and lets go of the one before.
    func adopt(_ source: OpaquePointer?, _ priority: EventPriority) {
        sd_event_source_disable_unref(self.source)
        self.source = source
        setPriority(priority)
    }

    /// The one place through which every C callback comes back.
    ///
    /// The object is held while its handler runs, so the handler may drop the last reference to it. The result 0 tells
    /// sd-event that the source stays as it is; it disables sources whose callback fails.
    nonisolated static func fire<Source: EventSource>(
        _ userdata: UnsafeMutableRawPointer?,
        as type: Source.Type,
        _ body: @MainActor (Source) -> Void
    ) -> Int32 {
        guard let userdata else { return 0 }
        // The pointer goes from this thread to this thread.
        nonisolated(unsafe) let pointer = userdata
        MainActor.assumeIsolated {
            let source = Unmanaged<Source>.fromOpaque(pointer).takeUnretainedValue()
            body(source)
        }
        return 0
    }
}
