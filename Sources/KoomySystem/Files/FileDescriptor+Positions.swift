import CKoomyLinux
import Glibc
package import KoomyModel

/// Reading and writing at places of a file.
extension FileDescriptor {
    /// Opens a file for both, and makes it where it is missing (open(2)).
    package static func updating(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        // No link that somebody has put there.
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY
        return FileDescriptor(owning: try check(koomy_open(path, flags, mode), "open", path))
    }

    /// Returns when everything that was written is on the disk.
    package borrowing func synchronize() throws(SystemError) { try check(koomy_fsync(number), "fsync") }

    package borrowing func fileSize() throws(SystemError) -> Int64 {
        var status = koomy_file_status()
        try check(koomy_status(number, &status), "stat")
        return status.size
    }

    /// The bytes at a place, fewer at the end (pread(2)).
    package borrowing func read(at offset: Int64, most: Int) throws(SystemError) -> [UInt8] {
        let number = self.number
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            result = koomy_read_at(number, buffer.baseAddress, most, offset)
            count = max(0, result)
        }
        try check(result, "read")
        return bytes
    }

    /// Writes all of it to a place (pwrite(2)).
    package borrowing func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        let number = self.number
        let count = bytes.withUnsafeBytes { koomy_write_at(number, $0.baseAddress, $0.count, offset) }
        guard try check(count, "write") == bytes.count else { throw SystemError("write", .noSpace) }
    }

    /// Makes a file as large as that (ftruncate(2)).
    package borrowing func cut(to size: Int64) throws(SystemError) { try check(koomy_truncate(number, size), "cut") }

    /// Moves bytes out of a pipe to the end of a file; how many were moved, 0 where the pipe is empty (splice(2)).
    package borrowing func splice(_ count: Int, toEndOf file: borrowing FileDescriptor) throws(SystemError) -> Int {
        let moved = koomy_splice_to_end(number, file.number, count)
        return moved == -Int(EAGAIN) ? 0 : try check(moved, "splice")
    }
}

/// Files that stand for others.
extension FileDescriptor {
    /// Opens a regular file to read it; no link (open(2), O_NOFOLLOW).
    package static func readingOnly(_ path: String) throws(SystemError) -> FileDescriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        return FileDescriptor(owning: try check(koomy_open(path, flags, 0), "open", path))
    }

    /// Makes a file that nobody had, with the mode and the owner of another one.
    package static func likeNew(
        _ path: String,
        as model: borrowing FileDescriptor
    ) throws(SystemError) -> FileDescriptor {
        var status = koomy_file_status()
        try check(koomy_status(model.number, &status), "stat")
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let file = FileDescriptor(owning: try check(koomy_open(path, flags, 0o600), "create", path))
        if status.uid != ThisProcess.userID || status.gid != ThisProcess.groupID {
            try check(koomy_change_owner_of(file.number, status.uid, status.gid), "chown", path)
        }
        try check(koomy_change_mode_of(file.number, status.mode & 0o7777), "chmod", path)
        return file
    }

    /// Says when it was last written to (futimens(3)).
    package borrowing func setModified(_ time: WallTime) throws(SystemError) {
        let nanoseconds = Int(time.nanoseconds - time.seconds * 1_000_000_000)
        try check(koomy_set_modified(number, time.seconds, nanoseconds), "set the time")
    }
}
