import CKoomyLinux
import Glibc
package import KoomyModel

/// An open file that is written at its end.
///
/// It is opened without O_APPEND, which splice(2) refuses. So each write names the end: pwritev2(2) with RWF_APPEND,
/// and splice with the size that the file has at this moment; one that another program cuts gets no hole.
package final class AppendedFile: Sendable {
    private let descriptor: FileDescriptor
    /// No device and no named pipe: what is in it can be asked, and splice(2) can fill it.
    package let isRegular: Bool
    /// Which file it is, wherever it is moved.
    package let identity: FileIdentity

    /// Opens a file, and makes it and its folders where they are missing.
    ///
    /// It is opened without waiting, so that a named pipe without a reader is an error and not a hang.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - mode: The permission bits of one that is made, whatever the umask.
    ///   - owner: Whose one is that is made, and the folders that are made for it; nil for this process's own.
    /// - Throws: Where it cannot be opened or made.
    package init(path: String, mode: UInt32, owner: FileOwner? = nil) throws(SystemError) {
        do throws(SystemError) {
            descriptor = try FileDescriptor.making(path, mode: mode, owner: owner)
        } catch {
            // One with the attribute `a` may be opened for appending only (chattr(1)); splice then refuses it.
            guard error.errno == .notPermitted else { throw error }
            descriptor = try FileDescriptor.making(path, O_APPEND, mode: mode, owner: owner)
        }
        var status = koomy_file_status()
        try check(koomy_status(descriptor.number, &status), "stat", path)
        isRegular = status.mode & S_IFMT == S_IFREG
        identity = FileIdentity(device: status.device, inode: status.inode)
    }

    /// Standard output, or a second way to it that does not wait for a reader where there may be one.
    ///
    /// A file that it was redirected to keeps its position, which it shares with other programs.
    package init(standardOutput: Void) throws(SystemError) {
        var status = koomy_file_status()
        try check(koomy_status(STDOUT_FILENO, &status), "stat", "standard output")
        identity = FileIdentity(device: status.device, inode: status.inode)
        isRegular = false
        let mayWait = status.mode & S_IFMT == S_IFIFO || status.mode & S_IFMT == S_IFCHR
        let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY
        let number = mayWait ? koomy_open("/proc/self/fd/\(STDOUT_FILENO)", flags, 0) : -1
        descriptor =
            if number >= 0 { FileDescriptor(owning: number) } else {
                FileDescriptor(owning: try check(koomy_duplicate(STDOUT_FILENO, 3), "duplicate standard output"))
            }
    }

    /// Whether its last line has no end; false where it cannot be read.
    package var endsInsideLine: Bool {
        guard isRegular, let size = try? size, size > 0 else { return false }
        // What is open for writing only cannot be read; this opens the same file, wherever it was moved.
        let number = koomy_open("/proc/self/fd/\(descriptor.number)", O_RDONLY | O_NONBLOCK, 0)
        guard number >= 0 else { return false }
        let file = FileDescriptor(owning: number)
        var last: UInt8 = 0
        return koomy_read_at(file.number, &last, 1, size - 1) == 1 && last != UInt8(ascii: "\n")
    }

    /// Appends once; how many bytes were taken, 0 where none can be now.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        let count = appended(bytes)
        return count == -Int(EAGAIN) ? 0 : try check(count, "write")
    }

    package func append(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        let count = bytes.withUnsafeBytes { appended($0) }
        return count == -Int(EAGAIN) ? 0 : try check(count, "write")
    }

    private func appended(_ bytes: UnsafeRawBufferPointer) -> Int {
        // A device or a named pipe has no end to write to, and some refuse to be asked for it.
        let write = isRegular ? koomy_append : koomy_write
        return write(descriptor.number, bytes.baseAddress, bytes.count)
    }

    /// Appends a newline.
    package func endLine() throws(SystemError) {
        let newline = UInt8(ascii: "\n")
        try withUnsafeBytes(of: newline) { (bytes) throws(SystemError) in _ = try append(bytes) }
    }

    /// Moves bytes out of a pipe to its end, in one act that nothing can divide: what is in the file is not in the pipe.
    ///
    /// - Returns: How many bytes were moved, fewer where the disk is full or this process is killed; 0 where the pipe
    ///   is empty, and nil where it is no file that splice(2) can fill.
    package func splice(_ count: Int, from pipe: borrowing FileDescriptor) throws(SystemError) -> Int? {
        guard isRegular else { return nil }
        let moved = koomy_splice_to_end(pipe.number, descriptor.number, count)
        switch moved {
        case -Int(EINVAL): return nil
        case -Int(EAGAIN): return 0
        default: return try check(moved, "splice")
        }
    }

    /// Cuts it to a size, as after a write that did not succeed as a whole.
    package func cut(to size: Int64) throws(SystemError) { try check(koomy_truncate(descriptor.number, size), "cut") }

    /// How many bytes are in it.
    package var size: Int64 {
        get throws(SystemError) {
            var status = koomy_file_status()
            try check(koomy_status(descriptor.number, &status), "stat")
            return status.size
        }
    }

    /// When it was last written to.
    package var modified: WallTime? {
        var status = koomy_file_status()
        guard koomy_status(descriptor.number, &status) == 0 else { return nil }
        return WallTime(
            nanoseconds: Int64(status.modified_seconds) * 1_000_000_000 + Int64(status.modified_nanoseconds)
        )
    }
}

