import Glibc
import KoomyModel
import KoomySystem

/// What stands in the file system under a path.
enum Files {
    static func exists(_ path: String) -> Bool { status(path) != nil }

    static func isRegular(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFREG } ?? false }

    static func isRegular(_ descriptor: Int32) -> Bool {
        status(descriptor).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
    }

    static func isFolder(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    static func isProgram(_ path: String) -> Bool { isRegular(path) && access(path, X_OK) == 0 }

    /// nil for what is not there, or may not be looked at.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    static func status(_ descriptor: Int32) -> stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    /// Opens a file for reading, without waiting for whoever writes to it.
    static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        let number = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard number < 0 else { return FileDescriptor(owning: number) }
        // It fails here for the same reason, and says which.
        _ = try WholeFile.read(path, most: 0)
        throw SystemError("open", .noSuchFile, subject: path)
    }
}

extension FileIdentity {
    init(_ status: stat) { self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }
}

extension WallTime {
    init(_ time: timespec) { self.init(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)) }
}
