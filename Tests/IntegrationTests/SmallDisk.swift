import Glibc
import TestSupport
import Testing

/// A disk of a few megabytes that can be filled and emptied (tmpfs(5)); it needs root.
struct SmallDisk: ~Copyable {
    let path: String

    init(_ path: String, size: String = "8m") throws {
        self.path = path
        try Files.makeFolder(path)
        guard mount("none", path, "tmpfs", 0, "size=\(size),mode=0755") == 0 else {
            throw TestFailure(description: "cannot mount a tmpfs")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    private var filler: String { "\(path)/filler" }

    /// Writes until there is no room left.
    func fill() throws {
        let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw TestFailure(description: "cannot write \(filler)") }
        defer { close(file) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(file, block, block.count) > 0 {}
    }

    /// Gives the room back.
    func empty() { unlink(filler) }
}
