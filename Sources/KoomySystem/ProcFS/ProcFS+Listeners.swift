import CKoomyLinux
import Glibc

/// The inodes of sockets that listen.
package struct ListeningInodes: Hashable, Sendable {
    /// The inode of a TCP socket, and its port.
    package var tcp: [UInt64: UInt16] = [:]
    package var unix: Set<UInt64> = []

    package func contains(_ inode: UInt64) -> Bool { tcp[inode] != nil || unix.contains(inode) }
}

extension ProcFS {
    /// The sockets that listen in the network namespace of a process; our own where none is given.
    package static func listeningInodes(seenBy pid: ProcessID? = nil) -> ListeningInodes {
        let folder = "/proc/\(pid.map(String.init) ?? "self")/net"
        var found = ListeningInodes()
        for file in ["tcp", "tcp6"] { readTCP("\(folder)/\(file)", into: &found) }
        readUnix("\(folder)/unix", into: &found)
        return found
    }

    /// Lines of proc_pid_net(5): `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode`.
    private static func readTCP(_ path: String, into found: inout ListeningInodes) {
        forEachLine(of: path) { line in
            var words = ByteCursor(line)
            words.skipWords(1)
            guard let local = words.nextWord(), words.nextWord() != nil, let state = words.nextNumber(radix: 16) else {
                return true
            }
            // TCP_LISTEN. The kernel writes those first, so a hundred thousand connections cost nothing.
            guard state == 0x0A else { return false }
            words.skipWords(5)
            guard let inode = words.nextNumber(), let colon = local.lastIndex(of: UInt8(ascii: ":")),
                let port = ByteCursor.number(local[(colon + 1)...], radix: 16)
            else { return true }
            found.tcp[inode] = UInt16(truncatingIfNeeded: port)
            return true
        }
    }

    /// Lines `Num RefCount Protocol Flags Type St Inode Path`; __SO_ACCEPTCON is 1 << 16.
    private static func readUnix(_ path: String, into found: inout ListeningInodes) {
        forEachLine(of: path) { line in
            var words = ByteCursor(line)
            words.skipWords(3)
            guard let flags = words.nextNumber(radix: 16), flags & 0x1_0000 != 0 else { return true }
            words.skipWords(2)
            if let inode = words.nextNumber() { found.unix.insert(inode) }
            return true
        }
    }

    /// Calls `body` with the lines after the first, which is a heading, until it returns false.
    private static func forEachLine(of path: String, _ body: (ArraySlice<UInt8>) -> Bool) {
        let number = koomy_open(path, O_RDONLY, 0)
        guard number >= 0 else { return }
        let file = FileDescriptor(owning: number)
        var pending: [UInt8] = []
        var isHeading = true
        while let part = try? file.read(most: 1 << 14), !part.isEmpty {
            pending += part
            guard let end = pending.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            var lines = ByteCursor(pending[...end])
            while let line = lines.nextLine() {
                if isHeading {
                    isHeading = false
                } else if !body(line) {
                    return
                }
            }
            pending.removeSubrange(...end)
        }
    }
}
