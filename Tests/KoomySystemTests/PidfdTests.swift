import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Processes held by a pidfd", .timeLimit(.minutes(2)))
struct PidfdTests {
    @Test
    func `the end of a process is read once, with its code`() throws {
        let child = try Child.shell("exit 42")
        #expect(try child.ended() == .exited(code: 42))
    }

    @Test(arguments: [Signal.terminate, .kill, .hangup])
    func `the signal that ended a process is told`(signal: Signal) throws {
        let child = try Child.sleeping()
        #expect(try child.process.pidfd.reap() == nil)
        #expect(try child.process.pidfd.signal(signal))
        #expect(try child.ended() == .signaled(signal, dumpedCore: false))
    }

    @Test
    func `a signal to a process that is gone reaches nobody`() throws {
        let child = try Child.sleeping()
        try child.kill()
        // A zombie still takes it; afterwards nobody is there.
        _ = try child.ended()
        #expect(try child.process.pidfd.signal(.terminate) == false)
    }

    @Test
    func `reaping what is not our child is an error`() throws {
        let stranger = try Pidfd.open(ThisProcess.parentID)
        let error = systemError { () throws(SystemError) in _ = try stranger.reap() }
        #expect(error?.errno == .noChildren)
    }

    @Test
    func `opening a process that is not there says so`() {
        let error = systemError { () throws(SystemError) in _ = try Pidfd.open(ProcessID.max).pid }
        #expect(error?.errno == .noSuchProcess)
        #expect(error?.subject == "2147483647")
    }

    @Test
    func `how a stranger ended is known after it was reaped, where the kernel tells`() throws {
        let child = try Child.shell("exit 7")
        let second = try Pidfd.open(child.pid)
        #expect(try child.ended() == .exited(code: 7))
        // nil before Linux 6.15.
        let reason = second.exitReasonOfStranger()
        #expect(reason == nil || reason == .exited(code: 7))
        let living = try Child.sleeping()
        #expect(try Pidfd.open(living.pid).exitReasonOfStranger() == nil)
    }

    @Test
    func `each process has an identity of its own that outlives it, where the kernel has one`() throws {
        let first = try Child.sleeping()
        let second = try Child.sleeping()
        let identity = first.process.pidfd.identity
        if kernelIsAtLeast(6, 9) { #expect(identity != nil) }
        #expect(identity == nil || identity != second.process.pidfd.identity)
        #expect(try Pidfd.open(first.pid).identity == identity)
        try first.kill()
        _ = try first.ended()
        #expect(first.process.pidfd.identity == identity)
        // A descriptor that is no pidfd of a process has none.
        #expect(Pidfd(pid: 1, owning: try Pipe().takeReadEnd()).identity == nil)
    }

    private func kernelIsAtLeast(_ major: Int, _ minor: Int) -> Bool {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let parts = release.split(separator: ".").compactMap { Int($0) }
        return parts.count > 1 && (parts[0], parts[1]) >= (major, minor)
    }

    @Test
    func `a descriptor of a child can be copied`() throws {
        let pipe = try Pipe()
        let child = try Child.sleeping { $0.descriptors = [.init(pipe.writeEnd.number, as: 9)] }
        let copy = try child.process.pidfd.copyDescriptor(9)
        try copy.writeAll("through the copy".utf8)
        #expect(try pipe.readEnd.read(most: 100) == Array("through the copy".utf8))
    }

    @Test(.enabled(if: Machine.canChooseProcessIDs, "needs the right to choose process ids"))
    func `a process that got the number of another one is not hit`() throws {
        let first = try Child.sleeping()
        try first.kill()
        _ = try first.ended()
        // Others may take the number first, so it is tried for a while.
        let deadline = MonotonicClock.now() + .seconds(30)
        while MonotonicClock.now() < deadline {
            let file = FileDescriptor(owning: open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC))
            try file.writeAll("\(first.pid - 1)".utf8)
            let second = try Child.sleeping()
            guard second.pid == first.pid else { continue }
            #expect(try first.process.pidfd.signal(.kill) == false)
            #expect(try second.process.pidfd.reap() == nil)
            #expect(ProcessStat(of: second.pid)?.isDead == false)
            return
        }
        Issue.record("the number was never given again")
    }
}
