import CKoomyLinux
import Glibc

/// A number of errno(3).
package struct Errno: Hashable, Sendable {
    package let number: Int32

    package init(_ number: Int32) { self.number = number }

    package static let notPermitted = Errno(EPERM)
    package static let noSuchFile = Errno(ENOENT)
    package static let noSuchProcess = Errno(ESRCH)
    package static let notExecutable = Errno(ENOEXEC)
    package static let noChildren = Errno(ECHILD)
    package static let wouldBlock = Errno(EAGAIN)
    package static let permissionDenied = Errno(EACCES)
    package static let busy = Errno(EBUSY)
    package static let fileExists = Errno(EEXIST)
    package static let notDirectory = Errno(ENOTDIR)
    package static let isDirectory = Errno(EISDIR)
    package static let invalidArgument = Errno(EINVAL)
    package static let tooManyOpenFiles = Errno(EMFILE)
    package static let fileTooBig = Errno(EFBIG)
    package static let noSpace = Errno(ENOSPC)
    package static let brokenPipe = Errno(EPIPE)
    package static let nameTooLong = Errno(ENAMETOOLONG)
    package static let directoryNotEmpty = Errno(ENOTEMPTY)
    package static let notSocket = Errno(ENOTSOCK)
    package static let notSupported = Errno(ENOTSUP)
    package static let addressInUse = Errno(EADDRINUSE)
    package static let addressNotAvailable = Errno(EADDRNOTAVAIL)
    package static let connectionRefused = Errno(ECONNREFUSED)
    package static let messageTooLong = Errno(EMSGSIZE)
    package static let badDescriptor = Errno(EBADF)
    package static let connectionReset = Errno(ECONNRESET)
    package static let notConnected = Errno(ENOTCONN)
    package static let timedOut = Errno(ETIMEDOUT)
    package static let noData = Errno(ENODATA)
}

extension Errno: CustomStringConvertible {
    /// `ENOENT`; a number without a name as `errno 4711`.
    package var name: String { koomy_errno_name(number).map { String(cString: $0) } ?? "errno \(number)" }

    /// `No such file or directory`.
    package var text: String { koomy_errno_text(number).map { String(cString: $0) } ?? "unknown error" }

    /// `No such file or directory (ENOENT)`.
    package var description: String { "\(text) (\(name))" }
}
