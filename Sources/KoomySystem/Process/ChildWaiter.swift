import CKoomyLinux
package import KoomyModel

/// Children that have ended, the adopted ones too.
///
/// One SIGCHLD may stand for many (signal(7)), so ask until there are no more.
package enum ChildWaiter {
    /// A child that has ended and is not reaped yet, so that its number is still its own; nil for none.
    ///
    /// It is named again and again until it is reaped.
    package static func nextEnded() throws(SystemError) -> ProcessID? {
        let pid = koomy_wait_peek()
        if pid == -Errno.noChildren.number { return nil }
        return try check(pid, "waitid") == 0 ? nil : pid
    }

    /// Reaps a child if it has ended; nil while it runs.
    package static func reap(_ pid: ProcessID) throws(SystemError) -> ExitReason? {
        var end = koomy_exit()
        return try check(koomy_wait_pid(pid, &end), "wait for", "\(pid)") == 1 ? ExitReason(end) : nil
    }
}
