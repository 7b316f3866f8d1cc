import CKoomyLinux
import Glibc

/// A file that one living process has locked (flock(2)); the lock ends with the process, however it ends.
package struct LockFile: ~Copyable, Sendable {
    package let descriptor: FileDescriptor
    package let path: String

    /// Takes the lock and writes our process id into the file; throws EAGAIN with the holder's id in the hint.
    ///
    /// The file is never removed: a lock on a removed file would exclude nobody.
    package static func acquire(_ path: String) throws(SystemError) -> LockFile {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW
        let file = FileDescriptor(owning: try check(koomy_open(path, flags, 0o644), "open", path))
        var result = koomy_lock(file.number)
        // The holder may have died a moment ago, and a child of it that has not reached its program yet die with it.
        for _ in 0..<patience where result == -EWOULDBLOCK && holderIsDead(path) {
            usleep(5_000)
            result = koomy_lock(file.number)
        }
        if result == -EWOULDBLOCK {
            let holder = holder(of: path).map { "process \($0) has it" } ?? "another process has it"
            throw SystemError("lock", .wouldBlock, subject: path, hint: holder)
        }
        try check(result, "lock", path)
        try check(koomy_truncate(file.number, 0), "truncate", path)
        try file.writeAll("\(ThisProcess.id)\n".utf8)
        return LockFile(descriptor: file, path: path)
    }

    /// Goes on with a lock that this process has had since before it ran another program.
    package init(adopting descriptor: consuming FileDescriptor, _ path: String) {
        self.init(descriptor: descriptor, path: path)
    }

    /// How often, at intervals of 5 ms, a lock is tried again whose holder is dead.
    private static let patience = 40

    private static func holderIsDead(_ path: String) -> Bool {
        guard let holder = holder(of: path) else { return false }
        return ProcessStat(of: holder)?.isDead ?? true
    }

    /// The process id that a lock file names; it says nothing about whether that process lives.
    package static func holder(of path: String) -> ProcessID? {
        ProcFS.number(in: path).flatMap { ProcessID(exactly: $0) }
    }

    private init(descriptor: consuming FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }
}
