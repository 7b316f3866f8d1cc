import CKoomyLinux
import Glibc
package import KoomyModel

/// One system call that a thread is in.
package struct BlockedCall: Hashable, Sendable {
    package var number: Int64
    package var arguments: [UInt64]
}

extension ProcFS {
    /// The children of a process, by its threads (proc_pid_task_children(5)); nil where the kernel does not list them.
    package static func children(of pid: ProcessID) -> [ProcessID]? {
        guard let threads = threads(of: pid) else { return nil }
        var children: [ProcessID] = []
        for thread in threads {
            guard let bytes = read("/proc/\(pid)/task/\(thread)/children", most: 1 << 16) else {
                // A thread may just have ended; without the kernel's support none has the file.
                if read(pid, "stat") != nil, threads.count == 1 { return nil }
                continue
            }
            var words = ByteCursor(bytes)
            while let child = words.nextNumber() { children.append(ProcessID(truncatingIfNeeded: child)) }
        }
        return children
    }

    package static func threads(of pid: ProcessID) -> [ProcessID]? {
        (try? Folder.names(in: "/proc/\(pid)/task"))?.compactMap { ProcessID($0) }
    }

    /// Where a process works; nil where it may not be looked at, or that folder has been removed.
    package static func workingDirectory(of pid: ProcessID) -> String? {
        link("/proc/\(pid)/cwd").flatMap { $0.hasSuffix(" (deleted)") ? nil : $0 }
    }

    /// The value of a variable in the environment that a process was started with; nil where it has none, has
    /// written over it, or may not be looked at.
    package static func environmentValue(_ name: String, of pid: ProcessID) -> String? {
        let key = Array("\(name)=".utf8)
        // Most environments are small; the largest has a quarter of the largest stack (execve(2)).
        guard var bytes = read(pid, "environ", most: 1 << 15) else { return nil }
        if bytes.count == 1 << 15 { bytes = read(pid, "environ", most: 1 << 23) ?? [] }
        let entry = bytes.split(separator: 0).first { $0.starts(with: key) }
        return entry.map { String(decoding: $0.dropFirst(key.count), as: UTF8.self) }
    }

    /// The arguments of a process; empty for a kernel thread.
    package static func arguments(of pid: ProcessID) -> [String]? {
        read(pid, "cmdline", most: 1 << 16)?.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }.dropLast()
    }

    /// Resident memory, with what is shared counted in full.
    package static func residentMemory(of pid: ProcessID) -> ByteCount? {
        guard let bytes = read(pid, "statm", most: 256) else { return nil }
        var words = ByteCursor(bytes)
        words.skipWords(1)
        return words.nextNumber().map { ByteCount(bytes: $0 * UInt64(getpagesize())) }
    }

    /// Memory with what is shared counted in equal parts (proc_pid_smaps(5), Pss); about ten times as slow to read.
    package static func proportionalMemory(of pid: ProcessID) -> ByteCount? {
        guard let bytes = read(pid, "smaps_rollup", most: 2_048) else { return nil }
        var lines = ByteCursor(bytes)
        guard var words = lines.nextLine(after: "Pss:") else { return nil }
        return words.nextNumber().map { ByteCount(bytes: $0 * 1_024) }
    }

    /// The calls that the threads of a process wait in; those that run are left out (proc_pid_syscall(5)).
    package static func blockedCalls(of pid: ProcessID) -> [BlockedCall]? {
        threads(of: pid)?.compactMap { thread in
            guard let bytes = read("/proc/\(pid)/task/\(thread)/syscall", most: 256) else { return nil }
            var words = ByteCursor(bytes)
            guard let number = words.nextSigned(), number >= 0 else { return nil }
            let arguments = (0..<6).compactMap { _ in words.nextNumber(radix: 16) }
            return BlockedCall(number: number, arguments: arguments)
        }
    }

    /// Memory of another process, as the array that a poll(2) waits on; nil where it cannot be read.
    package static func memory(of pid: ProcessID, at address: UInt64, count: Int) -> [UInt8]? {
        var size = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            size = koomy_read_memory(pid, address, buffer.baseAddress, buffer.count)
            filled = max(0, size)
        }
        return size < 0 ? nil : bytes
    }
}
