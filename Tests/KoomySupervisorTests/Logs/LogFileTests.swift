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

    // MARK: - Bytes that come from a pipe

    /// A worker's pipe with something in it.
    private func pipe(_ text: String) throws -> (pipe: LogPipe, writeEnd: SharedDescriptor) {
        let ends = try Pipe().shared()
        try ends.writeEnd.descriptor.writeAll(Array(text.utf8))
        return (LogPipe(try ends.readEnd.descriptor.duplicate()), ends.writeEnd)
    }

    @Test func `exactly what was asked for goes from the pipe to the file`() throws {
        try Workspace.with { files in
            try files.write("before\n", to: "log")
            let file = LogFile(path: files("log"))
            let worker = try pipe("one\ntwo\nhalf")
            #expect(file.splice(8, from: worker.pipe, endsLine: true) == 8)
            #expect(Files.text(of: files("log")) == "before\none\ntwo\n")
            #expect(try worker.pipe.shared.descriptor.readableSize() == 4)
            // More than there is, as if somebody else had read: nothing waits, and nothing is said to be lost.
            #expect(file.splice(8, from: worker.pipe, endsLine: true) == 8)
            #expect(Files.text(of: files("log")) == "before\none\ntwo\nhalf")
            #expect(file.dropped == 0)
        }
    }

    @Test func `a line that one writer left open is ended before another's, and continued by its own`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            let (first, second) = (try pipe("begin"), try pipe("other\n"))
            _ = file.splice(5, from: first.pipe, endsLine: false)
            #expect(file.isInsideLine(of: first.pipe) && !file.isInsideLine(of: second.pipe))
            try first.writeEnd.descriptor.writeAll(Array(" middle".utf8))
            _ = file.splice(7, from: first.pipe, endsLine: false)
            _ = file.splice(6, from: second.pipe, endsLine: true)
            try first.writeEnd.descriptor.writeAll(Array(" end\n".utf8))
            _ = file.splice(5, from: first.pipe, endsLine: true)
            Array("from memory\n".utf8).withUnsafeBytes { file.write($0, from: second.pipe) }
            #expect(Files.text(of: files("log")) == "begin middle\nother\n end\nfrom memory\n")
        }
    }

    @Test func `a line that a kill cut is continued by its writer`() throws {
        try Workspace.with { files in
            let (first, second) = (try pipe("begin"), try pipe("other\n"))
            _ = LogFile(path: files("log")).splice(5, from: first.pipe, endsLine: false)
            // Another koomyd has the same pipes anew.
            let again = [first, second].compactMap { try? LogPipe($0.pipe.shared.descriptor.duplicate()) }
            #expect(again.map(\.isMarked) == [true, false])
            let file = LogFile(path: files("log"))
            for pipe in again.reversed() { file.admit(pipe) }
            try first.writeEnd.descriptor.writeAll(Array(" end\n".utf8))
            _ = file.splice(5, from: again[0], endsLine: true)
            _ = file.splice(6, from: again[1], endsLine: true)
            #expect(Files.text(of: files("log")) == "begin end\nother\n")
            #expect(again.map(\.isMarked) == [false, true])
        }
    }

    @Test func `a line that a kill cut is ended before a stranger's`() throws {
        try Workspace.with { files in
            let (first, second) = (try pipe("begin"), try pipe("other\n"))
            _ = LogFile(path: files("log")).splice(5, from: first.pipe, endsLine: false)
            let file = LogFile(path: files("log"))
            _ = file.splice(6, from: second.pipe, endsLine: true)
            // It comes too late to go on.
            let late = LogPipe(try first.pipe.shared.descriptor.duplicate())
            file.admit(late)
            #expect(!late.isMarked)
            file.write(Array("daemon\n".utf8))
            #expect(Files.text(of: files("log")) == "begin\nother\ndaemon\n")
        }
    }

    @Test func `a file that ends inside a line is continued on the next`() throws {
        try Workspace.with { files in
            try files.write("torn", to: "log")
            LogFile(path: files("log")).write(Array("whole\n".utf8))
            #expect(Files.text(of: files("log")) == "torn\nwhole\n")
        }
    }

    @Test func `a file that another program cuts gets no hole`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            let worker = try pipe("one\ntwo\n")
            _ = file.splice(4, from: worker.pipe, endsLine: true)
            #expect(truncate(files("log"), 0) == 0)
            _ = file.splice(4, from: worker.pipe, endsLine: true)
            #expect(Files.text(of: files("log")) == "two\n")
            #expect(truncate(files("log"), 0) == 0)
            file.write(Array("three\n".utf8))
            #expect(Files.text(of: files("log")) == "three\n")
        }
    }

    @Test(arguments: ["/dev/null", "/dev/full"])
    func `what cannot be spliced into is left to memory`(_ path: String) throws {
        let worker = try pipe("one\n")
        let file = LogFile(path: path)
        #expect(file.splice(4, from: worker.pipe, endsLine: true) == nil)
        #expect(try worker.pipe.shared.descriptor.readableSize() == 4)
        #expect(file.dropped == 0 && file.trouble == nil)
    }

    @Test(.needsRoot) func `a file that may only be appended to is appended to`() throws {
        try Workspace.with { files in
            try files.write("before\n", to: "log")
            guard try Command.run(["chattr", "+a", files("log")]).code == 0 else { return }
            defer { _ = try? Command.run(["chattr", "-a", files("log")]) }
            let worker = try pipe("one\n")
            let file = LogFile(path: files("log"))
            #expect(file.splice(4, from: worker.pipe, endsLine: true) == nil)
            file.write(Array("two\n".utf8))
            #expect(Files.text(of: files("log")) == "before\ntwo\n")
        }
    }

    @Test(.needsRoot, arguments: [false, true])
    func `a disk that is full drops, tears no other line, and goes on by itself`(_ isSpliced: Bool) throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            var words: [String] = []
            let file = LogFile(path: files("disk/log")) { _, trouble in words.append(trouble?.errno.name ?? "works") }
            let worker = try pipe("")
            /// Ten lines of 1,000 bytes.
            @MainActor func put(_ word: Character) throws {
                let text = String(repeating: String(repeating: word, count: 999) + "\n", count: 10)
                guard isSpliced else { return file.write(Array(text.utf8)) }
                try worker.writeEnd.descriptor.writeAll(Array(text.utf8))
                let done = file.splice(text.utf8.count, from: worker.pipe, endsLine: true) ?? 0
                guard done < text.utf8.count else { return }
                _ = try worker.pipe.shared.descriptor.read(most: text.utf8.count - done)
            }
            for _ in 0..<6 { try put("a") }
            #expect(words == [])
            for _ in 0..<3 { try put("b") }
            let size = Files.bytes(of: files("disk/log"))?.count ?? 0
            #expect(words == ["ENOSPC"])
            #expect(size == 64 << 10 && Int(file.dropped) == 90_000 - size)
            #expect(file.trouble?.subject == files("disk/log"))
            _ = try Command.run(["mount", "-o", "remount,size=128k", files("disk")])
            try put("c")
            #expect(words == ["ENOSPC", "works"])
            let lines = Files.lines(of: files("disk/log"))
            #expect(lines.prefix(60).allSatisfy { $0 == String(repeating: "a", count: 999) })
            #expect(lines.dropFirst(60).dropLast(10).allSatisfy { $0.allSatisfy { $0 == "b" } })
            #expect(lines.suffix(10) == Array(repeating: String(repeating: "c", count: 999), count: 10)[...])
        }
    }
}
