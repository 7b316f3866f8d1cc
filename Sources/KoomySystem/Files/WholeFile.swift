import CKoomyLinux
import Glibc

/// Reads files that are small by nature.
package enum WholeFile {
    /// The bytes of a file; throws EFBIG where it has more than `most`, EISDIR for a folder.
    package static func read(_ path: String, most: Int = 16 << 20) throws(SystemError) -> [UInt8] {
        // O_NONBLOCK: opening a FIFO without a writer would wait for one for ever.
        let number = try check(koomy_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0), "open", path)
        let file = FileDescriptor(owning: number)
        var status = koomy_file_status()
        try check(koomy_status(file.number, &status), "stat", path)
        guard status.mode & S_IFMT != S_IFDIR else { throw SystemError("read", .isDirectory, subject: path) }
        var bytes: [UInt8] = []
        // Files of proc(5) say that they have no bytes, so the size is only a first guess.
        bytes.reserveCapacity(min(most, max(4_096, Int(clamping: status.size) + 1)))
        while true {
            guard let part = try file.read(most: min(max(4_096, bytes.count), most - bytes.count + 1)) else {
                throw SystemError("read", .wouldBlock, subject: path, hint: "it is not a regular file")
            }
            if part.isEmpty { return bytes }
            bytes += part
            if bytes.count > most {
                throw SystemError("read", .fileTooBig, subject: path, hint: "at most \(most) bytes")
            }
        }
    }
}
