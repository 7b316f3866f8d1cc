import Glibc
import KoomyModel
import KoomySystem

/// The queue of connections that the kernel has completed and nobody has accepted yet.
nonisolated enum ListenQueue {
    /// How many wait at a port of 127.0.0.1; nil where nothing listens there.
    ///
    /// Of a listening socket, `rx_queue` is the length of that queue. The kernel lists those sockets before all
    /// connections, so the reading ends early (proc_pid_net(5)).
    static func length(port: UInt16) -> Int? {
        let number = open("/proc/self/net/tcp", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = FileDescriptor(owning: number)
        var pending: [UInt8] = []
        while let part = try? file.read(most: rowSize), !part.isEmpty {
            pending += part
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let row = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeSubrange(...end)
                switch Row(row) {
                case .heading: continue
                case .listener(let row): if row.port == port, row.isLoopback { return row.length }
                case .connection: return nil
                }
            }
        }
        return nil
    }

    /// A row is that long; to be asked for more than is needed makes the kernel walk its table of connections.
    private static let rowSize = 150

    private enum Row {
        struct Listener {
            var isLoopback: Bool
            var port: UInt16
            var length: Int
        }

        case heading
        case listener(Listener)
        case connection

        /// Reads `0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 …`; 0A is TCP_LISTEN.
        init(_ text: String) {
            let words = text.split(separator: " ")
            guard words.count > 4, words[0].hasSuffix(":") else {
                self = .heading
                return
            }
            let local = words[1].split(separator: ":")
            let queues = words[4].split(separator: ":")
            guard words[3] == "0A", local.count == 2, queues.count == 2, let port = UInt16(local[1], radix: 16),
                let length = Int(queues[1], radix: 16)
            else {
                self = .connection
                return
            }
            // The address is printed as a number of this machine's byte order.
            let isLoopback = UInt32(local[0], radix: 16) == UInt32(0x7F00_0001).bigEndian
            self = .listener(Listener(isLoopback: isLoopback, port: port, length: length))
        }
    }
}
