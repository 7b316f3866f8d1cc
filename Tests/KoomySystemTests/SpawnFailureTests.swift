import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("A process that cannot be started", .timeLimit(.minutes(2)))
struct SpawnFailureTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func failure(_ path: String, _ change: (inout SpawnRequest) -> Void = { _ in }) throws -> StartFailure? {
        var request = SpawnRequest(path: path, arguments: ["program"])
        change(&request)
        let child = try Child(request)
        guard case .failed(let failure) = try child.startup() else { return nil }
        #expect(try child.ended() == .exited(code: 127))
        return failure
    }

    @Test
    func `a missing program is named`() throws {
        let path = scratch("missing")
        #expect(try failure(path) == StartFailure(step: .execute, errno: ENOENT, subject: path))
    }

    @Test
    func `a program without the right to run it`() throws {
        let path = try scratch.file("plain", "#!/bin/sh\n")
        #expect(try failure(path) == StartFailure(step: .execute, errno: EACCES, subject: path))
    }

    @Test
    func `a script whose interpreter is missing names the interpreter`() throws {
        let path = try scratch.file("script", "#! /no/such/node --flag\n", mode: 0o755)
        let expected = StartFailure(step: .execute, errno: ENOENT, subject: "\(path): its interpreter /no/such/node")
        #expect(try failure(path) == expected)
    }

    @Test
    func `a folder`() throws {
        #expect(try failure(scratch.path) == StartFailure(step: .execute, errno: EACCES, subject: scratch.path))
    }

    @Test
    func `a file that is no program`() throws {
        let path = try scratch.file("text", "hello", mode: 0o755)
        #expect(try failure(path) == StartFailure(step: .execute, errno: ENOEXEC, subject: path))
    }

    @Test
    func `a working directory that is not there`() throws {
        let path = scratch("nowhere")
        let found = try failure("/bin/true") { $0.workingDirectory = path }
        #expect(found == StartFailure(step: .workingDirectory, errno: ENOENT, subject: path))
    }

    @Test
    func `a limit that cannot be set is named`() throws {
        let found = try failure("/bin/true") {
            $0.attributes.limits = [ResourceLimit(resource: .nproc, soft: 9, hard: 8)]
        }
        #expect(found == StartFailure(step: .resourceLimit, errno: EINVAL, subject: "nproc"))
    }

    @Test
    func `an oom score out of range`() throws {
        let found = try failure("/bin/true") { $0.attributes.oomScoreAdjust = 5_000 }
        #expect(found == StartFailure(step: .oomScore, errno: EINVAL, subject: "/bin/true"))
    }

    @Test
    func `another user without the right to become one`() async {
        await #expect(processExitsWith: .success) {
            if Machine.isRoot { try #require(setuid(65_534) == 0) }
            var request = SpawnRequest(path: "/bin/true", arguments: ["true"])
            request.identity = ResolvedIdentity(userID: 0, groupID: 0, groups: [0])
            let child = try Child(request)
            #expect(try child.startup() == .failed(StartFailure(step: .groups, errno: EPERM, subject: "0")))
        }
    }

    @Test(arguments: ["argument", "environment", "directory"])
    func `text with a NUL in it is refused, not cut short`(place: String) throws {
        var request = SpawnRequest(path: "/bin/true", arguments: ["true"])
        switch place {
        case "argument": request.arguments.append("a\0b")
        case "environment": request.environment["A"] = "a\0b"
        default: request.workingDirectory = "/tmp\0/x"
        }
        let spawner = try Spawner()
        let failure = startFailure(spawner, request)
        #expect(failure?.errno == EINVAL)
    }

    @Test
    func `with no room for another process the signal mask is restored and nothing is left open`() async {
        await #expect(processExitsWith: .success) {
            let spawner = try Spawner()
            if Machine.isRoot { try #require(setuid(65_534) == 0) }
            try Machine.setLimit(.nproc, soft: 0)
            // The test's thread may block whatever it likes.
            try SignalMask.block([.user1])
            try SignalMask.unblock([.user2])
            let blocked = Machine.blockedSignals
            let before = Machine.openDescriptors
            for _ in 0..<100 {
                let failure = startFailure(spawner, SpawnRequest(path: "/bin/true", arguments: ["true"]))
                #expect(failure == StartFailure(step: .clone, errno: EAGAIN, subject: "/bin/true"))
            }
            #expect(Machine.openDescriptors == before)
            #expect(Machine.blockedSignals == blocked)
            // A leak checker needs a process at the end.
            try Machine.setLimit(.nproc, soft: 1_000)
        }
    }

    @Test
    func `with too few descriptors left the signal mask is restored and nothing is left open`() async {
        await #expect(processExitsWith: .success) {
            let spawner = try Spawner()
            try SignalMask.unblock([.user2])
            let blocked = Machine.blockedSignals
            let before = Machine.openDescriptors
            // The limit is the highest number there is and some more; all the numbers below are taken.
            let highest: Int32 = 200
            var fillers: [SharedDescriptor] = []
            while (fillers.last?.number ?? 0) < highest { fillers.append(SharedDescriptor(try Pipe().takeReadEnd())) }
            let filled = Machine.openDescriptors
            var steps: [StartFailure.Step?] = []
            for room in 0...8 {
                let last = try #require(fillers.last?.number)
                try Machine.setLimit(.nofile, soft: UInt64(last) + 1 + UInt64(room))
                steps.append(startFailure(spawner, SpawnRequest(path: "/bin/true", arguments: ["true"]))?.step)
                try Machine.setLimit(.nofile, soft: 1_024)
                #expect(Machine.blockedSignals == blocked)
                #expect(Machine.openDescriptors == filled)
            }
            // A pipe needs two, the pidfd one more; the runtime of the tests may free some of its own meanwhile.
            #expect(steps.contains(.pipe) && steps.contains(.clone) && steps.last == .some(nil), "\(steps)")
            fillers = []
            #expect(Machine.openDescriptors == before)
        }
    }

    @Test
    func `a process killed before its program runs is told from one that runs by its end`() throws {
        let child = try Child(SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"]))
        try child.kill()
        #expect(try child.ended() == .signaled(.kill, dumpedCore: false))
        #expect(try child.startup() == .running)
    }

    @Test
    func `the start does not wait for the program to be loaded`() throws {
        // A process stopped on its way stands in for one that hangs in a dead network file system.
        for _ in 0..<500 {
            let child = try Child(SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"]))
            try child.process.pidfd.signal(.stop)
            let isStopped = waitUntil { ProcessStat(of: child.pid)?.state == UInt8(ascii: "T") }
            guard isStopped, try child.process.startup.read() == .pending else { continue }
            try child.process.pidfd.signal(.continue)
            #expect(try child.startup() == .running)
            return
        }
        Issue.record("every process was faster than the signal that stops it")
    }
}
