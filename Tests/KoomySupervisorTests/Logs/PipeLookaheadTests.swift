import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct PipeLookaheadTests {
    /// A pipe, and what looks into it.
    private struct Bench {
        let lookahead: PipeLookahead
        let readEnd: SharedDescriptor
        var writeEnd: SharedDescriptor?

        init(capacity: Int32 = 64 << 10) throws {
            lookahead = try PipeLookahead(capacity: 64 << 10)
            let pipe = try Pipe()
            pipe.requestCapacity(capacity)
            let ends = pipe.shared()
            readEnd = ends.readEnd
            writeEnd = ends.writeEnd
        }

        func write(_ bytes: [UInt8]) throws { try writeEnd?.descriptor.writeAll(bytes) }

        func write(_ text: String) throws { try write(Array(text.utf8)) }

        func look(past known: Int = 0, keeping share: Int? = nil, room: Int? = nil) throws -> PipeLookahead.Look {
            try lookahead.look(readEnd, past: known, keeping: share, room: room)
        }

        func text(_ count: Int) throws -> String {
            String(decoding: try lookahead.bytes(count, of: readEnd), as: UTF8.self)
        }

        /// What is in the pipe; it is taken out.
        func rest() throws -> String {
            let size = try readEnd.descriptor.readableSize()
            guard size > 0 else { return "" }
            return String(decoding: try readEnd.descriptor.read(most: size) ?? [], as: UTF8.self)
        }
    }

    private func lines(_ count: Int, of seen: Int, isFull: Bool = false) -> PipeLookahead.Look {
        .bytes(PipeLookahead.View(seen: seen, lines: count, isFull: isFull))
    }

    @Test(arguments: [nil, 64 << 10])
    func `whole lines are counted, and everything stays`(_ share: Int?) throws {
        let bench = try Bench()
        try bench.write("one\ntwo\nhalf")
        for _ in 0..<3 { #expect(try bench.look(keeping: share) == lines(8, of: 12)) }
        #expect(try bench.text(8) == "one\ntwo\n")
        #expect(try bench.text(12) == "one\ntwo\nhalf")
        #expect(try bench.rest() == "one\ntwo\nhalf")
    }

    @Test(arguments: [nil, 64 << 10])
    func `no more lines are found than there is room for, but one`(_ share: Int?) throws {
        let bench = try Bench()
        try bench.write("a line of 21 letters\ntwo\nthree\nfour\nhalf")
        #expect(try bench.look(keeping: share, room: 100) == lines(36, of: 40))
        #expect(try bench.look(keeping: share, room: 36) == lines(36, of: 36))
        #expect(try bench.look(keeping: share, room: 33) == lines(31, of: 33))
        #expect(try bench.look(keeping: share, room: 25) == lines(25, of: 25))
        // The first has no room, and those behind it are not to go with it.
        for room in [1, 5, 20] { #expect(try bench.look(keeping: share, room: room) == lines(21, of: 21)) }
        #expect(try bench.text(21) == "a line of 21 letters\n")
    }

    @Test func `a long line behind short ones does not hide them`() throws {
        let bench = try Bench()
        // The last 4 KiB of the room have no end of a line.
        try bench.write("one\ntwo\n" + String(repeating: "x", count: 20_000) + "\nlast\n")
        #expect(try bench.look(room: 10_000) == lines(8, of: 8))
        #expect(try bench.look(room: 30_000) == lines(20_014, of: 20_014))
    }

    @Test(arguments: [nil, 64 << 10])
    func `nothing, something without end, and the end`(_ share: Int?) throws {
        var bench = try Bench()
        #expect(try bench.look(keeping: share) == .nothing)
        try bench.write("half")
        #expect(try bench.look(keeping: share) == lines(0, of: 4))
        bench.writeEnd = nil
        #expect(try bench.look(keeping: share) == lines(0, of: 4))
        #expect(try bench.rest() == "half")
        #expect(try bench.look(keeping: share) == .ended)
    }

    @Test(arguments: [0, 1, 4_095, 4_096, 4_097, 8_000, 30_000])
    func `a newline is found wherever it is`(_ after: Int) throws {
        for before in [0, 1, 4_095, 20_000] {
            let bench = try Bench()
            let text = String(repeating: "a", count: before) + "\n" + String(repeating: "b", count: after)
            try bench.write(text)
            for share in [nil, 64 << 10] {
                #expect(try bench.look(keeping: share) == lines(before + 1, of: text.utf8.count))
            }
            // Also one that came after a beginning that was looked at before.
            #expect(try bench.look(past: before) == lines(before + 1, of: text.utf8.count))
            #expect(try bench.rest() == text)
        }
    }

    @Test(arguments: [1, 4_096, 50_000, 65_536])
    func `what was looked at is taken at once, and no more`(_ count: Int) throws {
        let bench = try Bench()
        try bench.write((0..<count).map { UInt8($0 % 251) })
        #expect(bench.lookahead.takeAtOnce(count, of: bench.readEnd) == 0)
        for part in [count / 3, count - count / 3 - 1, 1] where part > 0 {
            let left = try bench.readEnd.descriptor.readableSize()
            #expect(try bench.lookahead.firstByte(of: bench.readEnd) == UInt8((count - left) % 251))
            #expect(try bench.lookahead.bytes(part, of: bench.readEnd).count == part)
            #expect(bench.lookahead.takeAtOnce(part, of: bench.readEnd) == part)
            #expect(try bench.readEnd.descriptor.readableSize() == left - part)
        }
        #expect(try bench.lookahead.firstByte(of: bench.readEnd) == nil)
    }

    @Test func `what was seen of one pipe is not taken for what another one has`() throws {
        let bench = try Bench()
        try bench.write("one\ntwo\n")
        let other = try Pipe().shared()
        try other.writeEnd.descriptor.writeAll(Array("another\n".utf8))
        #expect(try bench.look(keeping: 1_000) == lines(8, of: 8))
        bench.lookahead.forget()
        let bytes = try bench.lookahead.bytes(8, of: other.readEnd)
        #expect(String(decoding: bytes, as: UTF8.self) == "another\n")
    }

    @Test func `small writes that fill a pipe have slots where they are taken`() throws {
        // Each of 3,000 bytes has a page of its own, with room for more that no one uses.
        let bench = try Bench(capacity: 1 << 20)
        let piece = [UInt8](repeating: 0x61, count: 2_999) + [0x0A]
        for _ in 0..<200 { try bench.write(piece) }
        guard case .bytes(let view) = try bench.look(keeping: 64 << 10) else {
            throw TestFailure(description: "nothing")
        }
        #expect(view.lines > 3_000 && view.lines <= 64 << 10)
        #expect(try bench.lookahead.bytes(view.lines, of: bench.readEnd).count == view.lines)
        #expect(bench.lookahead.takeAtOnce(view.lines - 1, of: bench.readEnd) == view.lines - 1)
        #expect(try bench.lookahead.firstByte(of: bench.readEnd) == 0x0A)
        #expect(try bench.readEnd.descriptor.readableSize() == 600_000 - view.lines + 1)
    }

    @Test func `what is known to have no newline is not read again`() throws {
        let bench = try Bench()
        try bench.write("a\nhalf")
        #expect(try bench.look(past: 6) == lines(0, of: 6))
        try bench.write("end\n")
        #expect(try bench.look(past: 6) == lines(10, of: 10))
        // Somebody else has read meanwhile.
        #expect(try bench.look(past: 100) == lines(0, of: 10))
    }

    @Test(arguments: [4 << 10, 64 << 10, 256 << 10, 1 << 20] as [Int32])
    func `a pipe is full when its writer cannot go on`(_ capacity: Int32) throws {
        let bench = try Bench(capacity: capacity)
        try bench.writeEnd?.descriptor.setNonblocking(true)
        // A line of 3,000 bytes takes a page, so that the pipe is full long before its capacity is reached.
        let piece = [UInt8](repeating: 0x61, count: 3_000)
        var total = 0
        while let count = try bench.writeEnd?.descriptor.write(piece[...]) {
            total += count
            let isWritable = try bench.writeEnd?.descriptor.isWritable()
            #expect(try bench.look() == lines(0, of: total, isFull: isWritable == false))
        }
        #expect(total > Int(capacity) / 2)
        #expect(try bench.look(keeping: 1_000) == lines(0, of: total, isFull: true))
    }

    @Test func `small pipes and large ones may be looked at in turn`() throws {
        let benches = try [16 << 10, 1 << 20, 64 << 10].map { try Bench(capacity: $0) }
        let lookahead = benches[0].lookahead
        for round in 1...3 {
            for (index, bench) in benches.enumerated() {
                try bench.write("half \(index).")
                #expect(try lookahead.look(bench.readEnd, past: 0, keeping: nil) == lines(0, of: round * 7))
            }
        }
    }

    @Test func `of more than a share, whole lines of it are taken first`() throws {
        let bench = try Bench()
        for _ in 0..<100 { try bench.write(String(repeating: "x", count: 99) + "\n") }
        #expect(try bench.look(keeping: 1_050) == lines(1_000, of: 1_050))
        #expect(try bench.look() == lines(10_000, of: 10_000))
    }

    @Test func `what is discarded is gone, and no more`() throws {
        let bench = try Bench()
        try bench.write("one\ntwo\n")
        try bench.lookahead.discard(4, of: bench.readEnd)
        #expect(try bench.look() == lines(4, of: 4))
        try bench.lookahead.discard(100, of: bench.readEnd)
        #expect(try bench.look() == .nothing)
    }

    @Test func `it is no pipe`() throws {
        let bench = try Bench()
        let file = SharedDescriptor(try FileDescriptor.nullDevice())
        #expect(throws: SystemError.self) { try bench.lookahead.look(file, past: 0, keeping: nil) }
        try bench.write("one\n")
        #expect(try bench.look() == lines(4, of: 4))
    }
}
