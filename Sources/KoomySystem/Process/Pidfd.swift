import CKoomyLinux
package import KoomyModel

/// A process that cannot be confused with a later one that got its number (pidfd_open(2)).
///
/// The descriptor is readable when the process has ended.
package struct Pidfd: ~Copyable, Sendable {
    package let pid: ProcessID
    package let descriptor: FileDescriptor

    package init(pid: ProcessID, owning descriptor: consuming FileDescriptor) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Opens a process that is there now.
    ///
    /// For a child that is not reaped yet its number cannot be another's; of any other process check the start time
    /// afterwards.
    package static func open(_ pid: ProcessID) throws(SystemError) -> Pidfd {
        let number = try check(koomy_pidfd_open(pid), "pidfd_open", "\(pid)")
        return Pidfd(pid: pid, owning: FileDescriptor(owning: number))
    }

    /// Sends a signal; false where the process has ended and been reaped.
    @discardableResult
    package borrowing func signal(_ signal: Signal) throws(SystemError) -> Bool {
        let result = koomy_pidfd_send_signal(descriptor.number, signal.number)
        if result == -Errno.noSuchProcess.number { return false }
        try check(result, "send a signal to", "\(pid)")
        return true
    }

    /// Reaps a child if it has ended; nil while it runs.
    package borrowing func reap() throws(SystemError) -> ExitReason? {
        var end = koomy_exit()
        let result = try check(koomy_wait_pidfd(descriptor.number, &end), "wait for", "\(pid)")
        return result == 1 ? ExitReason(end) : nil
    }

    /// How a process ended that somebody else reaped; nil while it runs, or where the kernel keeps no record.
    ///
    /// Needs Linux 6.15 (PIDFD_GET_INFO of ioctl_pidfd(2)).
    package borrowing func exitReasonOfStranger() -> ExitReason? {
        var end = koomy_exit()
        return koomy_pidfd_exit_info(descriptor.number, &end) == 1 ? ExitReason(end) : nil
    }

    /// What no other process has had since boot, nor will have; nil before Linux 6.9, and on 32-bit machines.
    ///
    /// Before, all pidfds shared one anonymous inode; now each process has its own in pidfs, with a number that is never
    /// given again. The file system tells which it is. It stays readable after the process has gone.
    package var identity: FileIdentity? {
        // PID_FS_MAGIC of linux/magic.h; inode numbers are only long enough where a long is.
        guard koomy_file_system(descriptor.number) == 0x5049_4446, Int.bitWidth == 64 else { return nil }
        return FileIdentity(of: descriptor.number)
    }

    /// A copy of a descriptor of that process; needs ptrace rights on it (pidfd_getfd(2)).
    package borrowing func copyDescriptor(_ number: Int32) throws(SystemError) -> FileDescriptor {
        let copy = try check(koomy_pidfd_getfd(descriptor.number, number), "pidfd_getfd", "\(number) of \(pid)")
        return FileDescriptor(owning: copy)
    }
}
