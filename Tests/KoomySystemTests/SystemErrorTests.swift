import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Errors, descriptors and clocks")
struct SystemErrorTests {
    @Test
    func `an error says what was tried, why it failed, on what, and what to do`() {
        let plain = SystemError("bind", .addressInUse)
        #expect(plain.description == "bind: Address already in use (EADDRINUSE)")
        let full = SystemError("bind", .addressInUse, subject: "tcp://*:80", hint: "stop it")
        #expect(full.description == "bind tcp://*:80: Address already in use (EADDRINUSE): stop it")
        #expect(plain.withHint("x").hint == "x")
        #expect(plain != full)
        #expect(plain == SystemError("bind", .addressInUse))
    }

    @Test
    func `numbers without a name are still shown`() {
        #expect(Errno(4_711).description == "unknown error (errno 4711)")
        #expect(Errno(ENOENT).name == "ENOENT")
    }

    @Test
    func `a result below zero is an error and any other is a value`() throws {
        #expect(try check(Int32(7), "call") == 7)
        let error = systemError { () throws(SystemError) in try check(Int32(-ENOENT), "call", "file") }
        #expect(error == SystemError("call", .noSuchFile, subject: "file"))
    }

    @Test
    func `a descriptor is closed when its owner goes`() throws {
        let pipe = try Pipe()
        let readEnd = try pipe.readEnd.duplicate()
        try readEnd.setNonblocking(true)
        let shared = SharedDescriptor(pipe.takeWriteEnd())
        #expect(try readEnd.read(most: 1) == nil)
        _ = consume shared
        #expect(try readEnd.read(most: 1) == [])
    }

    @Test
    func `a descriptor that was released stays open`() throws {
        let pipe = try Pipe()
        let number = try pipe.writeEnd.duplicate(atLeast: 50).release()
        #expect(number >= 50)
        #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        let taken = FileDescriptor(owning: number)
        try taken.writeAll("x".utf8)
        try taken.close()
        #expect(try pipe.readEnd.read(most: 10) == Array("x".utf8))
    }

    @Test
    func `the monotonic clock goes forward and the wall clock is in this century`() {
        let first = MonotonicClock.now()
        #expect(waitUntil { MonotonicClock.now() > first })
        #expect((1_700_000_000...4_000_000_000).contains(WallClock.now().seconds))
    }

    @Test
    func `a raised limit of open files is told as it was`() async {
        await #expect(processExitsWith: .success) {
            try Machine.setLimit(.nofile, soft: 100)
            let before = try ThisProcess.raiseDescriptorLimit()
            #expect(before.soft == 100)
            let again = try ThisProcess.raiseDescriptorLimit()
            #expect(again.soft == before.hard)
        }
    }
}
