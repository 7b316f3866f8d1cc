import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem

@testable import KoomySupervisor

/// A server on a real socket that answers each connection in the same way, right or wrong.
final class ScriptedServer {
    enum Manner {
        /// Reads the request, sends this, and closes.
        case text(String)
        /// The same, a byte each turn of the loop.
        case byteByByte(String)
        /// Sends this and then bytes as long as they are taken.
        case endless(String)
        /// Sends this, and holds the connection.
        case silentAfter(String)
        /// Accepts, and never says anything.
        case silent
        /// Listens, and never accepts.
        case neverAccepting
        /// Reads the request and resets the connection.
        case reset
    }

    let listener: ListeningSocket
    private let loop: EventLoop
    private let manner: Manner
    private var source: IOSource?
    private var connections: [Int32: Connection] = [:]
    /// What the last connection sent.
    fileprivate(set) var received = ""
    fileprivate(set) var acceptedCount = 0

    var port: UInt16 { if case .tcp(_, let port) = listener.address { port } else { 0 } }

    init(loop: EventLoop, _ manner: Manner, at address: ListenAddress, backlog: Int32) throws {
        self.loop = loop
        self.manner = manner
        let spec = ListenerSpec(name: "scripted", address: address, backlog: backlog, nonblocking: true)
        listener = try ListeningSocket.open(spec)
        if case .neverAccepting = manner { return }
        source = try loop.io(listener.descriptor.number) { [weak self] _ in self?.accept() }
    }

    isolated deinit {
        source.remove()
        connections = [:]
    }

    private func accept() {
        guard let socket = try? StreamSocket.accept(from: listener.descriptor.number) else { return }
        acceptedCount += 1
        let connection = Connection(SharedDescriptor(socket), manner)
        let number = connection.socket.number
        connections[number] = connection
        received = ""
        connection.source = try? loop.io(number) { [weak self] _ in
            guard let self, let connection = connections[number] else { return }
            if !connection.proceed(&received) { connections[number] = nil }
        }
    }

    /// One connection, which closes with its last reference.
    private final class Connection {
        let socket: SharedDescriptor
        var source: IOSource?
        private let manner: Manner
        private var rest: [UInt8] = []
        private var isAnswering = false

        init(_ socket: SharedDescriptor, _ manner: Manner) {
            self.socket = socket
            self.manner = manner
        }

        isolated deinit { source.remove() }

        /// Reads the request, then answers; false when the connection is to be closed.
        func proceed(_ received: inout String) -> Bool {
            if isAnswering { return answer() }
            guard let bytes = try? socket.descriptor.read(most: 8_192), !bytes.isEmpty else { return false }
            received += String(decoding: bytes, as: UTF8.self)
            guard received.hasSuffix("\r\n\r\n") else { return true }
            switch manner {
            case .text(let text), .byteByByte(let text), .endless(let text), .silentAfter(let text):
                rest = Array(text.utf8)
                isAnswering = true
                try? source?.setEvents(.writable)
            case .silent, .neverAccepting: break
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket.number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return false
            }
            return true
        }

        private func answer() -> Bool {
            switch manner {
            case .text: return send(&rest)
            case .byteByByte:
                var byte = Array(rest.prefix(1))
                _ = send(&byte)
                rest.removeFirst(min(1, rest.count))
                return !rest.isEmpty
            case .endless:
                let isOpen = send(&rest) || rest.isEmpty
                if rest.isEmpty { rest = [UInt8](repeating: UInt8(ascii: "x"), count: 8_192) }
                return isOpen
            case .silentAfter:
                _ = send(&rest)
                if rest.isEmpty { try? source?.setEvents([]) }
                return true
            case .silent, .neverAccepting, .reset: return true
            }
        }

        /// Sends what is taken; false when all of it was, or the peer has gone.
        private func send(_ bytes: inout [UInt8]) -> Bool {
            do {
                let count = try bytes.withUnsafeBytes { try socket.descriptor.write($0) } ?? 0
                bytes.removeFirst(count)
                return !bytes.isEmpty
            } catch {
                return false
            }
        }
    }
}
