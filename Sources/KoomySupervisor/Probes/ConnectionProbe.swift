import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Asks whether a worker takes a connection.
final class ConnectionProbe: ProbeWork {
    private let loop: EventLoop
    private let addresses: [SocketAddress]
    /// The port of the worker's private socket, where that is asked.
    ///
    /// The kernel completes connections to a socket that we opened whether or not the worker ever takes them, so for
    /// such a one only an emptied queue counts.
    private let privatePort: UInt16?
    private var connector: Connector?
    private var connection: SharedDescriptor?
    private var timer: TimerSource?
    private var interval = TimeSpan.milliseconds(1)
    private var completion: ((ProbeResult) -> Void)?

    private static let longestInterval = TimeSpan.milliseconds(64)

    init(loop: EventLoop, address: ProbeAddress, privatePort: UInt16? = nil) {
        self.loop = loop
        addresses = address.addresses
        self.privatePort = privatePort
    }

    var missing: String { connection == nil ? "no connection" : "the connection was not accepted" }

    func start(_ answer: @escaping (ProbeResult) -> Void) {
        completion = answer
        let connector = Connector(loop: loop, addresses: addresses) { [weak self] in self?.connected($0) }
        self.connector = connector
        connector.start()
    }

    func stop() {
        completion = nil
        connector?.stop()
        connector = nil
        timer = nil
        connection = nil
    }

    private func connected(_ result: Result<SharedDescriptor, ProbeFailure>) {
        do {
            connection = try result.get()
            guard privatePort != nil else { return end(.succeeded) }
            timer = try loop.timer { [weak self] in self?.checkQueue() }
            checkQueue()
        } catch let failure as ProbeFailure {
            end(.failed(failure.words))
        } catch {
            end(.failed("\(error)"))
        }
    }

    private func checkQueue() {
        guard let privatePort else { return }
        guard let length = ListenQueue.length(port: privatePort) else {
            return end(.failed("the private socket does not listen"))
        }
        guard length > 0 else { return end(.succeeded) }
        timer?.arm(at: MonotonicClock.now() + interval)
        interval = min(interval * 2, Self.longestInterval)
    }

    private func end(_ result: ProbeResult) {
        let completion = completion
        stop()
        completion?(result)
    }
}
