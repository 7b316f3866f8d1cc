internal import Glibc

/// A blocking stream socket to something on this machine, every operation with a deadline.
package final class Connection {
    package enum Address: Sendable {
        case tcp(UInt16)
        case tcp6(UInt16)
        case unix(String)
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let socket: Int32

    package init(to address: Address, within limit: Duration = .seconds(10)) throws {
        let family =
            switch address {
            case .tcp: AF_INET
            case .tcp6: AF_INET6
            case .unix: AF_UNIX
            }
        socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(description: "no socket") }
        var time = timeval(tv_sec: max(1, Int(limit.components.seconds)), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        guard Self.connect(socket, to: address) else {
            close(socket)
            throw Failure(description: "cannot connect to \(address)")
        }
    }

    deinit { close(socket) }

    private static func connect(_ socket: Int32, to address: Address) -> Bool {
        switch address {
        case .tcp(let port): return connect(socket, to: loopback(port: port))
        case .tcp6(let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            return connect(socket, to: address)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let fits = path.utf8.count < MemoryLayout.size(ofValue: address.sun_path)
            withUnsafeMutableBytes(of: &address.sun_path) { room in room.copyBytes(from: path.utf8.prefix(room.count)) }
            return fits && connect(socket, to: address)
        }
    }

    private static func connect(_ socket: Int32, to address: some Any) -> Bool {
        withUnsafeBytes(of: address) { bytes in
            Glibc.connect(socket, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count)) == 0
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "the other side does not take what is sent") }
            rest = rest.dropFirst(count)
        }
    }

    /// No more will be sent.
    package func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// What comes next; empty at the end of the stream.
    package func receive() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count >= 0 else { throw Failure(description: "reset, or nothing came in time") }
        return Array(chunk[..<count])
    }

    /// Everything up to the end of the stream.
    package func receiveAll() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let more = try receive()
            guard !more.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: more)
        }
    }
}
