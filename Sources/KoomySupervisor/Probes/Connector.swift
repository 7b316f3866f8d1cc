import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Connects to the first of some addresses that takes a connection.
final class Connector {
    private let loop: EventLoop
    private var addresses: ArraySlice<SocketAddress>
    private let completion: (Result<SharedDescriptor, ProbeFailure>) -> Void
    private var firstFailure: ProbeFailure?
    private var source: IOSource?
    private var retry: TimerSource?

    /// How soon a full queue of a Unix socket is tried again.
    private static let retryInterval = TimeSpan.milliseconds(20)

    init(
        loop: EventLoop,
        addresses: [SocketAddress],
        _ completion: @escaping (Result<SharedDescriptor, ProbeFailure>) -> Void
    ) {
        self.loop = loop
        self.addresses = addresses[...]
        self.completion = completion
    }

    func start() {
        guard let address = addresses.first else {
            completion(.failure(firstFailure ?? ProbeFailure("there is no address")))
            return
        }
        do {
            let socket = SharedDescriptor(try StreamSocket.connect(to: address))
            source = try loop.io(socket.number, .writable) { [weak self] _ in self?.connected(socket, address) }
        } catch let error where error.errno == .wouldBlock {
            // connect(2): unlike TCP, a nonblocking Unix socket does not wait for room in the queue.
            retryLater()
        } catch {
            tryNext(after: ProbeFailure(error))
        }
    }

    func stop() {
        source.remove()
        retry = nil
    }

    private func connected(_ socket: SharedDescriptor, _ address: SocketAddress) {
        source.remove()
        do {
            if let errno = try StreamSocket.pendingError(of: socket.number) {
                tryNext(after: ProbeFailure(errno))
            } else if try Self.isConnectedToItself(socket, address) {
                tryNext(after: ProbeFailure(.connectionRefused))
            } else {
                completion(.success(socket))
            }
        } catch {
            tryNext(after: ProbeFailure(error))
        }
    }

    /// TCP connects a socket to itself where it is given the port that it wants to reach (simultaneous open of RFC 9293).
    ///
    /// That happens now and then on ports of the ephemeral range where nobody listens.
    private static func isConnectedToItself(
        _ socket: SharedDescriptor,
        _ address: SocketAddress
    ) throws(SystemError) -> Bool {
        guard !address.isUnix else { return false }
        return try SocketAddress.local(of: socket.number).port == address.port
    }

    private func tryNext(after failure: ProbeFailure) {
        firstFailure = firstFailure ?? failure
        addresses = addresses.dropFirst()
        start()
    }

    private func retryLater() {
        do {
            if retry == nil { retry = try loop.timer { [weak self] in self?.start() } }
            retry?.arm(at: MonotonicClock.now() + Self.retryInterval)
        } catch {
            tryNext(after: ProbeFailure(error))
        }
    }
}
