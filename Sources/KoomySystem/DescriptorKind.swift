import CKoomyLinux
import Glibc

/// What an open descriptor leads to, as far as it tells who else has it.
package enum DescriptorKind: Hashable, Sendable {
    /// The end of a pipe that only reads: it hangs up when the last writer has gone.
    case pipeReader
    /// Any other end of a pipe.
    case pipeWriter
    /// A socket that listens.
    case listener
    /// A stream or packet socket that does not listen: it hangs up when its peer has gone.
    case connection
    /// Datagram sockets, files, and all the rest; they tell nothing.
    case other

    /// nil where nothing is open.
    package init?(of number: Int32) {
        var status = koomy_file_status()
        guard koomy_status(number, &status) == 0 else { return nil }
        switch status.mode & S_IFMT {
        case S_IFIFO: self = koomy_get_flags(number) & O_ACCMODE == O_RDONLY ? .pipeReader : .pipeWriter
        case S_IFSOCK where koomy_is_listening(number) == 1: self = .listener
        case S_IFSOCK where koomy_socket_type(number) != Int32(SOCK_DGRAM.rawValue): self = .connection
        default: self = .other
        }
    }
}
