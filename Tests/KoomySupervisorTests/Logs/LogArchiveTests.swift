import Glibc
import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// What was put aside: how much of it is kept, and its compression by the real programs.
@Suite(.serialized) struct LogArchiveTests {
    private func withBench(_ body: (ArchiveBench) throws -> Void) throws {
        try Workspace.with { try body(ArchiveBench($0)) }
    }

    /// Methods whose program is on this machine, with what undoes it.
    nonisolated static let methods: [(LogCompression, String, String)] = [
        (LogCompression.gzip, "gz", "gzip"), (.zstd, "zst", "zstd"),
    ].filter { Binaries.installed($0.2) != nil }

    /// Text that takes a while to compress.
    private static let large = (0..<400_000).map { "line \($0) \($0 &* 2_654_435_761)\n" }.joined()

    @Test func `at least gzip is here`() { #expect(Self.methods.contains { $0.0 == .gzip }) }

    // MARK: - How much is kept

    @Test func `what is too much goes as soon as it is known, with what an interrupted compression has left`() throws {
        try withBench { bench in
            try bench.putAside("a", "b", "c", "d", "e")
            for name in ["log.20260101T000000Z.gz", "log.20260101T000001Z.zst", "log.other", "log"] {
                try bench.files.write("x", to: name)
            }
            var rotation = LogRotation()
            rotation.keep = 3
            bench.note(rotation)
            #expect(bench.names.count == 9)
            let left = ["log", "log.other"] + (2...4).map { "log.20260101T00000\($0)Z" }
            try bench.wait(for: left)
            rotation.total = ByteCount(bytes: 2)
            bench.note(rotation)
            try bench.wait(for: left.filter { $0 != "log.20260101T000002Z" })
            #expect(bench.noticed == [])
        }
    }

    @Test func `what is compressed counts as it is on the disk, and goes as well`() throws {
        try withBench { bench in
            for number in 0..<4 { try bench.files.write("1234567890", to: "log.20260101T00000\(number)Z.gz") }
            var rotation = LogRotation.compressing(.gzip)
            rotation.total = ByteCount(bytes: 25)
            bench.note(rotation)
            try bench.wait(for: ["log.20260101T000002Z.gz", "log.20260101T000003Z.gz"])
            #expect(bench.started.isEmpty && bench.noticed == [])
        }
    }

    @Test func `of an app that is forgotten everything stays`() throws {
        try withBench { bench in
            try bench.putAside("a", "b")
            var rotation = LogRotation()
            rotation.keep = 0
            bench.note(rotation)
            bench.archive.forget(bench.app)
            try bench.loop.turn(for: .milliseconds(50))
            #expect(bench.names.count == 2)
        }
    }

    @Test func `a folder that is not there yet is nothing to tell`() throws {
        try withBench { bench in
            bench.archive.note(bench.app, [bench.files("not/yet/log")], .compressing(.gzip))
            try bench.loop.turn(for: .milliseconds(50))
            #expect(bench.noticed == [])
        }
    }

    // MARK: - Compression

    @Test(arguments: methods.indices)
    func `files are compressed one after the other, and come back as they were`(_ index: Int) throws {
        let (method, suffix, program) = Self.methods[index]
        try withBench { bench in
            let texts = ["one\ntwo\n", Self.large, ""]
            try bench.putAside(texts[0], texts[1], texts[2])
            try bench.files.write("goes on\n", to: "log")
            bench.note(.compressing(method))
            let names = (0...2).map { "log.20260101T00000\($0)Z.\(suffix)" }
            try bench.wait(for: names + ["log"])
            for (name, text) in zip(names, texts) {
                let whole = bench.files("plain")
                let result = try Command.run(["sh", "-c", "\(program) -dc <\(bench.files(name)) >\(whole)"])
                #expect(result.code == 0 && Files.text(of: whole) == text, "\(name): \(result)")
            }
            #expect(bench.noticed == [] && bench.started.count == 3)
            #expect(try RotatedFiles(of: bench.log).list().map(\.name.compression) == [method, method, method])
        }
    }

    @Test(arguments: methods.indices, [false, true])
    func `time, mode and owner are those of the file`(_ index: Int, _ isOther: Bool) throws {
        guard !isOther || geteuid() == 0 else { return }
        let (method, suffix, _) = Self.methods[index]
        try withBench { bench in
            let path = try #require(try bench.putAside("one\n").first)
            let before = umask(0o077)
            defer { umask(before) }
            #expect(chmod(path, 0o604) == 0)
            if isOther { #expect(chown(path, 1_234, 2_345) == 0) }
            let times = [timespec](repeating: timespec(tv_sec: 1_700_000_000, tv_nsec: 123_456_789), count: 2)
            #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
            bench.note(.compressing(method))
            try bench.wait(for: ["log.20260101T000000Z.\(suffix)"])
            var status = stat()
            #expect(stat("\(path).\(suffix)", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o604)
            #expect(status.st_mtim.tv_sec == 1_700_000_000 && status.st_mtim.tv_nsec == 123_456_789)
            #expect(status.st_uid == (isOther ? 1_234 : geteuid()) && status.st_gid == (isOther ? 2_345 : getegid()))
        }
    }

    @Test func `the program has the file and the new one, and nothing else`() throws {
        try withBench { bench in
            let path = try #require(try bench.putAside("one\n").first)
            let list = bench.files.path + ".fds"
            defer { Files.remove(list) }
            bench.change = { request in
                let words = request.arguments[2]
                request.arguments[2] = "for fd in /proc/$$/fd/*; do readlink $fd; done >\(list); \(words)"
            }
            bench.note(.compressing(.gzip))
            try bench.wait(for: ["log.20260101T000000Z.gz"])
            // The list is open while it is written.
            let targets = Set(Files.lines(of: list)).subtracting([list, "/dev/null"])
            #expect(targets == [path, path + ".gz"])
        }
    }

    @Test func `a program that is missing is told once, and the files stay`() throws {
        try withBench { bench in
            let paths = try bench.putAside("one\n", "two\n", "three\n")
            bench.change = { $0.environment["PATH"] = "/nonexistent" }
            bench.note(.compressing(.gzip))
            try bench.loop.turn(until: "it is told") { !bench.noticed.isEmpty }
            // More is put aside meanwhile.
            try bench.files.write("four\n", to: "log.20260101T000009Z")
            for _ in 0..<5 {
                bench.archive.tidySoon()
                try bench.loop.turn(for: .milliseconds(20))
            }
            #expect(bench.noticed == ["log.20260101T000000Z: cannot be compressed: the program is not installed"])
            #expect(paths.map { Files.text(of: $0) } == ["one\n", "two\n", "three\n"])
            #expect(bench.names.count == 4)
            // The next koomyd finds it.
            bench.change = { _ in }
            bench.beginAnew()
            bench.note(.compressing(.gzip))
            try bench.wait(for: ["0", "1", "2", "9"].map { "log.20260101T00000\($0)Z.gz" })
        }
    }

    @Test(.needsRoot) func `a disk that has no room for the new file keeps the old one`() throws {
        try withBench { bench in
            try Files.makeFolder(bench.files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", bench.files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", bench.files("disk")]) }
            let path = bench.files("disk/log.20260101T000000Z")
            _ = try Command.run(["dd", "if=/dev/urandom", "of=\(path)", "bs=1k", "count=100"])
            let text = Files.bytes(of: path)
            #expect(text?.count == 100 << 10)
            bench.archive.note(bench.app, [bench.files("disk/log")], .compressing(.gzip))
            try bench.loop.turn(until: "it is told") { !bench.noticed.isEmpty }
            #expect(
                bench.noticed.count == 1 && bench.noticed[0].hasPrefix("log.20260101T000000Z: cannot be compressed")
            )
            #expect(Files.names(in: bench.files("disk")) == ["log.20260101T000000Z"] && Files.bytes(of: path) == text)
        }
    }

    @Test func `a program that is killed in the middle leaves the file whole, and the next koomyd does it again`()
        throws
    {
        try withBench { bench in
            let path = try #require(try bench.putAside(Self.large).first)
            bench.note(.compressing(.gzip))
            try bench.loop.turn(until: "it is at it") { (Files.bytes(of: path + ".gz")?.count ?? 0) > 0 }
            let child = try #require(bench.started.last)
            #expect(kill(-child, SIGKILL) == 0)
            try bench.loop.turn(until: "it is told") { !bench.noticed.isEmpty }
            #expect(bench.noticed == ["log.20260101T000000Z: cannot be compressed: SIGKILL"])
            #expect(bench.names == ["log.20260101T000000Z"] && Files.text(of: path) == Self.large)
            bench.beginAnew()
            bench.note(.compressing(.gzip))
            try bench.wait(for: ["log.20260101T000000Z.gz"])
            #expect(try Command.run(["sh", "-c", "gzip -dc <\(path).gz | wc -c"]).out == "\(Self.large.utf8.count)\n")
        }
    }

    @Test(arguments: methods.indices)
    func `what a koomyd that died has left is done again`(_ index: Int) throws {
        let (method, suffix, program) = Self.methods[index]
        try withBench { bench in
            let path = try #require(try bench.putAside(Self.large).first)
            bench.note(.compressing(method))
            try bench.loop.turn(until: "it is at it") { (Files.bytes(of: "\(path).\(suffix)")?.count ?? 0) > 0 }
            bench.beginAnew()
            #expect(Files.text(of: path) == Self.large)
            bench.note(.compressing(method))
            try bench.wait(for: ["log.20260101T000000Z.\(suffix)"])
            let whole = bench.files.path + ".plain"
            defer { Files.remove(whole) }
            _ = try Command.run(["sh", "-c", "\(program) -dc <\(path).\(suffix) >\(whole)"])
            #expect(Files.text(of: whole) == Self.large)
        }
    }

    // MARK: - Others who may write to the folder

    @Test func `a link in the place of the file is not followed`() throws {
        try withBench { bench in
            try bench.files.write("precious\n", to: "secret")
            let path = bench.files("log.20260101T000000Z")
            #expect(symlink(bench.files("secret"), path) == 0)
            #expect(throws: SystemError.self) {
                _ = try LogCompressor(path, by: .gzip, { _, _ in throw SystemError("run", .noSuchProcess) }) { _ in }
            }
            bench.note(.compressing(.gzip))
            try bench.loop.turn(for: .milliseconds(50))
            #expect(bench.names == ["log.20260101T000000Z", "secret"])
            #expect(Files.text(of: bench.files("secret")) == "precious\n" && bench.started.isEmpty)
        }
    }

    @Test func `a link in the place of the new file is not followed`() throws {
        try withBench { bench in
            try bench.files.write("precious\n", to: "secret")
            let path = try #require(try bench.putAside("one\n").first)
            #expect(symlink(bench.files("secret"), path + ".gz") == 0)
            bench.note(.compressing(.gzip))
            try bench.wait(for: ["log.20260101T000000Z.gz", "secret"])
            #expect(Files.text(of: bench.files("secret")) == "precious\n")
            #expect(Files.target(ofLink: path + ".gz") == nil)
            #expect(try Command.run(["gzip", "-dc", path + ".gz"]).out == "one\n")
        }
    }

    @Test func `a file that is exchanged while it is compressed stays`() throws {
        try withBench { bench in
            let path = try #require(try bench.putAside("one\n").first)
            try bench.files.write("precious\n", to: "secret")
            bench.change = { _ in
                unlink(path)
                symlink(bench.files("secret"), path)
            }
            bench.note(.compressing(.gzip))
            try bench.loop.turn(until: "it is told") { !bench.noticed.isEmpty }
            #expect(Files.text(of: bench.files("secret")) == "precious\n")
            #expect(Files.target(ofLink: path) == bench.files("secret"))
            #expect(bench.noticed.count == 1)
        }
    }

    @Test func `a file that is removed while it is compressed leaves nothing, and is no problem`() throws {
        try withBench { bench in
            let paths = try bench.putAside("one\n", "two\n")
            bench.change = { _ in if bench.started.isEmpty { unlink(paths[0]) } }
            bench.note(.compressing(.gzip))
            try bench.wait(for: ["log.20260101T000001Z.gz"])
            #expect(bench.noticed.isEmpty)
        }
    }
}
