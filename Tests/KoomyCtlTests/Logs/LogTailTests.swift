import KoomyModel
import TestSupport
import Testing

@testable import koomyctl

@Suite struct LogTailTests {
    /// What is wrong with a file, and the lines that are shown.
    private final class Reader {
        private(set) var problems: [LogFileProblem] = []
        private(set) var lines: [String] = []
        private var tail: LogTail?

        init(_ path: String, count: Int?, filter: LineFilter = LineFilter(), follows: Bool = true) throws {
            let plan = try LogPlan(of: path, count: count, filter, .raw, follows: follows)
            tail = LogTail(plan) { [unowned self] in problems.append($0) }
        }

        func look() {
            while let entry = tail?.next() { lines.append(String(decoding: entry.piece.bytes, as: UTF8.self)) }
        }
    }

    private func lastLines(_ path: String, _ count: Int?, _ filter: LineFilter = LineFilter()) throws -> [String] {
        let reader = try Reader(path, count: count, filter: filter, follows: false)
        reader.look()
        #expect(reader.problems == [])
        return reader.lines
    }

    /// Five files of ten lines: compressed with zstd, gzip, as they were, and the one that is written.
    private func fiveFiles(_ files: Workspace) throws -> LogWriter {
        let writer = try LogWriter(files("log"))
        for number in 0..<50 {
            if number > 0, number % 10 == 0 { try writer.rotate(inSameSecond: number == 20) }
            writer.write(number % 3 == 0 ? "three" : "")
        }
        try writer.compress(0, Binaries.installed("zstd") == nil ? .gzip : .zstd)
        try writer.compress(1)
        return writer
    }

    @Test func `the last lines come from as many files as it takes`() throws {
        try Workspace.with { files in
            let writer = try fiveFiles(files)
            for count in 0...51 {
                try #expect(lastLines(writer.path, count) == writer.lines.suffix(count), "\(count)")
            }
            try #expect(lastLines(writer.path, nil) == writer.lines)
            writer.append("not finished")
            try #expect(lastLines(writer.path, 12) == writer.lines.suffix(11) + ["not finished"])
        }
    }

    @Test func `the last lines that are wanted come from as many files as it takes`() throws {
        try Workspace.with { files in
            let writer = try fiveFiles(files)
            let filter = LineFilter(pattern: try LinePattern("three", ignoresCase: false))
            let wanted = writer.lines.filter { $0.hasSuffix("three") }
            #expect(wanted.count == 17)
            for count in 0...18 {
                try #expect(lastLines(writer.path, count, filter) == wanted.suffix(count), "\(count)")
            }
            try #expect(lastLines(writer.path, nil, filter) == wanted)
        }
    }

    @Test func `of a file whose compression was interrupted the whole one is read, and foreign files are not`() throws {
        try Workspace.with { files in
            let writer = try fiveFiles(files)
            try files.write("broken", to: "log.\(writer.asides[2]).gz")
            for name in ["log.1", "log.2.gz", "log.20261120", "log.20261120T000000Z.bz2", "log.old", "logs"] {
                try files.write("foreign\n", to: name)
            }
            try #expect(lastLines(writer.path, nil) == writer.lines)
        }
    }

    @Test func `a damaged file is named, and the others are shown`() throws {
        try Workspace.with { files in
            let writer = try fiveFiles(files)
            let damaged = files("log.\(writer.asides[1])")
            let bytes = try #require(Files.bytes(of: damaged))
            _ = try Command.run([
                "sh", "-c", "head -c \(bytes.count - 12) \"$0\" >\"$0.x\" && mv \"$0.x\" \"$0\"", damaged,
            ])
            let reader = try Reader(writer.path, count: nil, follows: false)
            reader.look()
            #expect(reader.problems.map(\.path) == [damaged])
            #expect(reader.problems.first?.message == "gzip: unexpected end of file")
            let others = Array(writer.lines[..<10] + writer.lines[20...])
            #expect(reader.lines.filter(others.contains) == others)
        }
    }

