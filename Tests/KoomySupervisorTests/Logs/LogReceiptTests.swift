import Glibc
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct LogReceiptTests {
    private static let pipe = FileIdentity(device: 15, inode: 4_000_000_001)
    private static let entry = LogReceipt.Entry(
        pipe: pipe,
        count: 65_536,
        index: 1,
        file: FileIdentity(device: .max, inode: 77),
        offset: 9_000_000_000,
        length: 70_001
    )

    /// How large the receipt is before anything was taken.
    private static let beginning: Int64 = 512

    private var begun: LogReceipt.Entry {
        var entry = Self.entry
        entry.start = Self.beginning
        return entry
    }

    /// What the next koomyd finds.
    private func left(_ files: Workspace) throws -> LogReceipt.Entry? {
        let found = try LogReceipt(path: files("receipt")).takeLeft(of: Self.pipe)
        #expect(found == nil || found?.taken == 0)
        return found?.entry
    }

    @Test func `what was under way is what the next one finds, once and of this pipe`() throws {
        try Workspace.with { files in
            try LogReceipt(path: files("receipt")).begin(Self.entry)
            let next = try LogReceipt(path: files("receipt"))
            #expect(next.takeLeft(of: FileIdentity(device: 15, inode: 4)) == nil)
            let found = try #require(next.takeLeft(of: Self.pipe))
            #expect(found.entry == begun && found.taken == 0)
            #expect(next.takeLeft(of: Self.pipe) == nil)
        }
    }

    @Test(arguments: [nil, 0, 0x0A, 0xFF] as [UInt8?])
    func `the byte that is left in the pipe is known, unless it is forgotten`(_ byte: UInt8?) throws {
        try Workspace.with { files in
            var entry = Self.entry
            entry.last = byte
            let receipt = try LogReceipt(path: files("receipt"))
            #expect(!receipt.forgetLast())
            try receipt.begin(entry)
            entry.start = Self.beginning
            #expect(try left(files) == entry)
            #expect(receipt.forgetLast())
            #expect(try left(files) == begun)
        }
    }

    @Test func `the last that was begun counts`() throws {
        try Workspace.with { files in
            let receipt = try LogReceipt(path: files("receipt"))
            var other = Self.entry
            // A longer text before a shorter one.
            other.offset = .max
            try receipt.begin(other)
            try receipt.begin(Self.entry)
            #expect(try left(files) == begun)
        }
    }

    @Test func `of what has ended nothing is left`() throws {
        try Workspace.with { files in
            let receipt = try LogReceipt(path: files("receipt"))
            #expect(try left(files) == nil)
            try receipt.begin(Self.entry)
            receipt.end()
            #expect(try left(files) == nil)
        }
    }

    @Test func `another batch is no reason to go back to the one that was left`() throws {
        try Workspace.with { files in
            try LogReceipt(path: files("receipt")).begin(Self.entry)
            let next = try LogReceipt(path: files("receipt"))
            var other = Self.entry
            other.pipe.inode = 5
            try next.begin(other)
            #expect(next.takeLeft(of: Self.pipe) == nil)
        }
    }

    @Test func `a text that was not written as a whole is none, wherever it ends`() throws {
        try Workspace.with { files in
            try LogReceipt(path: files("receipt")).begin(Self.entry)
            let whole = try #require(Files.bytes(of: files("receipt")))
            let line = whole.prefix { $0 != UInt8(ascii: "\n") }.count
            #expect(line > 60)
            for end in 0...line {
                // As a file that ends there, and over an older text.
                #expect(truncate(files("receipt"), 0) == 0)
                try files.write(String(decoding: whole[..<end], as: UTF8.self), to: "receipt")
                #expect(try left(files) == nil, "cut at \(end)")
                let older = String(decoding: whole[..<end], as: UTF8.self) + String(repeating: "7", count: line - end)
                try files.write(older + "\n", to: "receipt")
                let found = try left(files)
                // What ends in sevens may be a sequence of sevens; then it was another whole text.
                #expect(found == nil || end >= line - 1, "torn at \(end): \(older)")
            }
        }
    }

    @Test(arguments: [
        "", "\n", "0 \n", "1 2 3\n", String(repeating: "1 ", count: 11), "-1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\n",
    ])
    func `what is none is none`(_ text: String) throws {
        try Workspace.with { files in
            try files.write(text, to: "receipt")
            #expect(try left(files) == nil)
            // And it is no hindrance.
            try LogReceipt(path: files("receipt")).begin(Self.entry)
            #expect(try left(files) == begun)
        }
    }

    @Test func `what is taken out of the pipe is counted by its size`() throws {
        try Workspace.with { files in
            let ends = try Pipe().shared()
            try ends.writeEnd.descriptor.writeAll(Array(repeating: 0x61, count: 10_000))
            for (round, count) in [3, 4_000, 5_000].enumerated() {
                let receipt = try LogReceipt(path: files("receipt"))
                var entry = Self.entry
                entry.count = count
                try receipt.begin(entry)
                #expect(receipt.take(count, from: ends.readEnd.descriptor) == count)
                let found = try #require(try LogReceipt(path: files("receipt")).takeLeft(of: Self.pipe))
                #expect(found.entry.count == count && found.taken == count, "round \(round)")
            }
            #expect(try ends.readEnd.descriptor.readableSize() == 997)
            // More than there is.
            let receipt = try LogReceipt(path: files("receipt"))
            try receipt.begin(Self.entry)
            #expect(receipt.take(2_000, from: ends.readEnd.descriptor) == 997)
            #expect(try LogReceipt(path: files("receipt")).takeLeft(of: Self.pipe)?.taken == 997)
        }
    }

    @Test func `it does not grow without end, and begins to count anew`() throws {
        try Workspace.with { files in
            let ends = try Pipe().shared()
            let receipt = try LogReceipt(path: files("receipt"))
            let chunk = [UInt8](repeating: 0x61, count: 60_000)
            var largest: Int64 = 0
            for _ in 0..<200 {
                try receipt.begin(Self.entry)
                try ends.writeEnd.descriptor.writeAll(chunk)
                #expect(receipt.take(chunk.count, from: ends.readEnd.descriptor) == chunk.count)
                let size = try FileDescriptor.readingOnly(files("receipt")).fileSize()
                largest = max(largest, size)
                let found = try LogReceipt(path: files("receipt")).takeLeft(of: Self.pipe)
                #expect(found?.taken == chunk.count)
            }
            #expect(largest > 1 << 20 && largest < 5 << 20)
        }
    }

    @Test(.needsRoot) func `a run folder that is full takes what it can, and the rest stays in the pipe`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("disk"))
            let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", files("disk")])
            try #require(mounted.code == 0, "\(mounted)")
            defer { _ = try? Command.run(["umount", "-l", files("disk")]) }
            let ends = try Pipe().shared()
            try ends.writeEnd.descriptor.writeAll([UInt8](repeating: 0x61, count: 40_000))
            let receipt = try LogReceipt(path: files("disk/receipt"))
            try receipt.begin(Self.entry)
            let taken = receipt.take(40_000, from: ends.readEnd.descriptor)
            #expect(taken > 0 && taken <= 16_384)
            #expect(try ends.readEnd.descriptor.readableSize() == 40_000 - taken)
            #expect(try LogReceipt(path: files("disk/receipt")).takeLeft(of: Self.pipe)?.taken == taken)
        }
    }

    @Test func `a link in its place is not followed`() throws {
        try Workspace.with { files in
            try files.write("precious\n", to: "other")
            #expect(symlink(files("other"), files("receipt")) == 0)
            #expect(throws: SystemError.self) { try LogReceipt(path: files("receipt")) }
            #expect(Files.text(of: files("other")) == "precious\n")
        }
    }
}
