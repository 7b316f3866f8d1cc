import CKoomyLinux
import Glibc
package import KoomyModel

/// A cgroup that we made for one worker: it knows every process of the worker, whatever they do.
package struct ChildCgroup: ~Copyable, Sendable {
    package let path: String
    /// For `SpawnRequest.cgroup`.
    package let descriptor: FileDescriptor

    init(path: String) throws(SystemError) {
        self.path = path
        let number = try check(koomy_open(path, O_RDONLY | O_DIRECTORY, 0), "open the cgroup", path)
        descriptor = FileDescriptor(owning: number)
    }

    /// Whether a living process is in it or below it; nil where it is gone.
    ///
    /// `cgroup.events` is modified when that changes, so it can be watched by inotify(7).
    package borrowing func isPopulated() -> Bool? {
        guard let bytes = ProcFS.read("\(path)/cgroup.events", most: 256) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("populated 1")
    }

    /// The processes in it, not those of cgroups below it.
    package borrowing func processIDs() -> [ProcessID] {
        guard let bytes = try? WholeFile.read("\(path)/cgroup.procs", most: 1 << 20) else { return [] }
        var words = ByteCursor(bytes)
        var found: [ProcessID] = []
        while let pid = words.nextNumber() { found.append(ProcessID(truncatingIfNeeded: pid)) }
        return found
    }

    package borrowing func add(_ pid: ProcessID) throws(SystemError) { try write("\(pid)", to: "cgroup.procs") }

    /// Kills every process in it and below it at once (cgroup.kill, Linux 5.14).
    package borrowing func kill() throws(SystemError) { try write("1", to: "cgroup.kill") }

    /// Memory that its processes hold themselves; nil without the memory controller.
    ///
    /// Anonymous and shared memory of memory.stat: the page cache, which memory.current counts, goes when it is needed.
    package borrowing func memoryHeld() -> ByteCount? {
        guard let bytes = ProcFS.read("\(path)/memory.stat", most: 8_192) else { return nil }
        var lines = ByteCursor(bytes)
        var held: UInt64?
        while let line = lines.nextLine() {
            var words = ByteCursor(line)
            guard let name = words.nextWord(), name.elementsEqual("anon".utf8) || name.elementsEqual("shmem".utf8)
            else {
                continue
            }
            held = (held ?? 0) + (words.nextNumber() ?? 0)
        }
        return held.map(ByteCount.init(bytes:))
    }

    /// Memory of all its processes, page cache included; nil without the memory controller.
    package borrowing func memoryCurrent() -> ByteCount? {
        ProcFS.number(in: "\(path)/memory.current").map { ByteCount(bytes: UInt64(max(0, $0))) }
    }

    /// Sets the amount at which the kernel kills; nil for none.
    package borrowing func setMemoryMax(_ limit: ByteCount?) throws(SystemError) {
        try write(limit.map { "\($0.bytes)" } ?? "max", to: "memory.max")
    }

    /// How often the kernel has killed a process in it for want of memory; nil without the memory controller.
    package borrowing func outOfMemoryKills() -> UInt64? {
        guard let bytes = ProcFS.read("\(path)/memory.events", most: 512) else { return nil }
        var lines = ByteCursor(bytes)
        guard var words = lines.nextLine(after: "oom_kill ") else { return nil }
        return words.nextNumber()
    }

    /// Removes it; throws EBUSY while a process is in it.
    package borrowing func remove() throws(SystemError) { try check(koomy_rmdir(path), "remove the cgroup", path) }

    private borrowing func write(_ text: String, to file: StaticString) throws(SystemError) {
        let bytes = Array(text.utf8)
        let name = "\(path)/\(file)"
        try check(koomy_write_file(name, bytes, bytes.count), "write", name)
    }
}