    @Test func `each line comes once, through rotations between two looks`() throws {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            let reader = try Reader(writer.path, count: 20)
            for round in 0..<30 {
                for _ in 0...round % 4 {
                    writer.write()
                    if round % 5 != 0 { try writer.rotate(inSameSecond: round % 2 == 0) }
                }
                writer.write()
                if round % 7 == 3 { try writer.compress(writer.asides.count - 1) }
                reader.look()
                #expect(reader.lines == writer.lines, "round \(round)")
            }
            #expect(reader.problems == [])
        }
    }

    @Test func `an empty new file is gone on with where koomyd made it`() throws {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            writer.write()
            let reader = try Reader(writer.path, count: 20)
            reader.look()
            writer.write()
            try writer.rotate()
            reader.look()
            #expect(reader.lines == writer.lines)
            // What would come to the old file now is nobody's: koomyd is done with it.
            try Files.write("1 \n2 \nforeign\n", to: "\(writer.path).\(writer.asides[0])")
            writer.write()
            reader.look()
            #expect(reader.lines == writer.lines)
        }
    }

    @Test func `what cannot be read in its place is said, and the file that comes after it is followed`() throws {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            writer.write()
            let reader = try Reader(writer.path, count: 20)
            try writer.rotate()
            Files.remove(writer.path)
            try Files.makeFolder(writer.path)
            reader.look()
            #expect(reader.lines == ["1 "] && reader.problems.first?.message == "it is not a regular file")
            Files.remove(writer.path)
            try Files.write("2\n", to: writer.path)
            reader.look()
            #expect(reader.lines == ["1 ", "2"])
        }
    }

    @Test func `a file that is removed by a rule before its turn is said to be`() throws {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            for _ in 0..<4 {
                writer.write()
                try writer.rotate()
            }
            writer.write()
            let reader = try Reader(writer.path, count: nil)
            let gone = "\(writer.path).\(writer.asides[0])"
            writer.removeOldest()
            reader.look()
            #expect(reader.lines == Array(writer.lines.dropFirst()))
            #expect(reader.problems == [.init(path: gone, message: "it was removed before it could be read")])
        }
    }

    @Test func `a line that is begun is shown when it is finished, and one that is cut off with the file is not`()
        throws
    {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            writer.write()
            writer.append("2 be")
            let reader = try Reader(writer.path, count: 0)
            reader.look()
            #expect(reader.lines == [])
            writer.append("gun\nlost")
            reader.look()
            #expect(reader.lines == ["2 begun"])
            writer.cut()
            writer.append("new\n")
            reader.look()
            #expect(reader.lines == ["2 begun", "new"])
        }
    }

    /// What may happen to a file, in any order, with looks in between at any time.
    @Test(arguments: 0..<40)
    func `whatever happens to the files, each line comes once and in order`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            for _ in 0..<Int.random(in: 0...30, using: &numbers) { try step(writer, &numbers) }
            let already = writer.lines.count
            let count = Int.random(in: 0...40, using: &numbers)
            let reader = try Reader(writer.path, count: count)
            for _ in 0..<120 {
                if Int.random(in: 0..<4, using: &numbers) == 0 { reader.look() }
                try step(writer, &numbers)
            }
            reader.look()
            let expected = Array(writer.lines.suffix(writer.lines.count - already + min(count, already)))
            #expect(reader.lines == expected, "seed \(seed)")
            #expect(reader.problems == [], "seed \(seed)")
        }
    }

    private func step(_ writer: LogWriter, _ numbers: inout SeededNumbers) throws {
        switch Int.random(in: 0..<20, using: &numbers) {
        case 0..<12:
            // Now and then lines that are longer than a block.
            let length =
                Int.random(in: 0..<20, using: &numbers) == 0 ? 150_000 : Int.random(in: 0..<80, using: &numbers)
            writer.write(String(repeating: "x", count: length))
        case 12..<18: try writer.rotate(inSameSecond: Bool.random(using: &numbers))
        default:
            guard let index = writer.asides.indices.randomElement(using: &numbers) else { return }
            try writer.compress(index)
        }
    }
}
