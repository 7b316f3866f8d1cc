import CKoomyLinux

/// A descriptor that one thread signals and another waits for (eventfd(2)).
final class EventCounter: Sendable {
    let descriptor: Int32

    /// `waits`: taking blocks until there is a signal; else it returns at once, for a loop that polls the descriptor.
    init?(waits: Bool) {
        descriptor = koomy_worker_event_open(waits ? 1 : 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { _ = koomy_close(descriptor) }

    func signal() { _ = koomy_worker_event_signal(descriptor) }

    func take() { _ = koomy_worker_event_take(descriptor) }
}
