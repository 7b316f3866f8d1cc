import CKoomyLinux
import Glibc
import KoomyModel

/// The sockets that one process has, read in parts, since a process may have ten thousand.
struct SocketHolder: ~Copyable {
    private let directory: FileDescriptor

    /// nil where there is no such process.
    ///
    /// - Throws: EACCES where its descriptors may not be looked at, and what open(2) says without a free descriptor.
    init?(_ pid: ProcessID) throws(SystemError) {
        let path = "/proc/\(pid)/fd"
        let number = koomy_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard number != -ENOENT else { return nil }
        directory = FileDescriptor(owning: try check(number, "list the descriptors", path))
    }

    /// Takes the inodes of the sockets among the next 128 descriptors, from the lowest; less than a millisecond.
    ///
    /// - Returns: Whether those were the last.
    /// - Throws: EACCES where ptrace(2) of the process is not allowed.
    func next(_ take: (UInt64) -> Void) throws(SystemError) -> Bool {
        var isOver: Int32 = 0
        let capacity = Int(KOOMY_DIAG_ROOM)
        let result = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: capacity) { inodes in
            let count = koomy_socket_inodes(directory.number, inodes.baseAddress, capacity, &isOver)
            for index in 0..<max(0, count) { take(inodes[index]) }
            return count
        }
        // It has ended meanwhile.
        if result == -ENOENT || result == -ESRCH { return true }
        try check(result, "list the descriptors")
        return isOver != 0
    }
}
