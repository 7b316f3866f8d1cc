import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Opening a pipe of another process", .timeLimit(.minutes(1)))
struct OpenDescriptorTests {
    private func error(_ number: Int32, of pid: ProcessID) -> SystemError? {
        systemError { () throws(SystemError) in _ = try ProcFS.openDescriptor(number, of: pid).number }
    }

    @Test
    func `what a worker writes can be read when the first reader is lost`() throws {
        let (readEnd, writeEnd) = try Pipe(outlivesReaders: true).shared()
        let child = try Child.shell("read x; echo late; exec sleep 1000") {
            $0.descriptors = [.init(writeEnd.number, as: 1)]
        }
        _ = consume readEnd
        _ = consume writeEnd
        _ = try child.startup()
        let opened = try ProcFS.openDescriptor(1, of: child.pid)
        #expect(opened.isNonblocking == true)
        #expect(fcntl(opened.number, F_GETFD) == FD_CLOEXEC)
        #expect(try waitFor { try opened.read(most: 100) } == Array("late\n".utf8))
        try child.kill()
        _ = try child.ended()
        #expect(try opened.read(most: 100) == [])
    }

    @Test
    func `to open it changes nothing for the one who has it`() throws {
        let pipe = try Pipe()
        let opened = try ProcFS.openDescriptor(pipe.readEnd.number, of: ThisProcess.id)
        #expect(opened.isNonblocking == true)
        #expect(pipe.readEnd.isNonblocking == false)
    }

    @Test
    func `what is no pipe is refused, and not even opened`() throws {
        let scratch = try Scratch()
        let file = FileDescriptor(owning: open(try scratch.file("file", "x"), O_RDONLY | O_CLOEXEC))
        let device = FileDescriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC))
        let socket = try ListeningSocket.openPrivate()
        let numbers = [file.number, device.number, socket.descriptor.number]
        for number in numbers {
            let error = error(number, of: ThisProcess.id)
            #expect(error?.errno == .invalidArgument)
            #expect(error?.subject == "/proc/\(ThisProcess.id)/fd/\(number)")
        }
    }

    @Test
    func `a descriptor or a process that is not there is told`() throws {
        #expect(error(9_999, of: ThisProcess.id)?.errno == .noSuchFile)
        #expect(error(0, of: .max)?.errno == .noSuchFile)
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `a process of another user is not looked into`() async {
        await #expect(processExitsWith: .success) {
            let pid = ThisProcess.parentID
            guard setuid(65_534) == 0 else { _exit(1) }
            let error = systemError { () throws(SystemError) in _ = try ProcFS.openDescriptor(1, of: pid).number }
            #expect(error?.errno == .permissionDenied)
        }
    }
}
