import Synchronization

/// What other threads have to tell the event loop.
final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let wake: EventCounter

    init?() {
        guard let wake = EventCounter(waits: false) else { return nil }
        self.wake = wake
    }

    /// Readable while there may be messages.
    var descriptor: Int32 { wake.descriptor }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        wake.signal()
    }

    func takeAll() -> [Message] {
        wake.take()
        return messages.withLock { messages in
            let taken = messages
            messages = []
            return taken
        }
    }
}
