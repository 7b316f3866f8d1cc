import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Pumps and their files, with real pipes and real writers.
struct LogTableTests {
    /// A table whose files lie in a workspace, and the app that writes.
    private final class Bench {
        let loop: EventLoop
        let table: LogTable
        var spec: AppSpec
        private let files: Workspace
        private let notes = Notes()

        /// What was told of files that cannot be written, and can again.
        private final class Notes { var words: [String] = [] }

        var noticed: [String] { notes.words }

        init(_ files: Workspace) throws {
            self.files = files
            loop = try EventLoop()
            let notes = notes
            table = LogTable(loop: loop, folder: files("logs"), receiptPath: files("receipt")) { news in
                switch news {
                case .trouble(let error): notes.words.append("\(error.subject ?? "") fails")
                case .recovered(let path, let loss): notes.words.append("\(path) works, \(loss.bytes) bytes lost")
                case .cannotRotate(let path, _), .cannotKeep(let path, _): notes.words.append("\(path) cannot")
                }
            }
            spec = try .example()
        }

        var out: String { files("logs/web-out.log") }
        var error: String { files("logs/web-error.log") }

        func id(_ serial: UInt64 = 1) -> WorkerID { WorkerID(app: spec.name, serial: serial) }

        /// A pipe to a stream's log; its write end.
        func attach(_ stream: LogStream = .out, serial: UInt64 = 1, slot: Int = 0) throws -> SharedDescriptor {
            let ends = try Pipe().shared()
            let source = LogTable.Source(id: id(serial), slot: slot, generation: Generation(1), stream: stream)
            try table.attach(LogPipe(try ends.readEnd.descriptor.duplicate()), of: source, spec)
            return ends.writeEnd
        }

        /// Whether this process has a file open.
        func holds(_ path: String) -> Bool {
            (ProcFS.descriptorTargets(of: ThisProcess.id) ?? [:]).values.contains(path)
        }

        /// A shell whose output goes to the log.
        func shell(_ script: String, serial: UInt64 = 1, errors: Bool = false) throws -> Program {
            let out = try attach(serial: serial)
            var descriptors = [SpawnRequest.Descriptor(out.number, as: 1)]
            let error = errors ? try attach(.error, serial: serial) : nil
            if let error { descriptors.append(.init(error.number, as: 2)) }
            return try Program(["sh", "-c", script], descriptors: descriptors)
        }
    }

    private func withBench(_ body: (Bench) throws -> Void) throws {
        try Workspace.with { try body(Bench($0)) }
    }

    @Test func `the last words of a worker that was killed are there and in order`() throws {
        try withBench { bench in
            let program = try bench.shell("for i in 1 2 3; do echo line $i; done; printf last; kill -9 $$")
            // The loop does not turn meanwhile: everything is still in the pipe.
            try eventually("it has ended") { program.hasEnded }
            bench.table.drain(bench.id())
            #expect(Files.text(of: bench.out) == "line 1\nline 2\nline 3\n")
            bench.table.detach(bench.id())
            #expect(Files.text(of: bench.out) == "line 1\nline 2\nline 3\nlast")
        }
    }

    @Test func `more than a pipe holds arrives whole`() throws {
        try withBench { bench in
            let program = try bench.shell("seq 1 60000; printf end")
            try bench.loop.turn(until: "it has ended") { program.hasEnded }
            bench.table.detach(bench.id())
            #expect(Files.lines(of: bench.out) == (1...60_000).map { "\($0)" } + ["end"])
        }
    }

    @Test func `the two streams go to two files`() throws {
        try withBench { bench in
            let ends = (out: try bench.attach(), error: try bench.attach(.error))
            try ends.out.descriptor.writeAll(Array("said\n".utf8))
            try ends.error.descriptor.writeAll(Array("complained\n".utf8))
            try bench.loop.turn(until: "both are read") { Files.exists(bench.out) && Files.exists(bench.error) }
            #expect(Files.text(of: bench.out) == "said\n")
            #expect(Files.text(of: bench.error) == "complained\n")
        }
    }

    @Test func `workers that share a file write whole lines in turn`() throws {
        try withBench { bench in
            // Each line comes in two parts, so that a turn of the loop often sees half of one.
            let programs = try ["first", "second"].enumerated().map { index, word in
                try bench.shell(
                    "i=0; while [ $i -lt 300 ]; do printf \(word)-; echo $i.; i=$((i+1)); done",
                    serial: UInt64(index + 1)
                )
            }
            try bench.loop.turn(until: "both have ended") { programs.count { $0.hasEnded } == 2 }
            for serial in [UInt64(1), 2] { bench.table.detach(bench.id(serial)) }
            let lines = Files.lines(of: bench.out)
            for word in ["first", "second"] {
                #expect(lines.filter { $0.hasPrefix(word) } == (0..<300).map { "\(word)-\($0)." })
            }
            #expect(lines.count == 600)
        }
    }

    @Test func `a worker that has ended may have left writers behind`() throws {
        try withBench { bench in
            let end = try bench.attach()
            try end.descriptor.writeAll(Array("its own\n".utf8))
            bench.table.drain(bench.id())
            try end.descriptor.writeAll(Array("its child's\n".utf8))
            try bench.loop.turn(until: "it is read") { Files.lines(of: bench.out).count == 2 }
            #expect(Files.text(of: bench.out) == "its own\nits child's\n")
        }
    }

