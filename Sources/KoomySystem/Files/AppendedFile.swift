import CKoomyLinux
import Glibc

/// An open file that is written at its end.
///
/// It is opened without O_APPEND, which splice(2) refuses. So each write names the end: pwritev2(2) with RWF_APPEND,
/// and splice with the size that the file has at this moment; one that another program cuts gets no hole.
package final class AppendedFile: Sendable {
    private let descriptor: FileDescriptor
    /// No device and no named pipe: what is in it can be asked, and splice(2) can fill it.
    package let isRegular: Bool

    /// Opens a file, and makes it and its folders where they are missing.
    ///
    /// It is opened without waiting, so that a named pipe without a reader is an error and not a hang.
    package init(path: String, mode: UInt32) throws(SystemError) {
        do throws(SystemError) {
            descriptor = try FileDescriptor.making(path, mode: mode)
        } catch {
            // One with the attribute `a` may be opened for appending only (chattr(1)); splice then refuses it.
            guard error.errno == .notPermitted else { throw error }
            descriptor = try FileDescriptor.appending(to: path, mode: mode)
        }
        var status = koomy_file_status()
        try check(koomy_status(descriptor.number, &status), "stat", path)
        isRegular = status.mode & S_IFMT == S_IFREG
    }

    /// Whether its last line has no end; false where it cannot be read.
    package var endsInsideLine: Bool {
        guard isRegular, let size = try? size, size > 0 else { return false }
        // What is open for writing only cannot be read; this opens the same file, wherever it was moved.
        let number = koomy_open("/proc/self/fd/\(descriptor.number)", O_RDONLY | O_NONBLOCK, 0)
        guard number >= 0 else { return false }
        let file = FileDescriptor(owning: number)
        var last: UInt8 = 0
        return pread(file.number, &last, 1, off_t(size - 1)) == 1 && last != UInt8(ascii: "\n")
    }

    /// Appends once; how many bytes were taken.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        // A device or a named pipe has no end to write to, and some refuse to be asked for it.
        let write = isRegular ? koomy_append : koomy_write
        return try check(write(descriptor.number, bytes.baseAddress, bytes.count), "write")
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

    private var size: Int64 {
        get throws(SystemError) {
            var status = koomy_file_status()
            try check(koomy_status(descriptor.number, &status), "stat")
            return status.size
        }
    }
}

extension FileDescriptor {
    /// Opens a file so that all writes go to its end, and makes it and its folders where they are missing (open(2)).
    package static func appending(to path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        try making(path, O_APPEND, mode: mode)
    }

    fileprivate static func making(
        _ path: String,
        _ more: Int32 = 0,
        mode: UInt32
    ) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | more
        var result = koomy_open(path, flags, mode)
        if result == -ENOENT {
            try Folder.makeMissing(above: path)
            result = koomy_open(path, flags, mode)
        }
        return FileDescriptor(owning: try check(result, "open for appending", path))
    }
}

extension Folder {
    /// Makes the folders above a path that are missing, as `mkdir -p` does.
    package static func makeMissing(above path: String) throws(SystemError) {
        guard let end = path.lastIndex(of: "/"), end != path.startIndex else { return }
        let folder = String(path[..<end])
        var result = koomy_mkdir(folder, 0o755)
        if result == -ENOENT {
            try makeMissing(above: folder)
            result = koomy_mkdir(folder, 0o755)
        }
        if result != -EEXIST { try check(result, "create the folder", folder) }
    }
}
