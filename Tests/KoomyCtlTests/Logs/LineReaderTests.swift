import TestSupport
import Testing

@testable import koomyctl

@Suite struct LineReaderTests {
    private final class Pieces: ByteSource {
        private var pieces: ArraySlice<[UInt8]>

        init(_ pieces: [[UInt8]]) { self.pieces = pieces[...] }

        func read() -> [UInt8]? { pieces.popFirst() }
    }

    private func pieces(of text: String, inBlocksOf size: Int, limit: Int) throws -> [LogPiece] {
        let bytes = Array(text.utf8)
        let blocks = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        let source = Pieces(blocks)
        var reader = LineReader(limit: limit)
        var found: [LogPiece] = []
        while let piece = try reader.next(from: source) { found.append(piece) }
        #expect(reader.pending < limit + size)
        if let rest = reader.finish() { found.append(rest) }
        return found
    }

    @Test(arguments: ["", "\n", "a", "a\n", "a\n\n", "a\nb", "\n\n\nbcdefghijklmnopqrstuvwxyz\n12345678\n"])
    func `lines are whole, or in pieces that say so, however they come`(text: String) throws {
        for size in 1...9 {
            for limit in 1...12 {
                let found = try pieces(of: text, inBlocksOf: size, limit: limit)
                var whole = ""
                var isInside = false
                for piece in found {
                    #expect(piece.begins == !isInside && piece.bytes.count < limit + size)
                    isInside = !piece.ends
                    whole += String(decoding: piece.bytes, as: UTF8.self) + (piece.hasLineFeed ? "\n" : "")
                }
                #expect(whole == text && !isInside, "\(size) \(limit)")
            }
        }
        let lines = try pieces(of: text, inBlocksOf: 4, limit: 100)
        #expect(lines.allSatisfy { $0.begins && $0.ends })
    }

    @Test func `a piece does not end within a character`() throws {
        let text = String(repeating: "aé€😀", count: 20) + "\n"
        for size in 1...9 {
            for limit in 4...12 {
                for piece in try pieces(of: text, inBlocksOf: size, limit: limit) {
                    #expect(String(validating: piece.bytes, as: UTF8.self) != nil, "\(size) \(limit)")
                }
            }
        }
        // What is no text is cut anywhere, and none of it is lost.
        let bytes = [UInt8](repeating: 0x80, count: 40) + [0xF0]
        let source = Pieces(bytes.map { [$0] })
        var reader = LineReader(limit: 4)
        var all: [UInt8] = []
        while let piece = try reader.next(from: source) { all += piece.bytes }
        all += reader.finish()?.bytes ?? []
        #expect(all == bytes)
    }

    @Test(arguments: ["", "\n", "a", "a\n", "a\n\n", "a\nb", "\n\n\nb\n", "long", "long\n"])
    func `the last lines of a file begin where they should`(text: String) throws {
        let text = text.replacingLong()
        try Workspace.with { files in
            let path = try files.write(text, to: "log")
            let file = try #require(try OpenLogFile.written(at: path)).file
            let bytes = Array(text.utf8)
            let isOpen = bytes.last.map { $0 != 0x0A } ?? false
            // Where each line begins.
            let begins = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
            let all = bytes.isEmpty ? [] : (isOpen ? begins : begins.dropLast())
            let size = Int64(bytes.count)
            for count in 0...6 {
                let counting = LastLines.find(count, in: file, upTo: size, countsRest: true)
                #expect(counting.offset == Int64(all.suffix(count).first ?? bytes.count), "\(count)")
                #expect(counting.found == min(count, all.count), "\(count)")
                let finished = all.dropLast(isOpen ? 1 : 0)
                let passing = LastLines.find(count, in: file, upTo: size, countsRest: false)
                let rest = isOpen ? all.last ?? 0 : bytes.count
                #expect(passing.offset == Int64(finished.suffix(count).first ?? rest), "\(count)")
                #expect(passing.found == min(count, finished.count), "\(count)")
            }
        }
    }
}

extension String {
    /// Lines of more than a block in the place of a word.
    fileprivate func replacingLong() -> String {
        guard hasPrefix("long") else { return self }
        return "x\n" + String(repeating: "y", count: 200_000) + "\nz\n" + String(repeating: "w", count: 70_000)
            + dropFirst(4)
    }
}