/// To whom a file belongs.
package struct FileOwner: Hashable, Sendable {
    package var userID: UInt32
    package var groupID: UInt32

    package init(userID: UInt32, groupID: UInt32) {
        self.userID = userID
        self.groupID = groupID
    }
}

extension FileDescriptor {
    /// Opens a file so that all writes go to its end, and makes it and its folders where they are missing (open(2)).
    package static func appending(
        to path: String,
        mode: UInt32,
        owner: FileOwner? = nil
    ) throws(SystemError) -> FileDescriptor {
        try making(path, O_APPEND, mode: mode, owner: owner)
    }

    fileprivate static func making(
        _ path: String,
        _ more: Int32 = 0,
        mode: UInt32,
        owner: FileOwner?
    ) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_NOCTTY | O_NONBLOCK | more
        var result = koomy_open(path, flags, 0)
        guard result == -ENOENT else { return FileDescriptor(owning: try check(result, "open for appending", path)) }
        // Its mode and owner are those that are asked for only where it is made here.
        result = koomy_open(path, flags | O_CREAT | O_EXCL, mode)
        if result == -ENOENT {
            try Folder.makeMissing(above: path, owner: owner)
            result = koomy_open(path, flags | O_CREAT | O_EXCL, mode)
        }
        // Somebody else made it meanwhile, or it is a link that leads nowhere yet.
        if result == -EEXIST { result = koomy_open(path, flags | O_CREAT, mode) }
        let file = FileDescriptor(owning: try check(result, "open for appending", path))
        try check(koomy_change_mode_of(file.number, mode), "chmod", path)
        if let owner {
            try check(koomy_change_owner_of(file.number, owner.userID, owner.groupID), "chown", path)
        }
        return file
    }
}

extension Folder {
    /// Makes the folders above a path that are missing, as `mkdir -p` does.
    package static func makeMissing(above path: String, owner: FileOwner? = nil) throws(SystemError) {
        guard let end = path.lastIndex(of: "/"), end != path.startIndex else { return }
        let folder = String(path[..<end])
        var result = koomy_mkdir(folder, 0o755)
        if result == -ENOENT {
            try makeMissing(above: folder, owner: owner)
            result = koomy_mkdir(folder, 0o755)
        }
        if result == -EEXIST { return }
        try check(result, "create the folder", folder)
        if let owner { try check(koomy_change_owner(folder, owner.userID, owner.groupID), "chown", folder) }
    }
}
