import Glibc
import KoomyModel
import TestSupport
import Testing

@testable import KoomySystem

struct ZombieTests {
    @Test(arguments: [
        ("exit 0", ExitReason.exited(code: 0)), ("exit 7", .exited(code: 7)), ("exit 255", .exited(code: 255)),
        ("kill -TERM $$", .signaled(.terminate, dumpedCore: false)),
        ("kill -KILL $$", .signaled(.kill, dumpedCore: false)),
    ])
    func `how a process ended is known before it is reaped`(_ script: String, _ reason: ExitReason) throws {
        let child = try Spawner().spawn(
            SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", script], environment: [:], workingDirectory: "/")
        )
        let found = waitFor { ProcFS.exitReason(ofZombie: child.pid) }
        #expect(found == reason)
        #expect(try child.pidfd.reap() == reason)
        #expect(ProcFS.exitReason(ofZombie: child.pid) == nil)
    }

    @Test func `one that runs has not ended`() { #expect(ProcFS.exitReason(ofZombie: getpid()) == nil) }
}
