import CKoomyLinux
import Glibc
package import KoomyModel

extension FileDescriptor {
    /// Opens a file for appending, and makes it and its folders where they are missing (open(2)).
    ///
    /// It is opened without waiting, so that a named pipe without a reader is an error and not a hang.
    package static func appending(to path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK
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

/// The standard streams of this process, for words to people; what they do not take is lost.
package enum StandardStream: Int32 {
    case output = 1
    case error = 2

    package func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let count = koomy_write(rawValue, rest.baseAddress, rest.count)
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Waits, and tells whether somebody still reads what is written; poll(2) reports the end of the last reader.
    package func hasReader(waiting span: TimeSpan) -> Bool {
        var entry = pollfd(fd: rawValue, events: 0, revents: 0)
        return poll(&entry, 1, Int32(clamping: span.milliseconds)) <= 0
    }
}

extension Pipe {
    /// Asks for room for this many bytes; the kernel gives what it allows (fcntl(2), F_SETPIPE_SZ).
    package borrowing func requestCapacity(_ bytes: Int32) { _ = koomy_set_pipe_size(readEnd.number, bytes) }
}
