import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import KoomyWire

/// Asks a worker by GET and reads its answer.
final class HTTPProbe: ProbeWork {
    private enum Phase {
        case connecting(Connector)
        case sending(SharedDescriptor, ArraySlice<UInt8>)
        case reading(SharedDescriptor)
        case over
    }

    private let loop: EventLoop
    private let addresses: [SocketAddress]
    private let request: [UInt8]
    private var answer: ProbeAnswer
    private var completion: ((ProbeResult) -> Void)?
    private var phase = Phase.over
    private var source: IOSource?

    private static let mostPerTurn = 16_384

    init(loop: EventLoop, address: ProbeAddress, path: String, status: Int?) throws(ProbeFailure) {
        self.loop = loop
        addresses = address.addresses
        answer = ProbeAnswer(expected: status)
        let head = HTTPRequestHead(
            method: "GET",
            target: path.hasPrefix("/") ? path : "/\(path)",
            headers: ["Host": address.host, "User-Agent": "koomyd", "Accept": "*/*", "Connection": "close"]
        )
        do throws(HTTPParsingError) {
            request = try head.serialized()
        } catch {
            throw ProbeFailure("the path \(path) cannot be sent: \(error)")
        }
    }

    var missing: String {
        switch phase {
        case .connecting: "no connection"
        case .sending, .reading, .over: answer.hasBegun ? "no complete answer" : "no answer"
        }
    }

    func start(_ answer: @escaping (ProbeResult) -> Void) {
        completion = answer
        let connector = Connector(loop: loop, addresses: addresses) { [weak self] in self?.connected($0) }
        phase = .connecting(connector)
        connector.start()
    }

    func stop() {
        completion = nil
        if case .connecting(let connector) = phase { connector.stop() }
        // The source first: a descriptor has to be open while it is taken out of the loop.
        source.remove()
        phase = .over
    }

    private func connected(_ result: Result<SharedDescriptor, ProbeFailure>) {
        do {
            let socket = try result.get()
            phase = .sending(socket, request[...])
            source = try loop.io(socket.number, .writable) { [weak self] _ in self?.proceed() }
        } catch let failure as ProbeFailure {
            end(.failed(failure.words))
        } catch {
            end(.failed("\(error)"))
        }
    }

    private func proceed() {
        switch phase {
        case .connecting, .over: break
        case .sending(let socket, let rest): send(rest, on: socket)
        case .reading(let socket): read(from: socket)
        }
    }

    private func send(_ rest: ArraySlice<UInt8>, on socket: SharedDescriptor) {
        let count: Int
        do {
            count = try rest.withUnsafeBytes { try socket.descriptor.write($0) } ?? 0
        } catch {
            // Who answered and closed without reading may still have said something.
            count = rest.count
        }
        guard count == rest.count else {
            phase = .sending(socket, rest.dropFirst(count))
            return
        }
        phase = .reading(socket)
        do throws(SystemError) {
            try source?.setEvents(.readable)
        } catch {
            end(.failed(ProbeFailure(error).words))
        }
    }

    private func read(from socket: SharedDescriptor) {
        do throws(SystemError) {
            guard let bytes = try socket.descriptor.read(most: Self.mostPerTurn) else { return }
            if bytes.isEmpty {
                end(answer.finish())
            } else if let result = answer.feed(bytes) {
                end(result)
            }
        } catch {
            end(.failed(ProbeFailure(error).words))
        }
    }

    private func end(_ result: ProbeResult) {
        let completion = completion
        stop()
        completion?(result)
    }
}
