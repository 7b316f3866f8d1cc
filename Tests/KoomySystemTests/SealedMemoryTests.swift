import CKoomyLinux
import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Sealed memory", .timeLimit(.minutes(1)))
struct SealedMemoryTests {
    @Test(arguments: [0, 1, 4_095, 4_096, 4_097, 3_000_000])
    func `what was put in comes out, as often as it is read`(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let memory = try SealedMemory.create("checkpoint", bytes)
        #expect(try SealedMemory.read(memory, most: size) == bytes)
        // Wherever the offset is.
        lseek(memory.number, 17, SEEK_SET)
        #expect(try SealedMemory.read(memory, most: 10_000_000) == bytes)
        #expect(fcntl(memory.number, F_GETFD) == FD_CLOEXEC)
    }

    @Test
    func `nobody can change it any more`() throws {
        let memory = try SealedMemory.create("checkpoint", Array("truth".utf8))
        let again = FileDescriptor(owning: open("/proc/self/fd/\(memory.number)", O_RDWR | O_CLOEXEC))
        #expect(pwrite(memory.number, "x", 1, 0) == -1)
        #expect(pwrite(again.number, "x", 1, 0) == -1)
        #expect(ftruncate(memory.number, 0) == -1)
        #expect(ftruncate(memory.number, 100) == -1)
        #expect(mmap(nil, 5, PROT_READ | PROT_WRITE, MAP_SHARED, memory.number, 0) == MAP_FAILED)
        #expect(try SealedMemory.read(memory, most: 5) == Array("truth".utf8))
    }

    @Test
    func `what can still change is not believed`() throws {
        let pipe = try Pipe()
        let scratch = try Scratch()
        let file = FileDescriptor(owning: open(try scratch.file("file", "lies"), O_RDONLY | O_CLOEXEC))
        func error(_ descriptor: borrowing FileDescriptor) -> Errno? {
            do {
                _ = try SealedMemory.read(descriptor, most: 100)
                return nil
            } catch {
                return error.errno
            }
        }
        #expect(error(pipe.readEnd) == .invalidArgument)
        #expect(error(file) == .invalidArgument)
        // It could be sealed, and is not.
        let loose = FileDescriptor(owning: koomy_memory_create("loose"))
        try loose.writeAll("lies".utf8)
        #expect(error(loose) == .notPermitted)
    }

    @Test
    func `more than was expected is an error`() throws {
        let memory = try SealedMemory.create("checkpoint", Array(repeating: 1, count: 101))
        let error = systemError { () throws(SystemError) in _ = try SealedMemory.read(memory, most: 100) }
        #expect(error?.errno == .fileTooBig)
        #expect(error?.hint?.contains("101") == true)
    }

    @Test
    func `a name that is too long is refused`() {
        let name = String(repeating: "n", count: 300)
        let error = systemError { () throws(SystemError) in _ = try SealedMemory.create(name, []).number }
        #expect(error?.errno == .invalidArgument)
        #expect(error?.subject == name)
    }
}
