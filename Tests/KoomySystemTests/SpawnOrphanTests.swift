import Glibc
import KoomyModel
import TestSupport
import Testing

@testable import KoomySystem

/// What becomes of a process that is being started when its parent is killed.
@Suite("A start whose parent dies", .timeLimit(.minutes(2)))
struct SpawnOrphanTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The process that the killed parent started, by what it left in the scratch folder.
    private func orphan(_ name: String = "pid") throws -> ProcessIdentity {
        let text = String(decoding: try WholeFile.read(scratch(name)), as: UTF8.self).split(separator: " ")
        let pid = try #require(text.first.flatMap { ProcessID($0) })
        return ProcessIdentity(pid: pid, startTime: try #require(text.last.flatMap { UInt64($0) }))
    }

    private func lives(_ process: ProcessIdentity) -> Bool {
        guard let stat = ProcessStat(of: process.pid) else { return false }
        return stat.startTime == process.startTime && !stat.isDead
    }

    /// Leaves the identity of a process for `orphan`.
    private static func leave(_ pid: ProcessID, at path: String) throws {
        let start = try #require(ProcessStat(of: pid)).startTime
        try AtomicFile.write("\(pid) \(start)".utf8, to: path)
    }

    /// Where a child waits for ever on its way: what should be a cgroup has a FIFO without a reader in it.
    private func blockade() throws -> String {
        let folder = scratch.folder("cgroup")
        #expect(mkfifo("\(folder)/cgroup.procs", 0o600) == 0)
        return folder
    }

    @Test
    func `a child that waits on its way to its program dies with its parent`() async throws {
        let folder = try blockade()
        let path = scratch("pid")
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, path = path as String] in
            let cgroup = FileDescriptor(owning: open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            var request = SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"])
            request.cgroup = cgroup.number
            request.avoidsClone3 = true
            let process = try Spawner().spawn(request)
            let call = waitFor { ProcFS.blockedCalls(of: process.pid)?.first }
            #expect(call != nil)
            #expect(try process.startup.read() == .pending)
            try Self.leave(process.pid, at: path)
            kill(ThisProcess.id, SIGKILL)
        }
        let child = try orphan()
        #expect(waitUntil { !lives(child) })
    }

    @Test
    func `a program that runs does not die with its parent`() async throws {
        let path = scratch("pid")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let child = try Child.sleeping()
            try Self.leave(child.pid, at: path)
            kill(ThisProcess.id, SIGKILL)
        }
        let child = try orphan()
        #expect(waitUntil { ProcessStat(of: child.pid).map { $0.parent != ThisProcess.id } ?? true })
        try always(for: .milliseconds(100), "it lives") { lives(child) }
        let pidfd = try Pidfd.open(child.pid)
        #expect(lives(child))
        try pidfd.signal(.kill)
    }

    @Test(.enabled(if: Machine.hasCgroups, "needs root and cgroup v2"))
    func `a child whose parent died before its first instruction starts no program`() async throws {
        let mount = try #require(CgroupFS.mountPoint())
        let group = "\(mount)/koomy-orphan-\(ThisProcess.id)"
        #expect(mkdir(group, 0o755) == 0)
        defer { _ = waitUntil { rmdir(group) == 0 } }
        // What is put into a frozen cgroup does not run, and can be killed.
        try write("1", to: "\(group)/cgroup.freeze")
        let path = scratch("pid")
        let trace = scratch("ran")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [group = group as String, path = path as String, trace = trace as String] in
            let cgroup = FileDescriptor(owning: open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            var request = SpawnRequest(path: "/usr/bin/touch", arguments: ["touch", trace])
            request.cgroup = cgroup.number
            let process = try Spawner().spawn(request)
            try Self.leave(process.pid, at: path)
            // It lets the child go when this process is dead, with its last thread.
            let status = "/proc/\(ThisProcess.id)/status"
            let isDead = "[ ! -e \(status) ] || { grep -qs State:.Z \(status) && grep -qs 'Threads:.1$' \(status); }"
            let wait = "until \(isDead); do sleep 0.01; done; echo 0 >\(group)/cgroup.freeze"
            let liberator = SpawnRequest(
                path: "/bin/sh",
                arguments: ["sh", "-c", wait],
                environment: ["PATH": "/usr/bin:/bin"]
            )
            let child = try Child(liberator)
            #expect(try child.startup() == .running)
            withExtendedLifetime(child) { _ = kill(ThisProcess.id, SIGKILL) }
        }
        let child = try orphan()
        #expect(waitUntil { !lives(child) })
        #expect(FileIdentity(at: trace) == nil)
    }

    /// strace(1) holds the child where it has its new user, and asks for nothing but that call.
    @Test(.enabled(if: Machine.isRoot && Binaries.installed("strace") != nil, "needs root and strace"))
    func `a child that has another user already dies with its parent too`() async throws {
        let strace = try #require(Binaries.installed("strace"))
        let path = scratch("pid")
        let log = scratch("strace.log")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [strace = strace as String, path = path as String, log = log as String] in
            let parent = "\(ThisProcess.id)"
            let tracer = try Child(
                SpawnRequest(
                    path: strace,
                    arguments: [
                        "strace", "-f", "-o", log, "-e", "trace=chdir",
                        "-e", "inject=chdir:delay_enter=1000000000", "-p", parent,
                    ],
                    environment: ["PATH": "/usr/bin:/bin"]
                )
            )
            #expect(waitUntil { ProcFS.read(ThisProcess.id, "status", most: 8_192).map(isTraced) ?? false })
            var request = SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"], workingDirectory: "/")
            request.identity = ResolvedIdentity(userID: 65_534, groupID: 65_534, groups: [])
            let process = try Spawner().spawn(request)
            #expect(waitUntil { (try? WholeFile.read(log))?.isEmpty == false })
            try Self.leave(process.pid, at: path)
            try Self.leave(tracer.pid, at: path + ".tracer")
            kill(ThisProcess.id, SIGKILL)
        }
        let child = try orphan()
        // What it holds it lets end only when it ends itself; what was not killed goes on then.
        #expect(try Pidfd.open(orphan("pid.tracer").pid).signal(.kill))
        #expect(waitUntil { !lives(child) })
    }

    private func write(_ text: String, to path: String) throws {
        let file = FileDescriptor(owning: try check(open(path, O_WRONLY | O_CLOEXEC), "open", path))
        try file.writeAll(text.utf8)
    }
}

/// Whether somebody traces the process whose proc_pid_status(5) this is.
private func isTraced(_ status: [UInt8]) -> Bool {
    var lines = ByteCursor(status)
    guard var words = lines.nextLine(after: "TracerPid:") else { return false }
    return words.nextNumber().map { $0 != 0 } ?? false
}
