import KoomyCore
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// What becomes of a batch, and of one that a koomyd has left under way, at each step at which it can be killed.
struct LogSinkTests {
    /// How far the one before came.
    enum Step: CaseIterable {
        case begun, written, partlyTaken, taken
    }

    private final class Bench {
        let files: Workspace
        let lookahead: PipeLookahead
        let writeEnd: SharedDescriptor
        private let readEnd: SharedDescriptor
        private let stamp = LineFormat.stamped(LogStamp(LogDateFormat(text: "[noon]", tokens: [.literal("noon")])))

        init(_ files: Workspace) throws {
            self.files = files
            lookahead = try PipeLookahead(capacity: 256 << 10)
            let pipe = try Pipe()
            pipe.requestCapacity(256 << 10)
            (readEnd, writeEnd) = pipe.shared()
        }

        /// What another koomyd has of it.
        func pipe() throws -> LogPipe { LogPipe(try readEnd.descriptor.duplicate()) }

        func receipt() throws -> LogReceipt { try LogReceipt(path: files("receipt")) }

        func sink(_ receipt: LogReceipt, _ names: [String], rotation: LogRotation? = nil) -> LogSink {
            let all = names.map { LogFile(path: files($0), manner: .init(rotation: rotation)) }
            return LogSink(all, format: stamp, receipt: receipt)
        }

        /// Carries everything that is there.
        func carryAll(_ sink: LogSink, _ pipe: LogPipe) throws {
            for _ in 0..<100_000 {
                guard
                    case .bytes(let view) = try lookahead.look(
                        pipe.shared,
                        past: 0,
                        keeping: sink.share,
                        room: sink.room
                    )
                else { return }
                guard case .done = try sink.carry(view.lines, endsLine: true, from: pipe, lookahead) else { return }
            }
        }
    }

    /// Batches whose lines are alike, so that nothing but the step tells how much of them is gone.
    nonisolated private static let batches = [
        "tick\n", "tick\ntick\n", "\n\n\n", "\ntick\n", String(repeating: "tick\n", count: 2_000),
        String(repeating: "x", count: 9_000) + "\n",
    ]

