import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// What a pump makes of what comes and of how it comes.
struct LogPumpTests {
    private final class Bench {
        let loop: EventLoop
        let table: LogTable
        var spec: AppSpec
        let log: String
        private var serial: UInt64 = 0

        init(_ files: Workspace, stamped: Bool = false) throws {
            loop = try EventLoop()
            table = LogTable(loop: loop, folder: files.path, receiptPath: files("receipt"))
            spec = try .example()
            if stamped { spec.logs.format = .stamped(LogDateFormat(text: "[noon]", tokens: [.literal("noon")])) }
            spec.logs.rotation = nil
            log = files("web-out.log")
        }

        /// The next worker's pipe is carried.
        @discardableResult
        func attach(_ pipe: consuming FileDescriptor) throws -> WorkerID {
            serial += 1
            let id = WorkerID(app: spec.name, serial: serial)
            let source = LogTable.Source(id: id, slot: 0, generation: Generation(1), stream: .out)
            try table.attach(LogPipe(pipe), of: source, spec)
            return id
        }

        var text: String? { Files.text(of: log) }

        func turn(until text: String) throws {
            do { try loop.turn(until: "the log is so") { self.text == text } } catch {
                throw TestFailure(description: "\(error): \(self.text?.suffix(100) ?? "no file")")
            }
        }
    }

    private func withBench(stamped: Bool = false, _ body: (Bench) throws -> Void) throws {
        try Workspace.with { try body(Bench($0, stamped: stamped)) }
    }

    private func pipe(capacity: Int32 = 256 << 10) throws -> (readEnd: SharedDescriptor, writeEnd: SharedDescriptor) {
        let pipe = try Pipe()
        pipe.requestCapacity(capacity)
        return pipe.shared()
    }

