import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Files replaced as a whole", .timeLimit(.minutes(1)))
struct AtomicFileTests {
    let scratch: Scratch
    var path: String { scratch("state.json") }

    init() throws { scratch = try Scratch() }

    private func mode() -> mode_t {
        var status = stat()
        stat(path, &status)
        return status.st_mode & 0o7777
    }

    @Test
    func `what is written is read`() throws {
        try AtomicFile.write("one".utf8, to: path)
        #expect(try WholeFile.read(path) == Array("one".utf8))
        try AtomicFile.write("two".utf8, to: path)
        #expect(try WholeFile.read(path) == Array("two".utf8))
        #expect(try Folder.names(in: scratch.path) == ["state.json"])
    }

    @Test
    func `the mode is the given one, whatever the umask and whatever was there`() throws {
        try AtomicFile.write("one".utf8, to: path)
        #expect(mode() == 0o600)
        try AtomicFile.write("two".utf8, to: path, mode: 0o666)
        #expect(mode() == 0o666)
    }

    @Test
    func `who has the old file open goes on reading it`() throws {
        try AtomicFile.write("old".utf8, to: path)
        let old = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        try AtomicFile.write("new".utf8, to: path)
        #expect(try old.read(most: 10) == Array("old".utf8))
    }

    @Test
    func `what a dead writer left is written over, even a link to elsewhere`() throws {
        let victim = try scratch.file("victim", "precious")
        symlink(victim, path + ".new")
        try AtomicFile.write("new".utf8, to: path)
        #expect(try WholeFile.read(path) == Array("new".utf8))
        #expect(try WholeFile.read(victim) == Array("precious".utf8))
    }

    @Test
    func `a failure leaves the old file and nothing beside it`() async {
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            let path = try scratch.file("state.json", "old")
            signal(SIGXFSZ, SIG_IGN)
            // As a full disk would.
            try Machine.setLimit(.fsize, soft: 100)
            let error = systemError { () throws(SystemError) in
                try AtomicFile.write([UInt8](repeating: 65, count: 1_000), to: path)
            }
            #expect(error?.errno == .fileTooBig)
            #expect(error?.subject == path + ".new")
            #expect(try WholeFile.read(path) == Array("old".utf8))
            #expect(try Folder.names(in: scratch.path) == ["state.json"])
        }
    }

    @Test
    func `a folder that is missing is an error`() {
        let error = systemError { () throws(SystemError) in try AtomicFile.write([], to: scratch("missing/file")) }
        #expect(error?.errno == .noSuchFile)
    }

    @Test
    func `removing what is not there is no error`() throws {
        try AtomicFile.write([], to: path)
        try AtomicFile.remove(path)
        try AtomicFile.remove(path)
        #expect(FileIdentity(at: path) == nil)
    }

    @Test
    func `a file is set aside under another name`() throws {
        try AtomicFile.write("broken".utf8, to: path)
        try AtomicFile.setAside(path, as: path + ".corrupt")
        #expect(try WholeFile.read(path + ".corrupt") == Array("broken".utf8))
        #expect(FileIdentity(at: path) == nil)
    }

    @Test
    func `a reader in another process never sees a part`() throws {
        let texts = [String(repeating: "a", count: 100_000), String(repeating: "b", count: 50_000)]
        try AtomicFile.write(texts[0].utf8, to: path)
        let script = "while n=$(wc -c <\"$0\"); do case $n in 100000 | 50000) ;; *) exit 1 ;; esac; done"
        let reader = try Child.shell(script) { $0.arguments.append(path) }
        for round in 0..<300 { try AtomicFile.write(texts[round % 2].utf8, to: path) }
        try reader.kill()
        #expect(try reader.ended() == .signaled(.kill, dumpedCore: false))
    }
}

@Suite("Reading whole files", .timeLimit(.minutes(1)))
struct WholeFileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test(arguments: [0, 1, 4_095, 4_096, 4_097, 100_000])
    func `every size comes back whole`(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        try AtomicFile.write(bytes, to: scratch("file"))
        #expect(try WholeFile.read(scratch("file")) == bytes)
        #expect(try WholeFile.read(scratch("file"), most: size) == bytes)
    }

    @Test
    func `a file over the limit is refused`() throws {
        let path = try scratch.file("big", String(repeating: "x", count: 101))
        let error = systemError { () throws(SystemError) in _ = try WholeFile.read(path, most: 100) }
        #expect(error?.errno == .fileTooBig)
        #expect(error?.hint == "at most 100 bytes")
    }

    @Test
    func `a folder and a missing file are told apart`() {
        #expect(systemError { () throws(SystemError) in _ = try WholeFile.read("/tmp") }?.errno == .isDirectory)
        let missing = systemError { () throws(SystemError) in _ = try WholeFile.read(scratch("none")) }
        #expect(missing?.errno == .noSuchFile)
        #expect(missing?.description == "open \(scratch("none")): No such file or directory (ENOENT)")
    }

    @Test
    func `a FIFO does not make the reader wait`() throws {
        mkfifo(scratch("fifo"), 0o600)
        #expect(try WholeFile.read(scratch("fifo")) == [])
    }

    @Test
    func `files of proc, which say that they are empty, are read`() throws {
        #expect(try WholeFile.read("/proc/self/status").starts(with: "Name:".utf8))
    }
}
