import CKoomyLinux
import Glibc

/// An open file descriptor with one owner; it is closed when the owner goes.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number by which the kernel knows it.
    package let number: Int32

    /// Takes ownership of a descriptor that nobody else will close.
    package init(owning number: Int32) { self.number = number }

    deinit { _ = koomy_close(number) }

    /// Takes ownership of a descriptor that came through execve(2), and is not to go through the next; nil where there is none.
    package init?(inheriting number: Int32) {
        guard fcntl(number, F_SETFD, FD_CLOEXEC) >= 0 else { return nil }
        self.init(owning: number)
    }

    /// Closes it and says whether everything written to it was accepted (close(2)).
    package consuming func close() throws(SystemError) {
        let number = release()
        try check(koomy_close(number), "close")
    }

    /// Gives up ownership; whoever takes the number has to close it.
    package consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    /// A second descriptor of the same open file, with a number of at least `minimum`.
    package borrowing func duplicate(atLeast minimum: Int32 = 3) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(koomy_duplicate(number, minimum), "duplicate a descriptor"))
    }

    /// Whether the open file, shared by every process that has it, is in nonblocking mode.
    package borrowing func setNonblocking(_ enabled: Bool) throws(SystemError) {
        try check(koomy_set_nonblocking(number, enabled ? 1 : 0), "set O_NONBLOCK")
    }
}

/// A descriptor with several owners, or one that lives in a collection; closed when the last reference goes.
package final class SharedDescriptor: Sendable {
    package let descriptor: FileDescriptor

    package var number: Int32 { descriptor.number }

    package init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

extension FileDescriptor {
    /// Whether O_NONBLOCK is set on what is open; nil where it cannot be told (fcntl(2), F_GETFL).
    package var isNonblocking: Bool? {
        let flags = koomy_get_flags(number)
        return flags < 0 ? nil : flags & O_NONBLOCK != 0
    }
}

extension StreamSocket.Pair {
    /// Both ends, each with an owner of its own.
    package consuming func shared() -> (first: SharedDescriptor, second: SharedDescriptor) {
        (SharedDescriptor(first), SharedDescriptor(second))
    }
}