    @Test(arguments: batches, Step.allCases)
    func `a batch that was left is in the file once, and so is what follows`(_ batch: String, _ step: Step) throws {
        for names in [["log"], ["log", "both"]] {
            try Workspace.with { files in
                let bench = try Bench(files)
                try bench.writeEnd.descriptor.writeAll(Array((batch + batch).utf8))
                try leave(batch, step, names.last ?? "", index: names.count - 1, in: bench)
                if names.count > 1 { try files.write(stamped(batch), to: "log") }
                let pipe = try bench.pipe()
                let receipt = try bench.receipt()
                let sink = bench.sink(receipt, names)
                try sink.settle(pipe, bench.lookahead)
                try bench.carryAll(sink, pipe)
                for name in names { #expect(Files.text(of: files(name)) == stamped(batch + batch), "\(name)") }
                #expect(try pipe.shared.descriptor.readableSize() == 0)
                // And nothing is left to be done.
                try bench.writeEnd.descriptor.writeAll(Array(batch.utf8))
                try bench.sink(try bench.receipt(), names).settle(pipe, bench.lookahead)
                #expect(try pipe.shared.descriptor.readableSize() == batch.utf8.count)
            }
        }
    }

    /// Does what the sink does with a batch, up to a step.
    private func leave(_ batch: String, _ step: Step, _ name: String, index: Int, in bench: Bench) throws {
        let (pipe, receipt) = (try bench.pipe(), try bench.receipt())
        let bytes = Array(batch.utf8)
        let last = bytes.first == bytes.last ? nil : bytes.last
        try bench.files.write("", to: name)
        let identity = try #require(FileIdentity(at: bench.files(name)))
        try receipt.begin(
            LogReceipt.Entry(
                pipe: pipe.identity,
                count: bytes.count,
                index: index,
                file: identity,
                offset: 0,
                length: stamped(batch).utf8.count,
                last: last
            )
        )
        // A write that was divided is cut back.
        try bench.files.write(String(stamped(batch).prefix(step == .begun ? 3 : .max)), to: name)
        guard step == .partlyTaken || step == .taken else { return }
        if last != nil {
            #expect(try bench.lookahead.bytes(bytes.count, of: pipe.shared).count == bytes.count)
            #expect(bench.lookahead.takeAtOnce(bytes.count - 1, of: pipe.shared) == bytes.count - 1)
            if step == .taken { #expect(receipt.take(1, from: pipe.shared.descriptor) == 1) }
        } else {
            let some = step == .taken ? bytes.count : 1
            #expect(receipt.take(some, from: pipe.shared.descriptor) == some)
        }
    }

    private func stamped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { "noon: \($0)\n" }.joined()
    }

    @Test func `what is carried in one act is not copied into the receipt`() throws {
        try Workspace.with { files in
            let bench = try Bench(files)
            let (pipe, receipt) = (try bench.pipe(), try bench.receipt())
            let sink = bench.sink(receipt, ["log"])
            for _ in 0..<10 {
                try bench.writeEnd.descriptor.writeAll(Array(String(repeating: "tick\n", count: 10_000).utf8))
                try bench.carryAll(sink, pipe)
            }
            #expect(try FileDescriptor.readingOnly(files("receipt")).fileSize() < 2_000)
            #expect(Files.bytes(of: files("log"))?.count == 10 * 10_000 * 11)
        }
    }

    // MARK: - Room

    /// Lines of all lengths up to 300, of which nothing, some or all is escaped, or is no text.
    private func lines(_ kind: String) -> [[UInt8]] {
        let letter: [UInt8] = kind == "escapes" ? [0x22, 0x5C, 0x01] : kind == "no text" ? [0xFF, 0xC3, 0x61] : [0x61]
        return (0..<1_000).map { number in
            (0..<(number * 7 % 300)).map { letter[($0 + number) % letter.count] } + [0x0A]
        }
    }

    @Test(arguments: ["plain", "escapes", "no text"])
    func `no file of JSON lines is larger than it may be, and none has room for another line`(_ kind: String) throws {
        try Workspace.with { files in
            let bench = try Bench(files)
            let app = try #require(AppName("api"))
            let json = JSONLines(app: app, slot: 0, generation: Generation(1), stream: .out)
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 16 << 10)
            let file = LogFile(path: files("log"), manner: .init(rotation: rotation))
            let sink = LogSink([file], format: .json(json), receipt: try bench.receipt())
            let pipe = try bench.pipe()
            let all = lines(kind)
            for start in stride(from: 0, to: all.count, by: 200) {
                try bench.writeEnd.descriptor.writeAll(Array(all[start..<(start + 200)].joined()))
                try bench.carryAll(sink, pipe)
            }
            let texts = try RotatedFiles(of: files("log")).list().map { Files.bytes(of: $0.path) ?? [] }
            #expect(texts.count > 10)
            var longest = 0
            for text in texts + [Files.bytes(of: files("log")) ?? []] {
                #expect(text.count <= 16 << 10)
                longest = max(longest, text.split(separator: 0x0A).map(\.count).max() ?? 0)
            }
            #expect(texts.allSatisfy { $0.count > (16 << 10) - longest - 1 }, "\(texts.map(\.count))")
            let count = (texts.joined() + (Files.bytes(of: files("log")) ?? [])).count { $0 == 0x0A }
            #expect(count == all.count)
        }
    }

    @Test func `a line that has no room in any file has one to itself`() throws {
        try Workspace.with { files in
            let bench = try Bench(files)
            var rotation = LogRotation()
            rotation.size = ByteCount(bytes: 2_000)
            let sink = bench.sink(try bench.receipt(), ["log"], rotation: rotation)
            let long = String(repeating: "x", count: 1_998) + "\n"
            try bench.writeEnd.descriptor.writeAll(Array(("one\n" + long + "two\n").utf8))
            try bench.carryAll(sink, try bench.pipe())
            let texts = try RotatedFiles(of: files("log")).list().map { Files.text(of: $0.path) }
            #expect(texts == ["noon: one\n", "noon: " + long] && Files.text(of: files("log")) == "noon: two\n")
        }
    }
}
