import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Takes connections from a listening socket for as long as there is room for them.
final class HTTPAcceptor {
    /// How long it leaves the socket alone after accept(2) has failed, as for want of descriptors.
    private static let pause = TimeSpan.milliseconds(100)
    /// Connections in one round of the loop, so that others have their turn.
    private static let batch = 16

    private let loop: EventLoop
    private let listener: FileDescriptor
    private let handler: (consuming FileDescriptor) -> Void
    private var source: IOSource?
    private var pauseTimer: TimerSource?
    private var isPausing = false

    /// Whether there is no room for another.
    var isFull = false {
        didSet { if isFull != oldValue { update() } }
    }

    /// How often accept(2) has failed.
    private(set) var failures: UInt64 = 0

    init(
        loop: EventLoop,
        listener: consuming FileDescriptor,
        handler: @escaping (consuming FileDescriptor) -> Void
    ) throws(SystemError) {
        guard try SocketAddress.local(of: listener.number).isUnix else {
            throw SystemError("serve control", .invalidArgument, hint: "the control socket has to be a Unix socket")
        }
        try listener.setNonblocking(true)
        self.loop = loop
        self.listener = listener
        self.handler = handler
        source = try loop.io(self.listener.number) { [weak self] _ in self?.accept() }
        pauseTimer = try loop.timer { [weak self] in self?.endPause() }
    }

    private func accept() {
        do throws(SystemError) {
            for _ in 0..<Self.batch where !isFull {
                guard let client = try StreamSocket.accept(from: listener.number) else { return }
                handler(client)
            }
        } catch {
            // The client stays in the queue, and the socket readable: without a pause the loop would spin.
            failures += 1
            isPausing = true
            pauseTimer?.arm(at: loop.now + Self.pause)
            update()
        }
    }

    private func endPause() {
        isPausing = false
        update()
    }

    private func update() {
        if isFull || isPausing { source?.disable() } else { source?.enable() }
    }
}
