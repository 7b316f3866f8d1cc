import CKoomyLinux
import Glibc
import KoomySystem

/// What stands in the file system under a path.
enum Files {
    static func exists(_ path: String) -> Bool { status(path) != nil }

    static func isRegular(_ path: String) -> Bool { status(path).map { $0.mode & S_IFMT == S_IFREG } ?? false }

    static func isFolder(_ path: String) -> Bool { status(path).map { $0.mode & S_IFMT == S_IFDIR } ?? false }

    static func status(_ path: String) -> koomy_file_status? {
        var status = koomy_file_status()
        return koomy_status_at(path, 1, &status) == 0 ? status : nil
    }

    /// Opens a file for reading, without waiting for whoever writes to it.
    static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(koomy_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0), "open", path))
    }
}
