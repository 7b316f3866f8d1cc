import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("The lock of a state folder", .timeLimit(.minutes(1)))
struct LockFileTests {
    let scratch: Scratch
    var path: String { scratch("lock") }

    init() throws { scratch = try Scratch() }

    private func refusal() -> SystemError? {
        systemError { () throws(SystemError) in _ = try LockFile.acquire(path).path }
    }

    @Test
    func `one holder at a time, whose process id is told`() throws {
        let lock = try LockFile.acquire(path)
        let refusal = refusal()
        #expect(refusal?.errno == .wouldBlock)
        #expect(refusal?.hint == "process \(ThisProcess.id) has it")
        #expect(LockFile.holder(of: path) == ThisProcess.id)
        _ = lock.path
    }

    @Test
    func `it is free when the holder lets go`() throws {
        do { _ = try LockFile.acquire(path).path }
        // A child that another test starts at this moment has it until its descriptors are closed.
        #expect(waitUntil { refusal() == nil })
    }

    @Test
    func `it is free when the holder is killed`() throws {
        let child = try Child.shell("exec 9>>\"$0\"; flock -n 9 && echo 4711 >&9 && exec sleep 1000") {
            $0.arguments.append(path)
        }
        #expect(waitUntil { LockFile.holder(of: path) == 4_711 })
        #expect(refusal()?.hint == "process 4711 has it")
        try child.kill()
        _ = try child.ended()
        let lock = try LockFile.acquire(path)
        #expect(LockFile.holder(of: path) == ThisProcess.id)
        _ = lock.path
    }

    @Test
    func `a child whose program runs does not keep the lock of its parent`() async {
        // In a process of its own: until its descriptors are closed, a child that another test starts has the lock too.
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            let child: Child
            do {
                let lock = try LockFile.acquire(scratch("lock"))
                child = try Child.sleeping()
                _ = lock.path
            }
            _ = try LockFile.acquire(scratch("lock")).path
            try child.kill()
        }
    }

    @Test
    func `a symbolic link in its place is refused`() throws {
        let victim = try scratch.file("victim", "precious")
        symlink(victim, path)
        #expect(refusal() != nil)
        #expect(try WholeFile.read(victim) == Array("precious".utf8))
    }
}
