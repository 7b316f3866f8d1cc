import KoomyModel
import TestSupport
import Testing

@testable import koomyctl

@Suite struct TimeSearchTests {
    private static let format = LineFormat(("stamped", "X"))
    private static let begin: Int64 = 1_700_000_000

    /// Lines of so many seconds apart, some of them out of order, some without a time.
    private func write(_ files: Workspace, _ count: Int, apart: Int64) throws -> (file: OpenLogFile, times: [Int64]) {
        var numbers = SeededNumbers(seed: 5)
        var times: [Int64] = []
        var text = ""
        for index in 0..<count {
            if index % 7 == 3 {
                text += "  at something\n"
            } else {
                let time = Self.begin + Int64(index) * apart - Int64.random(in: 0..<3_000, using: &numbers)
                times.append(time)
                text += "\(time): message \(index) of some length, as lines have it\n"
            }
        }
        try files.write(text, to: "log")
        return (try #require(try OpenLogFile.written(at: files("log"))), times)
    }

    @Test func `no line of the wanted time is before it, and most others are`() throws {
        try Workspace.with { files in
            let (file, times) = try write(files, 40_000, apart: 5)
            #expect(file.size > 2_000_000)
            for since in stride(from: Self.begin - 10_000, to: Self.begin + 210_000, by: 7_001) {
                let wanted = WallTime(nanoseconds: since * 1_000_000_000)
                let offset = TimeSearch.begin(of: wanted, in: file, upTo: file.size, Self.format)
                #expect(offset == 0 || FileBytes.block(of: file.file, at: offset - 1, size: 1) == [0x0A])
                var shown: [Int64] = []
                let plan = try LogPlan(
                    of: file.path,
                    count: nil,
                    LineFilter(since: wanted),
                    Self.format,
                    follows: false
                )
                let tail = LogTail(plan) { Issue.record("\($0)") }
                while let entry = tail.next() { if entry.isTimed { shown.append(entry.time.seconds) } }
                #expect(shown == times.filter { $0 >= since }, "\(since)")
                // What is read in vain is what may be out of order, and a little.
                let before = times.filter { $0 < since - 3_700 }.count
                let bytes = Int64(before) * 50 - 400_000
                #expect(offset >= bytes, "\(offset) for \(before) lines")
            }
        }
    }

    @Test func `where no line has a time, all is looked at`() throws {
        try Workspace.with { files in
            try files.write(String(repeating: "no time at all\n", count: 200_000), to: "log")
            let file = try #require(try OpenLogFile.written(at: files("log")))
            let wanted = WallTime(nanoseconds: Self.begin * 1_000_000_000)
            #expect(TimeSearch.begin(of: wanted, in: file, upTo: file.size, Self.format) == 0)
        }
    }
}
