package import KoomyEventLoop
package import KoomySystem

/// Readiness by what a worker writes to a descriptor that it inherited.
///
/// It goes on reading after that, so that a worker that says more is neither blocked nor sent SIGPIPE.
package final class LineReceiver {
    /// What has to come.
    package enum Kind: Hashable, Sendable {
        /// A newline, whatever stands before it (s6's notification-fd).
        case newline
        /// The JSON line `"ready"` on node's IPC channel, as `process.send('ready')` writes it.
        case ipcReady
    }

    private let descriptor: SharedDescriptor
    private var handler: (() -> Void)?
    private var source: IOSource?
    private var watcher: LineWatcher

    private static let mostPerTurn = 16_384

    package var number: Int32 { descriptor.number }

    /// Calls the handler once, in a later turn of the loop; the end of the stream before that is no event.
    package init(
        loop: EventLoop,
        owning descriptor: consuming FileDescriptor,
        kind: Kind,
        _ handler: @escaping () -> Void
    ) throws {
        try descriptor.setNonblocking(true)
        self.descriptor = SharedDescriptor(descriptor)
        self.handler = handler
        watcher = LineWatcher(kind)
        source = try loop.io(self.descriptor.number) { [weak self] _ in self?.read() }
    }

    isolated deinit { source.remove() }

    private func read() {
        do {
            // Nothing now: it was woken for nothing.
            guard let bytes = try descriptor.descriptor.read(most: Self.mostPerTurn) else { return }
            if bytes.isEmpty { source.remove() }
            guard handler != nil, watcher.feed(bytes) else { return }
            handler.take()?()
        } catch {
            // A peer that reset the connection has said all that it will say.
            source.remove()
        }
    }
}
