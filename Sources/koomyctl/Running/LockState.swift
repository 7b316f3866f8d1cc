import Glibc
import KoomySystem

/// Whether somebody holds a lock file, found out without taking the lock even for a moment.
///
/// Whoever tries the lock keeps a koomyd that is just starting from getting it.
enum LockState: Equatable {
    case free
    /// nil where its holder is not to be seen from here, as from another PID namespace.
    case held(ProcessID?)

    init(of path: String) {
        self = .free
        guard let status = Files.status(path), let locks = try? WholeFile.read("/proc/locks") else { return }
        let named = LockFile.holder(of: path)
        for line in String(decoding: locks, as: UTF8.self).split(separator: "\n") {
            guard let entry = Entry(line), entry.inode == UInt64(status.st_ino) else { continue }
            // The device is that of the file system below, which for some is not the one that stat(2) tells.
            guard entry.device == Self.device(status) || entry.holder == named else { continue }
            self = .held(entry.holder)
            return
        }
    }

    /// One lock that somebody has: `1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF` (proc_locks(5)).
    private struct Entry {
        var holder: ProcessID?
        var device: String
        var inode: UInt64

        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            // A second word `->` marks one who waits for the lock.
            guard words.count >= 6, words[1] == "FLOCK", let pid = ProcessID(words[4]) else { return nil }
            let place = words[5].split(separator: ":")
            guard place.count == 3, let inode = UInt64(place[2]) else { return nil }
            holder = pid > 0 ? pid : nil
            device = "\(place[0]):\(place[1])"
            self.inode = inode
        }
    }

    /// The numbers of a device as the kernel prints them; in dev_t they are interleaved (makedev(3)).
    private static func device(_ status: stat) -> String {
        let number = UInt64(status.st_dev)
        let major = (number >> 32) & 0xFFFF_F000 | (number >> 8) & 0xFFF
        let minor = (number >> 12) & 0xFFFF_FF00 | number & 0xFF
        func padded(_ number: UInt64) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }
        return "\(padded(major)):\(padded(minor))"
    }
}
