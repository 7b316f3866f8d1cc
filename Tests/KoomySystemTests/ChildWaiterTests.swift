import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Waiting for children", .timeLimit(.minutes(2)))
struct ChildWaiterTests {
    @Test
    func `children that end together are all found, each with its own end`() async {
        await #expect(processExitsWith: .success) {
            let spawner = try Spawner()
            var expected: [ProcessID: ExitReason] = [:]
            for code in 0..<20 {
                let request = SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", "exit \(code)"])
                expected[try spawner.spawn(request).pid] = .exited(code: Int32(code))
            }
            var found: [ProcessID: ExitReason] = [:]
            let isComplete = try waitUntil {
                while let pid = try ChildWaiter.nextEnded() {
                    // Named again until it is reaped: its number is safe.
                    #expect(try ChildWaiter.nextEnded() == pid)
                    found[pid] = try ChildWaiter.reap(pid)
                }
                return found.count == expected.count
            }
            #expect(isComplete)
            #expect(found == expected)
            #expect(try ChildWaiter.nextEnded() == nil)
        }
    }

    @Test
    func `without children there is none to wait for`() async {
        await #expect(processExitsWith: .success) {
            let ended = try ChildWaiter.nextEnded()
            #expect(ended == nil)
            let error = systemError { () throws(SystemError) in _ = try ChildWaiter.reap(1) }
            #expect(error?.errno == .noChildren)
        }
    }

    @Test
    func `orphans of our descendants become ours`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.adoptOrphans()
            #expect(ThisProcess.adoptsOrphans)
            let child = try Child.shell("sh -c 'exit 5' & exit 0")
            #expect(try child.ended() == .exited(code: 0))
            let orphan = try waitFor { try ChildWaiter.nextEnded() }
            #expect(try orphan.map { try ChildWaiter.reap($0) } == .exited(code: 5))
        }
    }
}