    @Test(arguments: [false, true])
    func `what has no end stays in the pipe until it has one`(_ isStamped: Bool) throws {
        let stamp = isStamped ? "noon: " : ""
        try withBench(stamped: isStamped) { bench in
            let ends = try pipe()
            try bench.attach(try ends.readEnd.descriptor.duplicate())
            try ends.writeEnd.descriptor.writeAll(Array("one\nha".utf8))
            try bench.turn(until: "\(stamp)one\n")
            try bench.loop.turn(for: .milliseconds(20))
            #expect(try ends.readEnd.descriptor.readableSize() == 2)
            try ends.writeEnd.descriptor.writeAll(Array("lf\ntwo\n".utf8))
            try bench.turn(until: "\(stamp)one\n\(stamp)half\n\(stamp)two\n")
            #expect(try ends.readEnd.descriptor.readableSize() == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a pipe that another koomyd left is read at once`(_ isStamped: Bool) throws {
        let stamp = isStamped ? "noon: " : ""
        let ends = try pipe()
        try ends.writeEnd.descriptor.writeAll(Array("one\ntwo\nhalf".utf8))
        try withBench(stamped: isStamped) { bench in
            let id = try bench.attach(try ends.readEnd.descriptor.duplicate())
            try bench.turn(until: "\(stamp)one\n\(stamp)two\n")
            bench.table.detach(id)
            #expect(bench.text == "\(stamp)one\n\(stamp)two\n\(stamp)half")
        }
    }

    @Test func `a write that fills the pipe behind a line without end is not waited for`() throws {
        try withBench { bench in
            let ends = try pipe()
            let gate = try Gate()
            try bench.attach(try ends.readEnd.descriptor.duplicate())
            let program = try Program.python(
                ["import os", "os.write(1, b'one\\nhalf ')"] + gate.python + [
                    // One system call, which blocks as nobody is told of it before it has ended.
                    "os.write(1, b'x' * 3000000 + b'\\nend\\n')"
                ],
                descriptors: [.init(ends.writeEnd.number, as: 1)]
            )
            try bench.turn(until: "one\n")
            try gate.open()
            try bench.loop.turn(within: .seconds(10), until: "all is written") { program.hasEnded }
            try bench.turn(until: "one\nhalf " + String(repeating: "x", count: 3_000_000) + "\nend\n")
        }
    }

    @Test(arguments: [4 << 10, 64 << 10, 256 << 10, 1 << 20] as [Int32], [false, true])
    func `bytes arrive as they were, whatever they are`(_ capacity: Int32, _ isStamped: Bool) throws {
        try withBench(stamped: isStamped) { bench in
            let ends = try pipe(capacity: capacity)
            // Up to 10 MB in one line, all byte values, UTF-8 in two pieces, empty lines, and no newline at the end.
            let size = capacity < 256 << 10 ? 1_000_000 : 10_000_000
            let script = """
                import os, random
                rest = bytes(random.Random(1).randbytes(1000000))
                data = b'a' * \(size) + b'\\n\\n\\0\\n' + rest + '\\näöü€'.encode()
                open('truth', 'wb').write(data)
                view, dice = memoryview(data), random.Random(2)
                while view: view = view[os.write(1, view[:dice.choice([1, 7, 4096, 5000, 100000, 2000000])]):]
                """
            let folder = bench.log.replacing("/web-out.log", with: "")
            let program = try Program(
                ["python3", "-c", script],
                folder: folder,
                descriptors: [.init(ends.writeEnd.number, as: 1)]
            )
            let id = try bench.attach(try ends.readEnd.descriptor.duplicate())
            try bench.loop.turn(within: .seconds(60), until: "all is written") { program.hasEnded }
            bench.table.detach(id)
            let strip = isStamped ? "sed 's/^noon: //'" : "cat"
            let compared = try Command.run(["sh", "-c", "\(strip) <\(bench.log) | cmp - \(folder)/truth"])
            #expect(compared.code == 0, "\(compared)")
        }
    }

    @Test func `packets of one byte cannot stop it`() throws {
        try withBench { bench in
            let ends = try pipe()
            // Each write takes a page of the pipe (pipe(2), O_DIRECT).
            #if arch(arm64)
            let packets: Int32 = 0o200000
            #else
            let packets: Int32 = 0o40000
            #endif
            #expect(fcntl(ends.writeEnd.number, F_SETFL, packets | O_NONBLOCK) == 0)
            try bench.attach(try ends.readEnd.descriptor.duplicate())
            var count = 0
            while try ends.writeEnd.descriptor.write([0x78][...]) != nil { count += 1 }
            try bench.turn(until: String(repeating: "x", count: count))
            try ends.writeEnd.descriptor.writeAll([0x0a])
            try bench.turn(until: String(repeating: "x", count: count) + "\n")
        }
    }

    @Test func `the pipe is not changed for those who share it`() throws {
        try withBench { bench in
            let ends = try pipe()
            try bench.attach(try ends.readEnd.descriptor.duplicate())
            #expect(ends.readEnd.descriptor.isNonblocking == false)
            #expect(ends.writeEnd.descriptor.isNonblocking == false)
        }
    }

    @Test func `a worker that has the pipe open both ways ends it by its own end`() throws {
        try withBench { bench in
            var ends: (readEnd: SharedDescriptor, writeEnd: SharedDescriptor)? = try pipe()
            let number = try #require(ends?.writeEnd.number)
            let both = open("/proc/self/fd/\(number)", O_RDWR | O_CLOEXEC)
            var worker: FileDescriptor? = FileDescriptor(owning: both)
            try bench.attach(try #require(ends).readEnd.descriptor.duplicate())
            ends = nil
            try worker?.writeAll(Array("one\nlast".utf8))
            try bench.turn(until: "one\n")
            #expect(bench.table.carries)
            worker = nil
            try bench.turn(until: "one\nlast")
            try bench.loop.turn(until: "it is let go") { !bench.table.carries }
        }
    }

    @Test func `a flooding worker leaves the loop to a quiet one`() throws {
        try withBench { bench in
            let (flood, quiet) = (try pipe(), try pipe())
            let program = try Program(["yes"], descriptors: [.init(flood.writeEnd.number, as: 1)])
            try bench.attach(try flood.readEnd.descriptor.duplicate())
            bench.spec.logs.outFile = bench.log + ".quiet"
            try bench.attach(try quiet.readEnd.descriptor.duplicate())
            var slowest = TimeSpan.zero
            for number in 1...50 {
                try quiet.writeEnd.descriptor.writeAll(Array("\(number)\n".utf8))
                let start = MonotonicClock.now()
                try bench.loop.turn(until: "the quiet one is read") {
                    try quiet.readEnd.descriptor.readableSize() == 0
                }
                slowest = max(slowest, MonotonicClock.now() - start)
            }
            #expect(slowest < .milliseconds(500), "\(slowest)")
            #expect(!program.hasEnded)
            // What nobody has written yet is nobody's last word.
            let start = MonotonicClock.now()
            bench.table.detach(WorkerID(app: bench.spec.name, serial: 1))
            #expect(MonotonicClock.now() - start < .seconds(2))
        }
    }

    @Test func `silence costs nothing, and a line without end little`() throws {
        try withBench { bench in
            let ends = try pipe()
            try bench.attach(try ends.readEnd.descriptor.duplicate())
            try ends.writeEnd.descriptor.writeAll(Array("one\n".utf8))
            try bench.turn(until: "one\n")
            try bench.loop.turn(for: .milliseconds(20))
            #expect(try !bench.loop.runOnce(waitingAtMost: .milliseconds(100)))
            try ends.writeEnd.descriptor.writeAll(Array("half".utf8))
            var turns = 0
            let end = MonotonicClock.now() + .milliseconds(200)
            while MonotonicClock.now() < end {
                if try bench.loop.runOnce(waitingAtMost: .milliseconds(50)) { turns += 1 }
            }
            #expect(turns < 12, "\(turns)")
        }
    }
}
