import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Many starts", .timeLimit(.minutes(2)))
struct SpawnLeakTests {
    @Test
    func `a thousand starts leave no descriptor, no child and no zombie`() async {
        await #expect(processExitsWith: .success) {
            let spawner = try Spawner()
            let before = Machine.openDescriptors
            for number in 0..<1_000 {
                // Every third fails at exec.
                let path = number % 3 == 0 ? "/no/such/program" : "/bin/true"
                let process = try spawner.spawn(SpawnRequest(path: path, arguments: ["x"], environment: ["A": "1"]))
                let reason = waitFor { try? process.pidfd.reap() }
                #expect(reason == .exited(code: number % 3 == 0 ? 127 : 0))
            }
            #expect(Machine.openDescriptors == before)
            #expect(try ChildWaiter.nextEnded() == nil)
        }
    }

    @Test
    func `the parts of a started process can be owned apart`() throws {
        let process = try Spawner().spawn(SpawnRequest(path: "/bin/true", arguments: ["true"]))
        let pid = process.pid
        final class Parts {
            let pidfd: Pidfd
            let report: StartupReport
            init(_ pidfd: consuming Pidfd, _ report: consuming StartupReport) {
                self.pidfd = pidfd
                self.report = report
            }
        }
        let parts = process.split { Parts($0, $1) }
        #expect(parts.pidfd.pid == pid)
        #expect(waitFor { try? parts.pidfd.reap() } == .exited(code: 0))
        #expect(try parts.report.read() == .running)
    }
}
