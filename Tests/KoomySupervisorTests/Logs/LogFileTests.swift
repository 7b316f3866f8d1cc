import Glibc
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct LogFileTests {
    @Test func `it appends to what is there`() throws {
        try Workspace.with { files in
            try files.write("before\n", to: "log")
            let file = LogFile(path: files("log"))
            file.write(Array("one\n".utf8))
            file.write(Array("two\nthree\n".utf8))
            #expect(Files.text(of: files("log")) == "before\none\ntwo\nthree\n")
            #expect(file.dropped == 0 && file.trouble == nil)
        }
    }

    @Test func `nothing is made before the first line`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            file.reopen()
            #expect(!Files.exists(file.path))
        }
    }

    @Test func `what another one appends stays`() throws {
        try Workspace.with { files in
            let (first, second) = (LogFile(path: files("log")), LogFile(path: files("log")))
            for number in 0..<10 {
                first.write(Array("first \(number)\n".utf8))
                second.write(Array("second \(number)\n".utf8))
            }
            #expect(Files.lines(of: files("log")) == (0..<10).flatMap { ["first \($0)", "second \($0)"] })
        }
    }

    @Test func `a file that was moved away is written until it is opened again`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            file.write(Array("one\n".utf8))
            #expect(rename(files("log"), files("log.1")) == 0)
            file.write(Array("two\n".utf8))
            #expect(!Files.exists(files("log")))
            file.reopen()
            file.write(Array("three\n".utf8))
            #expect(Files.text(of: files("log.1")) == "one\ntwo\n")
            #expect(Files.text(of: files("log")) == "three\n")
        }
    }

    @Test func `the folders above it are made`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("a/b/c/log"))
            file.write(Array("one\n".utf8))
            #expect(Files.text(of: files("a/b/c/log")) == "one\n")
            #expect(file.trouble == nil)
        }
    }

    @Test func `its mode is the one that was asked for, and no wider`() throws {
        try Workspace.with { files in
            LogFile(path: files("log"), mode: 0o600).write(Array("one\n".utf8))
            var status = stat()
            #expect(stat(files("log"), &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `what cannot be written is counted, and the next line tries again`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("log"))
            let file = LogFile(path: files("log"))
            file.write(Array("lost\n".utf8))
            file.write(Array("lost too\n".utf8))
            #expect(file.dropped == 14)
            #expect(file.trouble?.errno == .isDirectory)
            #expect(file.trouble?.subject == files("log"))
            Files.remove(files("log"))
            file.write(Array("kept\n".utf8))
            #expect(Files.text(of: files("log")) == "kept\n")
            #expect(file.dropped == 14 && file.trouble == nil)
        }
    }

    @Test(.enabled(if: Files.exists("/dev/full"), "needs /dev/full"))
    func `a full disk stops nobody`() throws {
        let file = LogFile(path: "/dev/full")
        for round in 1...3 {
            file.write(Array("lost\n".utf8))
            #expect(file.dropped == UInt64(round) * 5)
            #expect(file.trouble?.errno == .noSpace)
        }
    }

    @Test func `a named pipe that nobody reads is no reason to wait`() throws {
        try Workspace.with { files in
            #expect(mkfifo(files("log"), 0o600) == 0)
            let file = LogFile(path: files("log"))
            file.write(Array("lost\n".utf8))
            #expect(file.dropped == 5 && file.trouble != nil)
        }
    }
}
