import CKoomyLinux
import Glibc

/// One thing that an epoll instance watches.
package struct EpollEntry: Hashable, Sendable {
    /// The number it had in the process when it was added.
    package var descriptor: Int32
    /// The EPOLL bits of epoll_ctl(2).
    package var events: UInt32
    package var inode: UInt64
}

extension ProcFS {
    /// What the open descriptors of a process lead to: `/dev/null`, `socket:[4711]`, `anon_inode:[eventpoll]`.
    package static func descriptorTargets(of pid: ProcessID) -> [Int32: String]? {
        guard let names = try? Folder.names(in: "/proc/\(pid)/fd") else { return nil }
        var targets: [Int32: String] = [:]
        for name in names {
            if let number = Int32(name), let target = link("/proc/\(pid)/fd/\(name)") { targets[number] = target }
        }
        return targets
    }

    /// Opens a pipe that another process has open once more, for reading without waiting (proc_pid_fd(5)).
    ///
    /// It need not be a descendant, but its user has to be ours, and ptrace(2) of it allowed. Throws EINVAL for what is
    /// no pipe.
    package static func openDescriptor(_ number: Int32, of pid: ProcessID) throws(SystemError) -> FileDescriptor {
        let path = "/proc/\(pid)/fd/\(number)"
        var status = koomy_file_status()
        // Before it is opened: to open a device can do things.
        try check(koomy_status_at(path, 1, &status), "stat", path)
        let wasPipe = status.mode & S_IFMT == S_IFIFO
        guard wasPipe else { throw SystemError("open", .invalidArgument, subject: path, hint: "it is no pipe") }
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
        let opened = FileDescriptor(owning: try check(koomy_open(path, flags, 0), "open", path))
        try check(koomy_status(opened.number, &status), "stat", path)
        guard status.mode & S_IFMT == S_IFIFO else {
            throw SystemError("open", .invalidArgument, subject: path, hint: "it was another file a moment ago")
        }
        return opened
    }

    /// The inode of a socket from the target of its descriptor; nil for what is no socket.
    package static func socketInode(_ target: String) -> UInt64? {
        guard target.hasPrefix("socket:["), target.hasSuffix("]") else { return nil }
        return UInt64(target.dropFirst(8).dropLast())
    }

    /// Everything that the epoll instances of a process watch (proc_pid_fdinfo(5)).
    package static func epollEntries(of pid: ProcessID) -> [EpollEntry]? {
        guard let targets = descriptorTargets(of: pid) else { return nil }
        var entries: [EpollEntry] = []
        for (number, target) in targets where target == "anon_inode:[eventpoll]" {
            // A line an entry, about 90 bytes: enough for a server with 10,000 connections.
            guard let bytes = read(pid, "fdinfo/\(number)", most: 1 << 20) else { continue }
            var lines = ByteCursor(bytes)
            while let line = lines.nextLine() {
                if let entry = EpollEntry(parsing: line) { entries.append(entry) }
            }
        }
        return entries
    }

    /// The flags of an open file as open(2) has them, O_NONBLOCK among them.
    package static func openFlags(of pid: ProcessID, descriptor: Int32) -> UInt64? {
        guard let bytes = read(pid, "fdinfo/\(descriptor)", most: 512) else { return nil }
        var lines = ByteCursor(bytes)
        guard var words = lines.nextLine(after: "flags:") else { return nil }
        return words.nextNumber(radix: 8)
    }
}

extension EpollEntry {
    /// Reads `tfd:        4 events:       19 data:                4  pos:0 ino:1c3f sdev:8`.
    init?(parsing line: ArraySlice<UInt8>) {
        var words = ByteCursor(line)
        guard let first = words.nextWord(), first.elementsEqual("tfd:".utf8), let descriptor = words.nextSigned(),
            let second = words.nextWord(), second.elementsEqual("events:".utf8),
            let events = words.nextNumber(radix: 16),
            let inode = words.nextWord(after: "ino:").flatMap({ ByteCursor.number($0, radix: 16) })
        else { return nil }
        self.descriptor = Int32(truncatingIfNeeded: descriptor)
        self.events = UInt32(truncatingIfNeeded: events)
        self.inode = inode
    }
}
