import CKoomyLinux
import Glibc

/// A listening socket of the test itself, as a supervisor holds one.
final class Listening {
    let socket: Int32
    let port: UInt16

    init() throws {
        let socket = koomy_worker_listen_tcp("127.0.0.1", 0, 4096)
        guard socket >= 0 else { throw TimedOut(description: "listen: \(socket)") }
        // A supervisor hands listeners over as they are made, blocking; the worker sees to it itself.
        _ = koomy_set_nonblocking(socket, 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        guard result == 0 else { throw TimedOut(description: "getsockname: \(errno)") }
        self.socket = socket
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { _ = koomy_close(socket) }

    var url: String { "http://127.0.0.1:\(port)" }
}

/// The socket on which a supervisor hears its workers.
final class NotifySocket {
    let path: String
    private let socket: Int32
    private var heard: [String] = []

    init(_ folder: ScratchFolder, name: String = "notify") throws {
        path = folder.file(name)
        unlink(path)
        socket = koomy_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
        var address = koomy_address()
        guard koomy_address_unix(path, &address) >= 0, koomy_bind(socket, &address) >= 0 else {
            throw TimedOut(description: "bind \(path)")
        }
    }

    deinit { _ = koomy_close(socket) }

    /// Every message so far, each as it was sent.
    func messages() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = koomy_worker_receive(socket, &buffer, buffer.count), count > 0 {
            heard.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return heard
    }

    /// Waits for a message with this line.
    func wait(for line: String, within limit: Duration = .seconds(15)) throws {
        _ = try eventually(line, within: limit) {
            messages().contains { $0.split(separator: "\n").contains { $0.hasPrefix(line) } } ? true : nil
        }
    }
}
