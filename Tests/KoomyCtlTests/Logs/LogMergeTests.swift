import KoomyModel
import Testing

@testable import koomyctl

@Suite struct LogMergeTests {
    /// Lines of a file, which may get more.
    private final class Source {
        var entries: [LogEntry]
        let modified: Int64
        private var parser = LineParser(.raw)

        init(_ lines: [String], modified: Int64) {
            self.modified = modified
            entries = []
            add(lines)
        }

        func add(_ lines: [String]) { entries += lines.map { parser.entry(LogPiece(bytes: Array($0.utf8))) } }

        func next() -> LogEntry? { entries.isEmpty ? nil : entries.removeFirst() }
    }

    private func merge(_ sources: [(String, Source)]) -> LogMerge<String> {
        LogMerge(sources.map { name, source in .init(name, modified: source.modified) { source.next() } })
    }

    private func rest(of merge: LogMerge<String>) -> [String] {
        var lines: [String] = []
        while let (source, entry) = merge.next() {
            lines.append("\(source):\(String(decoding: entry.piece.bytes, as: UTF8.self))")
        }
        return lines
    }

    private func merged(_ sources: [(String, [String], Int64)]) -> [String] {
        rest(of: merge(sources.map { ($0.0, Source($0.1, modified: $0.2)) }))
    }

    @Test func `lines with a time are put in its order, and stay as they were where it is the same`() {
        #expect(
            merged([
                ("o", ["2026-01-01 10:00:00 a", "2026-01-01 10:00:02 c", "2026-01-01 10:00:02 d"], 9),
                ("e", ["2026-01-01T10:00:01 b", "2026-01-01 10:00:02.5 e"], 1),
            ]).map { $0.suffix(1) } == ["a", "b", "c", "d", "e"]
        )
        #expect(
            merged([
                ("o", ["2026-01-01 10:00:00.100 a", "2026-01-01 10:00:00.300 c"], 9),
                ("e", ["2026-01-01 10:00:00.200 b"], 1),
            ]) == ["o:2026-01-01 10:00:00.100 a", "e:2026-01-01 10:00:00.200 b", "o:2026-01-01 10:00:00.300 c"]
        )
    }

    @Test func `lines without a time stay file by file, the one written last at the end`() {
        #expect(merged([("o", ["a", "b"], 2), ("e", ["c"], 1)]) == ["e:c", "o:a", "o:b"])
        #expect(merged([]) == [])
    }

    @Test func `a line without a time stays behind the one before it`() {
        #expect(
            merged([
                ("o", ["2026-01-01 10:00:00 a", "  at b", "2026-01-01 10:00:02 d"], 1),
                ("e", ["2026-01-01 10:00:01 c"], 2),
            ]).map { $0.suffix(1) } == ["a", "b", "c", "d"]
        )
    }

    @Test func `what comes later comes at the next look, and pieces of a line stay together`() {
        let first = Source(["2026-01-01 10:00:01 b"], modified: 1)
        let second = Source([], modified: 2)
        let merge = merge([("1", first), ("2", second)])
        #expect(rest(of: merge).count == 1)
        second.add(["2026-01-01 10:00:00 a"])
        #expect(rest(of: merge).isEmpty)
        merge.look()
        second.entries[0].piece.ends = false
        second.add(["more"])
        second.entries[1].piece.begins = false
        first.add(["2026-01-01 09:00:00 c", "2026-01-01 10:00:00 d"])
        #expect(rest(of: merge).map { $0.suffix(1) } == ["c", "d", "a", "e"])
    }
}
