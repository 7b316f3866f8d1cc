import KoomyWire
import TestSupport
import Testing

@Suite struct LineSplitterTests {
    private func lines(_ pieces: [String], limit: Int = 100) -> [String] {
        var splitter = LineSplitter(limit: limit)
        var lines = pieces.flatMap { splitter.feed(Array($0.utf8)) }
        if let rest = splitter.finish() { lines.append(rest + Array("<".utf8)) }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `lines come out whole whatever pieces they come in`() {
        #expect(lines(["a\nb", "c\n\n", "", "d"]) == ["a", "bc", "", "d<"])
        #expect(lines(["a\n"]) == ["a"])
        #expect(lines([]) == [])
    }

    @Test func `a line that is too long comes in pieces`() {
        #expect(lines(["abcdefgh\nij"], limit: 3) == ["abc", "def", "gh", "ij<"])
        #expect(lines(["abc\n"], limit: 3) == ["abc"])
        #expect(lines(["ab", "c", "d", "ef\n"], limit: 3) == ["abc", "def"])
    }

    @Test func `the pieces never lose a byte`() {
        var random = SeededNumbers(seed: 5)
        for _ in 0..<500 {
            let bytes = (0..<200).map { _ in UInt8.random(in: 0...12, using: &random) }
            var splitter = LineSplitter(limit: Int.random(in: 1...300, using: &random))
            var rest = bytes[...]
            var lines: [[UInt8]] = []
            while !rest.isEmpty {
                let size = Int.random(in: 1...20, using: &random)
                lines += splitter.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            if let end = splitter.finish() { lines.append(end) }
            #expect(lines.flatMap { $0 } == bytes.filter { $0 != 10 })
            #expect(lines.allSatisfy { $0.count <= splitter.limit })
        }
    }
}
