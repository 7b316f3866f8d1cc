import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Pipes", .timeLimit(.minutes(1)))
struct PipeTests {
    /// A write whose reader may be missing, without the signal that would end the tests.
    private func write(_ text: String, to end: borrowing FileDescriptor) -> SystemError? {
        signal(SIGPIPE, SIG_IGN)
        let number = end.number
        let copy = dup(number)
        let file = FileDescriptor(owning: copy)
        return systemError { () throws(SystemError) in try file.writeAll(text.utf8) }
    }

    @Test
    func `a writer of a plain pipe learns that nobody reads`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            let end = try Pipe().takeWriteEnd()
            let error = systemError { () throws(SystemError) in try end.writeAll("x".utf8) }
            #expect(error?.errno == .brokenPipe)
        }
    }

    @Test
    func `a pipe that outlives its readers takes what is written, and the next reader gets it`() async {
        await #expect(processExitsWith: .success) {
            // The default action of SIGPIPE would end this process.
            signal(SIGPIPE, SIG_DFL)
            let (readEnd, writeEnd) = try Pipe(outlivesReaders: true).shared()
            try writeEnd.descriptor.writeAll("one ".utf8)
            #expect(try readEnd.descriptor.read(most: 2) == Array("on".utf8))
            try close(readEnd)
            try writeEnd.descriptor.writeAll("two".utf8)
            let again = try ProcFS.openDescriptor(writeEnd.number, of: ThisProcess.id)
            #expect(try again.read(most: 100) == Array("e two".utf8))
        }
    }

    @Test
    func `its reader finds the end when the last write end is closed`() throws {
        let (readEnd, writeEnd) = try Pipe(outlivesReaders: true).shared()
        try readEnd.descriptor.setNonblocking(true)
        let second = try writeEnd.descriptor.duplicate()
        try writeEnd.descriptor.writeAll("last".utf8)
        #expect(dup2(readEnd.number, writeEnd.number) == writeEnd.number)
        #expect(try readEnd.descriptor.read(most: 100) == Array("last".utf8))
        #expect(try readEnd.descriptor.read(most: 100) == nil)
        try second.close()
        #expect(try readEnd.descriptor.read(most: 100) == [])
    }

    @Test
    func `its ends are close-on-exec, and only the read end can be made nonblocking by itself`() throws {
        let pipe = try Pipe(outlivesReaders: true)
        for number in [pipe.readEnd.number, pipe.writeEnd.number] { #expect(fcntl(number, F_GETFD) == FD_CLOEXEC) }
        #expect(fcntl(pipe.readEnd.number, F_GETFL) & O_ACCMODE == O_RDONLY)
        #expect(fcntl(pipe.writeEnd.number, F_GETFL) & O_ACCMODE == O_RDWR)
        try pipe.readEnd.setNonblocking(true)
        #expect(pipe.writeEnd.isNonblocking == false)
    }

    @Test
    func `a worker that writes goes on after its reader has gone`() throws {
        let (readEnd, writeEnd) = try Pipe(outlivesReaders: true).shared()
        let child = try Child.shell("echo first; read line; echo second; exit 3") {
            $0.descriptors = [.init(writeEnd.number, as: 1)]
        }
        #expect(try waitFor { try readEnd.descriptor.read(most: 6) } == Array("first\n".utf8))
        _ = consume readEnd
        #expect(try child.ended() == .exited(code: 3))
        let rest = try ProcFS.openDescriptor(writeEnd.number, of: ThisProcess.id)
        #expect(try rest.read(most: 100) == Array("second\n".utf8))
    }

    @Test
    func `many pipes leave no descriptor`() async {
        await #expect(processExitsWith: .success) {
            let before = Machine.openDescriptors
            for _ in 0..<200 { _ = try Pipe(outlivesReaders: true).takeReadEnd().number }
            #expect(Machine.openDescriptors == before)
        }
    }
}

/// Closes what has one owner left.
private func close(_ shared: consuming SharedDescriptor) throws {
    _ = consume shared
}
