import Glibc
import KoomyModel
import KoomySystem
import Testing

// Each in a process of its own, which becomes the program.
@Suite("Executing in place", .timeLimit(.minutes(1)))
struct ExecuteTests {
    @Test
    func `the process becomes the program, with its id, its arguments and its environment`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let script =
                "[ $$ = \(ThisProcess.id) ] && [ \"$1\" = 'a b' ] && [ \"$(env | grep ^K)\" = 'K=v w' ] && exit 7"
            let failure = ThisProcess.execute(
                "/bin/sh",
                arguments: ["sh", "-c", script, "sh", "a b"],
                environment: ["K": "v w", "PATH": "/usr/bin:/bin"]
            )
            Issue.record("\(failure)")
        }
    }

    @Test
    func `exactly the kept descriptors are open afterwards`() async {
        await #expect(processExitsWith: .exitCode(8)) {
            let kept = try Pipe()
            let lost = try Pipe()
            let numbers = [kept.readEnd.number, kept.writeEnd.number]
            try kept.writeEnd.writeAll("through".utf8)
            let script = """
                for n in \(numbers[0]) \(numbers[1]); do [ -e /proc/$$/fd/$n ] || exit 1; done
                for n in \(lost.readEnd.number) \(lost.writeEnd.number); do [ -e /proc/$$/fd/$n ] && exit 2; done
                [ "$(head -c 7 /proc/$$/fd/\(numbers[0]))" = through ] && exit 8
                """
            _ = ThisProcess.execute("/bin/sh", arguments: ["sh", "-c", script], environment: [:], keeping: numbers)
        }
    }

    @Test
    func `a failure leaves every descriptor as it was`() async {
        await #expect(processExitsWith: .success) {
            let pipe = try Pipe()
            let open = FileDescriptor(owning: dup(pipe.readEnd.number))
            let kept = [pipe.readEnd.number, pipe.writeEnd.number, open.number, pipe.readEnd.number]
            let missing = ThisProcess.execute("/no/such/program", arguments: ["x"], environment: [:], keeping: kept)
            #expect(missing.errno == .noSuchFile)
            #expect(missing.subject == "/no/such/program")
            #expect(fcntl(pipe.readEnd.number, F_GETFD) == FD_CLOEXEC)
            #expect(fcntl(pipe.writeEnd.number, F_GETFD) == FD_CLOEXEC)
            #expect(fcntl(open.number, F_GETFD) == 0)
            let unknown = ThisProcess.execute("/bin/true", arguments: ["x"], environment: [:], keeping: kept + [9_999])
            #expect(unknown.errno.number == EBADF)
            #expect(fcntl(pipe.readEnd.number, F_GETFD) == FD_CLOEXEC)
            let folder = ThisProcess.execute("/tmp", arguments: ["x"], environment: [:], keeping: kept)
            #expect(folder.errno == .permissionDenied)
        }
    }

    @Test
    func `a text with a NUL in it is refused`() async {
        await #expect(processExitsWith: .success) {
            let texts = ["/bin/true\0", "a\0b"]
            #expect(ThisProcess.execute(texts[0], arguments: ["x"], environment: [:]).errno == .invalidArgument)
            #expect(ThisProcess.execute("/bin/true", arguments: [texts[1]], environment: [:]).errno == .invalidArgument)
            let failure = ThisProcess.execute("/bin/true", arguments: ["x"], environment: ["A": texts[1]])
            #expect(failure.errno == .invalidArgument)
        }
    }

    @Test
    func `blocked signals and children stay`() async {
        await #expect(processExitsWith: .exitCode(9)) {
            try SignalMask.block([.user1])
            let child = try Child.sleeping()
            let script = """
                kill -USR1 $$
                case $(tr '\\n' ' ' </proc/$$/task/$$/children) in *\(child.pid)*) ;; *) exit 1;; esac
                kill -9 \(child.pid) && exit 9
                """
            _ = ThisProcess.execute("/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
        }
    }

    @Test
    func `our own program can be opened and be executed when its file is gone`() async {
        await #expect(processExitsWith: .exitCode(10)) {
            let scratch = try Scratch()
            let copy = try scratch.file("copy", mode: 0o755)
            try AtomicFile.write(try WholeFile.read("/bin/sh"), to: copy, mode: 0o755)
            let program = FileDescriptor(owning: open(copy, O_RDONLY | O_CLOEXEC))
            unlink(copy)
            let failure = ThisProcess.execute(program, arguments: ["sh", "-c", "exit 10"], environment: [:])
            Issue.record("\(failure)")
        }
    }

    @Test
    func `the descriptor of our own program is that program`() throws {
        let program = try ThisProcess.openExecutable()
        #expect(FileIdentity(of: program.number) == FileIdentity(at: ProcFS.executable ?? ""))
        #expect(fcntl(program.number, F_GETFD) == FD_CLOEXEC)
    }

    @Test
    func `what is open and no program is told`() async {
        await #expect(processExitsWith: .success) {
            let pipe = try Pipe()
            let failure = ThisProcess.execute(
                pipe.readEnd,
                arguments: ["x"],
                environment: [:],
                keeping: [pipe.writeEnd.number]
            )
            #expect(failure.errno == .permissionDenied)
            #expect(fcntl(pipe.writeEnd.number, F_GETFD) == FD_CLOEXEC)
        }
    }
}

extension ProcFS {
    /// The path of the program that runs.
    fileprivate static var executable: String? { realpath("/proc/self/exe", nil).map { String(cString: $0) } }
}