    @Test func `a file that nobody fills any more is closed`() throws {
        try withBench { bench in
            let ends = (first: try bench.attach(), second: try bench.attach(serial: 2, slot: 1))
            try ends.first.descriptor.writeAll(Array("one\n".utf8))
            try bench.loop.turn(until: "it is written") { bench.holds(bench.out) }
            bench.table.detach(bench.id(1))
            #expect(bench.holds(bench.out))
            bench.table.detach(bench.id(2))
            #expect(!bench.holds(bench.out))
            // Again, for a worker that is not known any more, nothing happens.
            bench.table.detach(bench.id(2))
            bench.table.drain(bench.id(2))
        }
    }

    @Test func `the end of the last writer brings the line that has no newline`() throws {
        try withBench { bench in
            var end: SharedDescriptor? = try bench.attach()
            try end?.descriptor.writeAll(Array("one\nhalf".utf8))
            try bench.loop.turn(until: "it is written") { bench.holds(bench.out) }
            end = nil
            try bench.loop.turn(until: "the rest is written") { Files.text(of: bench.out) == "one\nhalf" }
            bench.table.detach(bench.id())
            #expect(Files.text(of: bench.out) == "one\nhalf")
            #expect(!bench.holds(bench.out))
        }
    }

    @Test func `pipes do not stay open`() throws {
        try withBench { bench in
            let program = try bench.shell("echo one", errors: true)
            try bench.loop.turn(until: "it has ended") { program.hasEnded }
            bench.table.detach(bench.id())
            let end = try bench.attach(serial: 2)
            bench.table.detach(bench.id(2))
            // Nobody can read what is written now: its last reader has gone.
            try SignalMask.ignoreBrokenPipes()
            let error = #expect(throws: SystemError.self) { try end.descriptor.writeAll(Array("x".utf8)) }
            #expect(error?.errno == .brokenPipe)
        }
    }

    @Test func `files that were moved away are opened again on request`() throws {
        try withBench { bench in
            let end = try bench.attach()
            try end.descriptor.writeAll(Array("one\n".utf8))
            bench.table.drain(bench.id())
            #expect(rename(bench.out, bench.out + ".1") == 0)
            try end.descriptor.writeAll(Array("two\n".utf8))
            bench.table.drain(bench.id())
            bench.table.reopen()
            try end.descriptor.writeAll(Array("three\n".utf8))
            bench.table.drain(bench.id())
            #expect(Files.text(of: bench.out + ".1") == "one\ntwo\n")
            #expect(Files.text(of: bench.out) == "three\n")
        }
    }

    @Test func `a file that cannot be written is told, and no worker waits for it`() throws {
        try withBench { bench in
            _ = try bench.attach(.error).number
            try Files.makeFolder(bench.out.replacing("/web-out.log", with: ""))
            try Files.makeFolder(bench.out)
            let end = try bench.attach()
            try end.descriptor.writeAll(Array("waits\n".utf8))
            bench.table.drain(bench.id())
            #expect(bench.noticed == ["\(bench.out) fails"])
            #expect(bench.table.trouble(bench.spec)?.errno == .isDirectory)
            Files.remove(bench.out)
            try end.descriptor.writeAll(Array("too\n".utf8))
            try bench.loop.turn(until: "it is written") { Files.text(of: bench.out) == "waits\ntoo\n" }
            #expect(bench.noticed.last == "\(bench.out) works, 0 bytes lost")
            #expect(bench.table.trouble(bench.spec) == nil && bench.table.loss(bench.spec) == LogLoss())
        }
    }

    @Test func `each line of a worker begins with the stamp of its app`() throws {
        try withBench { bench in
            bench.spec.logs.format = .stamped(LogDateFormat(text: "[noon]", tokens: [.literal("noon")]))
            let end = try bench.attach()
            try end.descriptor.writeAll(Array("one\ntwo\n".utf8))
            bench.table.detach(bench.id())
            #expect(Files.text(of: bench.out) == "noon: one\nnoon: two\n")
        }
    }

    @Test func `a file has the name of its app and stream, or the one that is asked for`() throws {
        try withBench { bench in
            var paths: [String] { bench.table.places(bench.spec).all.map(\.path) }
            #expect(paths == [bench.out, bench.error])
            bench.spec.logs.outFile = "/var/log/one.log"
            bench.spec.logs.errorFile = "/var/log/two"
            bench.spec.logs.combinedFile = "/var/log/all.log"
            #expect(paths == ["/var/log/one.log", "/var/log/all.log", "/var/log/two"])
            bench.spec.logs.isMerged = false
            bench.spec.instances = 2
            let first = ["/var/log/one-0.log", "/var/log/all-0.log", "/var/log/two-0"]
            #expect(paths == first + ["/var/log/one-1.log", "/var/log/all-1.log", "/var/log/two-1"])
            bench.spec.logs.errorFile = "/dev/null"
            #expect(paths.count { $0 == "/dev/null" } == 2)
            bench.spec.logs.target = .journald
            #expect(paths == [])
        }
    }

    @Test func `both streams may go to one file`() throws {
        try withBench { bench in
            bench.spec.logs.outFile = bench.out
            bench.spec.logs.errorFile = bench.out
            let ends = (out: try bench.attach(), error: try bench.attach(.error))
            for (end, text) in [(ends.out, "one\n"), (ends.error, "two\n"), (ends.out, "three\n")] {
                try end.descriptor.writeAll(Array(text.utf8))
                bench.table.drain(bench.id())
            }
            #expect(Files.text(of: bench.out) == "one\ntwo\nthree\n")
            bench.table.detach(bench.id())
            #expect(!bench.holds(bench.out))
        }
    }
}
