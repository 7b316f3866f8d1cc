import Glibc
import KoomyCore
import KoomyModel
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
            #expect(file.loss == LogLoss() && file.trouble == nil)
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
            LogFile(path: files("log"), manner: .init(mode: 0o600)).write(Array("one\n".utf8))
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
            #expect(file.loss == LogLoss(bytes: 14, lines: 2))
            #expect(file.trouble?.errno == .isDirectory)
            #expect(file.trouble?.subject == files("log"))
            Files.remove(files("log"))
            file.write(Array("kept\n".utf8))
            let confession = "koomyd: 2 lines (14 bytes) could not be written here: Is a directory"
            #expect(Files.lines(of: files("log")) == [confession, "kept"])
            #expect(file.loss.bytes == 14 && file.trouble == nil)
        }
    }

    @Test(.enabled(if: Files.exists("/dev/full"), "needs /dev/full"))
    func `a full disk stops nobody`() throws {
        let file = LogFile(path: "/dev/full")
        for round in 1...3 {
            file.write(Array("lost\n".utf8))
            #expect(file.loss == LogLoss(bytes: UInt64(round) * 5, lines: UInt64(round)))
            #expect(file.trouble?.errno == .noSpace)
        }
    }

    @Test func `a named pipe that nobody reads is no reason to wait`() throws {
        try Workspace.with { files in
            #expect(mkfifo(files("log"), 0o600) == 0)
            let file = LogFile(path: files("log"))
            file.write(Array("lost\n".utf8))
            #expect(file.loss.bytes == 5 && file.trouble != nil)
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
            #expect(file.splice(8, from: worker.pipe, endsLine: true) == .done(8))
            #expect(Files.text(of: files("log")) == "before\none\ntwo\n")
            #expect(try worker.pipe.shared.descriptor.readableSize() == 4)
            // More than there is, as if somebody else had read: nothing waits, and nothing is said to be lost.
            #expect(file.splice(8, from: worker.pipe, endsLine: true) == .done(4))
            #expect(Files.text(of: files("log")) == "before\none\ntwo\nhalf")
            #expect(file.loss == LogLoss())
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
            _ = Array("from memory\n".utf8).withUnsafeBytes { file.write($0, from: second.pipe) }
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
        #expect(file.loss == LogLoss() && file.trouble == nil)
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
    func `a disk that is full takes nothing out of the pipe but what it has, and goes on by itself`(
        _ isSpliced: Bool
    ) throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            var words: [String] = []
            let file = LogFile(path: files("disk/log")) { _, news in
                switch news {
                case .trouble(let error): words.append(error.errno.name)
                case .recovered(let loss): words.append("works, lost \(loss.bytes)")
                case .rotated, .cannotRotate: words.append("rotation")
                }
            }
            let worker = try pipe("")
            /// Ten lines of 1,000 bytes; how many bytes the file took.
            @MainActor func put(_ word: Character) throws -> Int {
                let text = String(repeating: String(repeating: word, count: 999) + "\n", count: 10)
                guard isSpliced else {
                    return Array(text.utf8).withUnsafeBytes { file.write($0, from: worker.pipe) } ? 10_000 : 0
                }
                try worker.writeEnd.descriptor.writeAll(Array(text.utf8))
                guard case .done(let count) = file.splice(10_000, from: worker.pipe, endsLine: true) else { return 0 }
                return count
            }
            for _ in 0..<6 { #expect(try put("a") == 10_000) }
            #expect(words == [])
            let taken = try put("b")
            #expect(words == ["ENOSPC"] && file.trouble?.subject == files("disk/log") && file.loss == LogLoss())
            let size = Files.bytes(of: files("disk/log"))?.count ?? 0
            // A batch from memory is there as a whole or not at all.
            #expect(taken == (isSpliced ? (64 << 10) - 60_000 : 0) && size == 60_000 + taken)
            _ = try Command.run(["mount", "-o", "remount,size=128k", files("disk")])
            if isSpliced {
                #expect(file.splice(10_000 - taken, from: worker.pipe, endsLine: true) == .done(10_000 - taken))
            } else {
                #expect(try put("b") == 10_000)
            }
            #expect(words == ["ENOSPC", "works, lost 0"])
            let expected = ["a", "a", "a", "a", "a", "a", "b"].flatMap { word in
                Array(repeating: String(repeating: word, count: 999), count: 10)
            }
            #expect(Files.lines(of: files("disk/log")) == expected)
        }
    }

    @Test(.needsRoot, arguments: [false, true], ["", "dropped", "gone"])
    func `a line that a full disk has cut goes on before any other`(_ isAnother: Bool, _ end: String) throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            var file = LogFile(path: files("disk/log"))
            let line = { (letter: String) in String(repeating: letter, count: 39_999) + "\n" }
            var first: (pipe: LogPipe, writeEnd: SharedDescriptor)? = try pipe("")
            let second = try pipe("")
            if let first { try first.writeEnd.descriptor.writeAll(Array((line("a")).utf8)) }
            if let first { #expect(file.splice(40_000, from: first.pipe, endsLine: true) == .done(40_000)) }
            if let first { try first.writeEnd.descriptor.writeAll(Array((line("b")).utf8)) }
            let room = (64 << 10) - 40_000
            if let first { #expect(file.splice(40_000, from: first.pipe, endsLine: true) == .done(room)) }
            if isAnother, let given = first {
                // koomyd is killed, and the next one has the same pipes.
                first = (LogPipe(try given.pipe.shared.descriptor.duplicate()), given.writeEnd)
                file = LogFile(path: files("disk/log"))
                if let first { file.admit(first.pipe) }
                file.admit(second.pipe)
                if let first { #expect(file.splice(40_000 - room, from: first.pipe, endsLine: true) == .blocked) }
            }
            _ = try Command.run(["mount", "-o", "remount,size=256k", files("disk")])
            let short = { Array("second\n".utf8).withUnsafeBytes { file.write($0, from: second.pipe) } }
            #expect(!short())
            switch end {
            case "dropped": if let first { file.lose(LogLoss(bytes: UInt64(40_000 - room), lines: 1), of: first.pipe) }
            case "gone": first = nil
            default:
                if let first {
                    #expect(file.splice(40_000 - room, from: first.pipe, endsLine: true) == .done(40_000 - room))
                }
            }
            #expect(short())
            let cut = String(repeating: "b", count: end.isEmpty ? 39_999 : room)
            let lines = Files.lines(of: files("disk/log")).filter { !$0.hasPrefix("koomyd: ") }
            #expect(lines == [String(line("a").dropLast()), cut, "second"])
        }
    }

    @Test func `what was thrown away is said where it would have been`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("log"))
            let file = LogFile(path: files("log"))
            let worker = try pipe("begin")
            #expect(file.splice(5, from: worker.pipe, endsLine: false) == .blocked)
            file.lose(LogLoss(bytes: 1_234, lines: 5), of: worker.pipe)
            Files.remove(files("log"))
            #expect(file.splice(5, from: worker.pipe, endsLine: false) == .done(5))
            let words = "koomyd: 5 lines (1234 bytes) could not be written here: Is a directory\nbegin"
            #expect(Files.text(of: files("log")) == words)
        }
    }

    @Test(.needsRoot, arguments: [false, true], [10, 70, 2_000])
    func `what was thrown away is said once, when there is room for more than that`(
        _ isSpliced: Bool,
        _ room: Int
    ) throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            let file = LogFile(path: files("disk/log"))
            let worker = try pipe("")
            let first = String(repeating: "a", count: (64 << 10) - room - 1) + "\n"
            #expect(Array(first.utf8).withUnsafeBytes { file.write($0, from: worker.pipe) })
            let line = String(repeating: "b", count: 2_999) + "\n"
            /// Offers a line of 3,000 bytes; whether nothing is left of it.
            @MainActor func offer() throws -> Bool {
                guard isSpliced else { return Array(line.utf8).withUnsafeBytes { file.write($0, from: worker.pipe) } }
                let left = try worker.pipe.shared.descriptor.readableSize()
                if left == 0 { try worker.writeEnd.descriptor.writeAll(Array(line.utf8)) }
                let count = try worker.pipe.shared.descriptor.readableSize()
                return file.splice(count, from: worker.pipe, endsLine: true) == .done(count)
            }
            for round in 1...5 {
                #expect(try !offer())
                file.lose(LogLoss(bytes: 100, lines: UInt64(round)), of: worker.pipe)
            }
            _ = try Command.run(["mount", "-o", "remount,size=128k", files("disk")])
            #expect(try offer())
            let text = Files.lines(of: files("disk/log")).filter { !$0.hasPrefix("a") && !$0.hasPrefix("b") }
            #expect(text == ["koomyd: 15 lines (500 bytes) could not be written here: No space left on device"])
        }
    }

    @Test func `a line whose end was thrown away is ended`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            let worker = try pipe("begin")
            _ = file.splice(5, from: worker.pipe, endsLine: false)
            file.lose(LogLoss(bytes: 7, lines: 1), of: worker.pipe)
            try worker.writeEnd.descriptor.writeAll(Array("next\n".utf8))
            _ = file.splice(5, from: worker.pipe, endsLine: true)
            #expect(Files.lines(of: files("log")).map { $0.prefix(12) } == ["begin", "koomyd: 1 li", "next"])
        }
    }

    // MARK: - Rotation

    private func rotated(_ path: String) throws -> [String] { try RotatedFiles(of: path).list().map(\.path) }

    @Test func `a file is put aside before it becomes too large, and lines stay whole`() throws {
        try Workspace.with { files in
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 100)
            let file = LogFile(path: files("log"), manner: .init(rotation: rotation))
            for number in 1_000..<1_100 { file.write(Array("line \(number)\n".utf8)) }
            let all = try rotated(files("log")) + [files("log")]
            #expect(all.count == 10 && all.allSatisfy { Files.bytes(of: $0)?.count == 100 })
            #expect(all.flatMap { Files.lines(of: $0) } == (1_000..<1_100).map { "line \($0)" })
        }
    }

    @Test func `a line that is larger than a file may be has one for itself`() throws {
        try Workspace.with { files in
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 10)
            let file = LogFile(path: files("log"), manner: .init(rotation: rotation))
            for text in ["one\n", String(repeating: "x", count: 50) + "\n", "two\n"] { file.write(Array(text.utf8)) }
            let all = try rotated(files("log")) + [files("log")]
            #expect(all.map { Files.bytes(of: $0)?.count } == [4, 51, 4])
        }
    }

    @Test func `an open line is not torn by a rotation`() throws {
        try Workspace.with { files in
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 10)
            let file = LogFile(path: files("log"), manner: .init(rotation: rotation))
            let worker = try pipe("0123456789")
            _ = file.splice(10, from: worker.pipe, endsLine: false)
            try worker.writeEnd.descriptor.writeAll(Array("end\nnext\n".utf8))
            _ = file.splice(4, from: worker.pipe, endsLine: true)
            _ = file.splice(5, from: worker.pipe, endsLine: true)
            #expect(try rotated(files("log")).map { Files.text(of: $0) } == ["0123456789end\n"])
            #expect(Files.text(of: files("log")) == "next\n")
        }
    }

    @Test func `a file that cannot be put aside goes on as it is, and that is said once`() throws {
        try Workspace.with { files in
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 10)
            var words: [String] = []
            // 250 letters are a name; with a time after it they are none.
            let path = files(String(repeating: "n", count: 250))
            let file = LogFile(path: path, manner: .init(rotation: rotation)) { _, news in
                if case .cannotRotate(let error) = news { words.append(error.errno.name) }
            }
            for _ in 0..<5 { file.write(Array("0123456789\n".utf8)) }
            #expect(words == ["ENAMETOOLONG"] && Files.bytes(of: path)?.count == 55 && file.loss == LogLoss())
        }
    }

    @Test func `a file that somebody else has moved away is not put aside again`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            file.write(Array("one\n".utf8))
            #expect(rename(files("log"), files("log.1")) == 0)
            try files.write("theirs\n", to: "log")
            try file.rotate()
            file.write(Array("two\n".utf8))
            #expect(Files.text(of: files("log")) == "theirs\ntwo\n" && Files.text(of: files("log.1")) == "one\n")
            #expect(try rotated(files("log")) == [])
        }
    }

    @Test func `a file whose time passed while nobody wrote is put aside before the next line`() throws {
        try Workspace.with { files in
            try write(in: files, longAgo: "yesterday\n")
            let file = LogFile(path: files("log"), manner: .init(rotation: Self.daily))
            file.write(Array("today\n".utf8))
            file.write(Array("again\n".utf8))
            #expect(try rotated(files("log")).map { Files.text(of: $0) } == ["yesterday\n"])
            #expect(Files.text(of: files("log")) == "today\nagain\n")
        }
    }

    @Test func `a line that a kill cut ends in its file, although it is time to put that aside`() throws {
        try Workspace.with { files in
            let (first, second) = (try pipe("begin"), try pipe("other\n"))
            _ = LogFile(path: files("log")).splice(5, from: first.pipe, endsLine: false)
            makeOld(files("log"))
            let again = LogPipe(try first.pipe.shared.descriptor.duplicate())
            let file = LogFile(path: files("log"), manner: .init(rotation: Self.daily))
            file.admit(again)
            try first.writeEnd.descriptor.writeAll(Array(" end\n".utf8))
            #expect(file.splice(5, from: again, endsLine: true) == .done(5))
            #expect(try rotated(files("log")) == [])
            #expect(file.splice(6, from: second.pipe, endsLine: true) == .done(6))
            #expect(try rotated(files("log")).map { Files.text(of: $0) } == ["begin end\n"])
            #expect(Files.text(of: files("log")) == "other\n")
        }
    }

    @Test(arguments: [false, true])
    func `a time that comes in the middle of a line waits for its end`(_ isGone: Bool) throws {
        try Workspace.with { files in
            var first: (pipe: LogPipe, writeEnd: SharedDescriptor)? = try pipe("begin")
            let second = try pipe("other\nmore\n")
            let file = LogFile(path: files("log"), manner: .init(rotation: Self.daily))
            if let first { _ = file.splice(5, from: first.pipe, endsLine: false) }
            try file.rotateInTime()
            #expect(try rotated(files("log")) == [])
            if isGone { first = nil }
            if let first {
                try first.writeEnd.descriptor.writeAll(Array(" end\n".utf8))
                _ = file.splice(5, from: first.pipe, endsLine: true)
            }
            _ = file.splice(6, from: second.pipe, endsLine: true)
            _ = file.splice(5, from: second.pipe, endsLine: true)
            let aside = try rotated(files("log")).map { Files.text(of: $0) }
            // One that nobody goes on with gets its end from the next.
            #expect(aside == [isGone ? "begin\nother\n" : "begin end\n"])
            #expect(Files.text(of: files("log")) == (isGone ? "more\n" : "other\nmore\n"))
        }
    }

    @Test func `what a koomyd that was killed has written is found although it is time to put the file aside`() throws {
        try Workspace.with { files in
            try write(in: files, longAgo: "before\nwritten\nhal")
            let facts = try #require(FileFacts(at: files("log")))
            let file = LogFile(path: files("log"), manner: .init(rotation: Self.daily))
            let pipe = FileIdentity(device: 1, inode: 1)
            @MainActor func entry(at offset: Int64, _ length: Int) -> LogReceipt.Entry {
                .init(pipe: pipe, count: 8, index: 0, file: facts.identity, offset: offset, length: length)
            }
            #expect(file.settle(entry(at: 7, 8)))
            #expect(!file.settle(entry(at: 15, 8)))
            #expect(Files.text(of: files("log")) == "before\nwritten\n")
            makeOld(files("log"))
            file.write(Array("today\n".utf8))
            #expect(try rotated(files("log")).map { Files.text(of: $0) } == ["before\nwritten\n"])
            #expect(Files.text(of: files("log")) == "today\n")
        }
    }

    /// A file that was last written to in 2023.
    private func write(in files: Workspace, longAgo text: String) throws {
        try files.write(text, to: "log")
        makeOld(files("log"))
    }

    private func makeOld(_ path: String) {
        let times = [timespec](repeating: timespec(tv_sec: 1_700_000_000, tv_nsec: 0), count: 2)
        #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    /// Puts a file aside at midnight.
    private static let daily: LogRotation = {
        var rotation = LogRotation()
        rotation.schedule = CronSchedule(
            text: "0 0 * * *",
            seconds: 1,
            minutes: 1,
            hours: 1,
            days: .max,
            months: .max,
            weekdays: .max,
            anyDay: true,
            anyWeekday: true
        )
        return rotation
    }()

    @Test func `an emptied file goes on`() throws {
        try Workspace.with { files in
            let file = LogFile(path: files("log"))
            let worker = try pipe("begin")
            _ = file.splice(5, from: worker.pipe, endsLine: false)
            try file.flush()
            try worker.writeEnd.descriptor.writeAll(Array("end\n".utf8))
            _ = file.splice(4, from: worker.pipe, endsLine: true)
            #expect(Files.text(of: files("log")) == "end\n")
        }
    }
}
