import KoomySystem
import TestSupport
import Testing

@testable import koomyctl

@Suite struct LockStateTests {
    @Test func `a lock is seen with its holder as long as it is held`() throws {
        try Workspace.with { files in
            let path = files("lock")
            #expect(LockState(of: path) == .free)
            do {
                let lock = try LockFile.acquire(path)
                #expect(LockState(of: lock.path) == .held(ThisProcess.id))
            }
            // A child that another test has just cloned has the descriptor, and with it the lock, until it calls execve.
            try eventually("nobody has it") { LockState(of: path) == .free }
            // The file names its last holder for ever.
            #expect(LockFile.holder(of: path) == ThisProcess.id)
        }
    }

    @Test func `locks of other files and of other kinds are none`() throws {
        try Workspace.with { files in
            let other = try LockFile.acquire(files("other"))
            try files.write("1\n", to: "lock")
            #expect(LockState(of: files("lock")) == .free)
            #expect(LockState(of: other.path) == .held(ThisProcess.id))
        }
    }

    @Test func `looking never takes the lock`() throws {
        try Workspace.with { files in
            let path = try files.write("", to: "lock")
            for _ in 0..<200 { #expect(LockState(of: path) == .free) }
            let lock = try LockFile.acquire(path)
            for _ in 0..<200 { #expect(LockState(of: lock.path) == .held(ThisProcess.id)) }
        }
    }
}
