import Glibc
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct LogDebtsTests {
    nonisolated private static let words = Array("koomyd: 5 lines (60 bytes) could not be written here\n".utf8)
    private static let debt = LogDebts.Debt(LogLoss(bytes: 60, lines: 5), words)

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `the next koomyd knows it, until it is said`() throws {
        try Workspace.with { files in
            let debts = LogDebts(path: files("debts"))
            #expect(debts.paths == [] && !Files.exists(files("debts")))
            debts.owe(LogDebts.Debt(LogLoss(bytes: 1, lines: 1), Self.words), at: files("one"))
            debts.owe(Self.debt, at: files("one"))
            debts.owe(LogDebts.Debt(LogLoss(bytes: 7, lines: 0), []), at: files("a path\nof two lines"))
            let next = LogDebts(path: files("debts"))
            #expect(next.paths == [files("a path\nof two lines"), files("one")])
            #expect(next.loss(at: files("one")) == Self.debt.loss)
            #expect(next.loss(at: files("a path\nof two lines")).bytes == 7)
            next.end(at: files("a path\nof two lines"))
            #expect(LogDebts(path: files("debts")).paths == [files("one")])
            next.end(at: files("one"))
            #expect(!Files.exists(files("debts")) && LogDebts(path: files("debts")).paths == [])
        }
    }

    @Test func `what was not written as a whole is none`() throws {
        var told = Self.debt
        told.telling = LogDebts.Telling(file: FileIdentity(device: .max, inode: 3), offset: .max)
        let debts = ["/var/log/one": Self.debt, "/two": told]
        let text = LogDebts.text(of: debts)
        #expect(LogDebts.parse(text) == debts)
        // What is behind it is of an earlier, longer one.
        #expect(LogDebts.parse(text + bytes("7 8\n")) == debts)
        for end in 0..<text.count { #expect(LogDebts.parse(Array(text[..<end])) == nil, "cut at \(end)") }
        let others = [
            "x", "-1\n", "1\n1 2 3\n", "1\n1 2 3 4 5 6 99999999999999999999 1\n",
            "1\n1 2 0 4 5 6 \(Int.max) \(Int.max)\n",
        ]
        for other in others { #expect(LogDebts.parse(bytes(other)) == nil, "\(other)") }
    }

    @Test func `apps that come and go do not make it grow`() throws {
        try Workspace.with { files in
            let debts = LogDebts(path: files("debts"))
            for number in 0..<200 { debts.owe(Self.debt, at: "/\(number)") }
            #expect(debts.paths.count == 64)
            // One that is there already may grow.
            debts.owe(LogDebts.Debt(LogLoss(bytes: 99, lines: 9), Self.words), at: "/0")
            #expect(LogDebts(path: files("debts")).loss(at: "/0").lines == 9)
        }
    }

    @Test(arguments: [("one\n", "one\n"), ("cut", "cut\n"), ("", "")])
    func `a file is told once, on a line of its own`(_ text: String, _ before: String) throws {
        try Workspace.with { files in
            try files.write(text, to: "log")
            let debts = LogDebts(path: files("debts"))
            debts.owe(Self.debt, at: files("log"))
            debts.owe(Self.debt, at: files("gone"))
            #expect(try debts.tell(files("log")) == Self.debt.loss)
            #expect(try debts.tell(files("log")) == nil && debts.tell(files("gone")) == nil)
            #expect(Files.bytes(of: files("log")) == bytes(before) + Self.words)
            #expect(LogDebts(path: files("debts")).paths == [files("gone")] && !Files.exists(files("gone")))
        }
    }

    @Test(arguments: [0, 1, 20, words.count - 1, words.count, words.count + 9])
    func `a kill while it is told leaves it told once`(_ count: Int) throws {
        try Workspace.with { files in
            try files.write("one\n", to: "log")
            let identity = try #require(FileIdentity(at: files("log")))
            let debts = LogDebts(path: files("debts"))
            debts.owe(Self.debt, at: files("log"))
            debts.begin(Self.words, LogDebts.Telling(file: identity, offset: 4), at: files("log"))
            let more = count > Self.words.count ? "next one\n" : ""
            let said = String(decoding: Self.words.prefix(count), as: UTF8.self) + more
            let file = open(files("log"), O_WRONLY | O_APPEND)
            #expect(write(file, said, said.utf8.count) == said.utf8.count)
            close(file)
            let next = LogDebts(path: files("debts"))
            #expect(next.paths == (count < Self.words.count ? [files("log")] : []))
            _ = try next.tell(files("log"))
            #expect(Files.bytes(of: files("log")) == bytes("one\n") + Self.words + bytes(more))
        }
    }

    @Test(.needsRoot) func `a disk that is still full is asked again`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            let full = String(repeating: "a", count: 65_516)
            try Files.write(full, to: files("disk/log"))
            let debts = LogDebts(path: files("debts"))
            debts.owe(Self.debt, at: files("disk/log"))
            for _ in 0..<3 { #expect(throws: SystemError.self) { try debts.tell(files("disk/log")) } }
            #expect(debts.paths == [files("disk/log")])
            _ = try Command.run(["mount", "-o", "remount,size=128k", files("disk")])
            #expect(try debts.tell(files("disk/log")) == Self.debt.loss)
            #expect(Files.bytes(of: files("disk/log")) == bytes(full + "\n") + Self.words)
        }
    }
}
