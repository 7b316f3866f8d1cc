import Testing

@testable import KoomySupervisor

struct LineBufferTests {
    /// What comes out for these pieces, one entry for each time that something is passed on.
    private func pass(_ pieces: [[UInt8]], thenFlush: Bool = true) -> [[UInt8]] {
        var lines = LineBuffer()
        var passed: [[UInt8]] = []
        for piece in pieces {
            piece.withUnsafeBytes { bytes in lines.append(bytes) { passed.append(Array($0)) } }
        }
        if thenFlush { lines.flush { passed.append(Array($0)) } }
        return passed
    }

    @Test func `wherever a stream is cut, it comes out whole and in whole lines`() {
        let text = Array("one\n\ntwo \0 nul\nä\nlast".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                let passed = pass([Array(text[..<first]), Array(text[first..<second]), Array(text[second...])])
                #expect(passed.flatMap(\.self) == text, "cut at \(first) and \(second)")
                #expect(passed.dropLast().allSatisfy { $0.last == UInt8(ascii: "\n") })
                #expect(passed.last == Array("last".utf8))
            }
        }
    }

    @Test func `byte by byte, each line comes out once`() {
        let text = Array("a\nbc\n\n".utf8)
        let passed = pass(text.map { [$0] }).map { String(decoding: $0, as: UTF8.self) }
        #expect(passed == ["a\n", "bc\n", "\n"])
    }

    @Test func `several lines that were read at once go on in one piece`() {
        #expect(pass([Array("a\nb\nc\n".utf8)]) == [Array("a\nb\nc\n".utf8)])
    }

    @Test func `what has no newline waits for it`() {
        #expect(pass([Array("abc".utf8)], thenFlush: false).isEmpty)
        #expect(pass([Array("a\nb".utf8)], thenFlush: false) == [Array("a\n".utf8)])
        #expect(pass([Array("ab".utf8), Array("c\nd".utf8)], thenFlush: false) == [Array("abc\n".utf8)])
    }

    @Test func `nothing comes of nothing`() {
        #expect(pass([]).isEmpty)
        #expect(pass([[], []]).isEmpty)
        #expect(pass([Array("a\n".utf8)]) == [Array("a\n".utf8)])
    }

    @Test func `a line without end goes on in pieces`() {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        let passed = pass(Array(repeating: piece, count: 40) + [Array("end\nnext\n".utf8)])
        #expect(passed.map(\.count) == [1 << 20, 1 << 20, (512 << 10) + 9])
        #expect(passed.last?.suffix(9) == Array("end\nnext\n".utf8)[...])
        #expect(passed.first?.count == LineBuffer.longestLine)
    }

    @Test func `it goes on after a flush`() {
        var lines = LineBuffer()
        var passed: [String] = []
        func take(_ bytes: UnsafeRawBufferPointer) { passed.append(String(decoding: bytes, as: UTF8.self)) }
        for _ in 0..<2 {
            Array("half".utf8).withUnsafeBytes { lines.append($0, take) }
            lines.flush(take)
            lines.flush(take)
        }
        #expect(passed == ["half", "half"])
    }
}
