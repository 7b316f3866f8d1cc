import CKoomyLinux
import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("Control groups", .timeLimit(.minutes(1)))
struct CgroupTests {
    @Test
    func `the mount is found on unified and on hybrid hosts`() {
        let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
        #expect(CgroupFS.mountPoint(inMountInfo: unified) == "/sys/fs/cgroup")
        let hybrid = """
            33 32 0:28 / /sys/fs/cgroup/memory rw shared:15 - cgroup cgroup rw,memory
            34 32 0:29 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw
            """
        #expect(CgroupFS.mountPoint(inMountInfo: hybrid) == "/sys/fs/cgroup/uni fied")
        #expect(CgroupFS.mountPoint(inMountInfo: "1 2 0:1 / / rw - ext4 /dev/vda rw\ngarbage\n- -\n") == nil)
    }

    @Test
    func `our own group is on the line of version 2`() {
        let text = "4:memory:/process\n1:name=systemd:/\n0::/system.slice/koomyd.service\n"
        #expect(CgroupFS.path(inMembership: text) == "/system.slice/koomyd.service")
        #expect(CgroupFS.path(inMembership: "4:memory:/x\n") == nil)
    }

    @Test
    func `a group that nobody delegated is never taken`() throws {
        let own = try #require(CgroupFS.own())
        if DelegatedCgroup(path: own) == nil { #expect(DelegatedCgroup.own() == nil) }
        #expect(DelegatedCgroup(path: "/tmp") == nil)
        #expect(DelegatedCgroup(path: "/no/such/group") == nil)
    }

    /// A group of this test's own, marked as systemd marks delegated ones.
    private final class Delegated {
        let path: String

        init() throws {
            let mount = try #require(CgroupFS.mountPoint())
            path = "\(mount)/koomy-test-\(ThisProcess.id)-\(UInt32.random(in: 0 ... .max))"
            try check(koomy_mkdir(path, 0o755), "mkdir", path)
        }

        deinit {
            for name in (try? Folder.names(in: path)) ?? [] { _ = koomy_rmdir("\(path)/\(name)") }
            _ = koomy_rmdir(path)
        }

        func mark() throws { try check(koomy_set_attribute(path, "trusted.delegate", "1", 1), "setxattr", path) }
    }

    @Test(.enabled(if: Machine.hasCgroups, "needs root and cgroup v2"))
    func `the mark of systemd makes a group ours`() throws {
        let group = try Delegated()
        #expect(DelegatedCgroup(path: group.path) == nil)
        try group.mark()
        #expect(DelegatedCgroup(path: group.path)?.path == group.path)
    }

    @Test(.enabled(if: Machine.hasCgroups, "needs root and cgroup v2"), arguments: [false, true])
    func `a process is started in a group, which knows its children and kills them all`(isPlain: Bool) throws {
        let group = try Delegated()
        try group.mark()
        let delegated = try #require(DelegatedCgroup(path: group.path))
        let cgroup = try delegated.makeChild("worker-1")
        #expect(cgroup.isPopulated() == false)
        let child = try Child.shell("setsid sleep 1000 & sleep 1000") {
            $0.cgroup = cgroup.descriptor.number
            $0.avoidsClone3 = isPlain
        }
        #expect(waitUntil { cgroup.processIDs().count == 3 && cgroup.isPopulated() == true })
        #expect(cgroup.processIDs().contains(child.pid))
        let busy = systemError { () throws(SystemError) in try cgroup.remove() }
        #expect(busy?.errno == .busy)
        try cgroup.kill()
        #expect(try child.ended() == .signaled(.kill, dumpedCore: false))
        #expect(waitUntil { cgroup.isPopulated() == false })
        #expect(waitUntil { (try? cgroup.remove()) != nil })
        #expect(cgroup.isPopulated() == nil)
    }

    @Test(.enabled(if: Machine.hasCgroups, "needs root and cgroup v2"))
    func `memory is told and limited only where the controller is there`() throws {
        let group = try Delegated()
        try group.mark()
        let delegated = try #require(DelegatedCgroup(path: group.path))
        let cgroup = try delegated.makeChild("worker-1")
        let child = try Child.sleeping { $0.cgroup = cgroup.descriptor.number }
        if delegated.controllers.contains("memory") {
            #expect(cgroup.memoryCurrent() != nil)
        } else {
            #expect(cgroup.memoryCurrent() == nil)
            #expect(cgroup.outOfMemoryKills() == nil)
            let error = systemError { () throws(SystemError) in try cgroup.setMemoryMax(ByteCount(bytes: 1 << 30)) }
            #expect(error?.errno == .noSuchFile || error?.errno == .permissionDenied)
        }
        try child.kill()
        _ = try child.ended()
    }

    @Test(.enabled(if: Machine.hasCgroups, "needs root and cgroup v2"))
    func `a group that cannot be entered is a failure of its own`() throws {
        let scratch = try Scratch()
        let folder = FileDescriptor(owning: open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        var request = SpawnRequest(path: "/bin/true", arguments: ["true"])
        request.cgroup = folder.number
        let failure = startFailure(try Spawner(), request)
        #expect(failure?.step == .cgroup)
        #expect(failure?.errno == EBADF)
    }
}
