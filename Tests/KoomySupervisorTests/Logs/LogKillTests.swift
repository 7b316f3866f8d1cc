import Glibc
import KoomyModel
import KoomySystem
import TestSupport
import Testing

/// What pumps carry to the log is killed again and again at instants of chance, while workers write.
@Suite(.serialized) struct LogKillTests {
    /// Writes numbered lines in pieces of all sizes to its output, and the same to a file, until it is told to stop.
    private static let writer = """
        import os, random, signal, sys, time
        name, longest = sys.argv[1], int(sys.argv[2])
        going = []
        signal.signal(signal.SIGTERM, lambda *_: going.append(False))
        dice, number, truth = random.Random(name), 0, open("truth." + name, "wb")
        while not going:
            lines = []
            for _ in range(dice.choice([1, 5, 2000])):
                size = longest if dice.random() < 0.003 else dice.choice([0, 1, 30, 100, 300])
                lines.append(f"{name}{number} {name * size}\\n".encode())
                number += 1
            data = memoryview(b"".join(lines))
            truth.write(data)
            while data: data = data[os.write(1, data[:dice.choice([1, 50, 4096, 100000, 1000000])]):]
            time.sleep(dice.choice([0, 0.001, 0.003]))
        """

    /// Says what is wrong with a log, compared with what the writers wrote: each line is there once, and those of each
    /// writer are in order.
    private static let judge = """
        import glob, json, sys
        log, kind = sys.argv[1:]
        lines = open(log, "rb").read().split(b"\\n")
        if lines.pop() != b"": print("the last line has no end")
        if kind == "stamped": lines = [line.split(b": ", 1)[-1] for line in lines]
        if kind == "json":
            texts, parts = [], {}
            for line in lines:
                entry = json.loads(line)
                parts[entry["slot"]] = parts.get(entry["slot"], "") + entry["message"]
                if not entry.get("partial"): texts.append(parts.pop(entry["slot"]).encode())
            lines = texts
        count = 0
        for path in sorted(glob.glob("truth.*")):
            name = path[-1].encode()
            truth = open(path, "rb").read().split(b"\\n")[:-1]
            mine = [line for line in lines if line[:1] == name]
            count += len(mine)
            if mine == truth: continue
            print(f"{path}: {len(truth)} were written, {len(mine)} are there, or others")
            wrong = next((i for i, pair in enumerate(zip(mine, truth)) if pair[0] != pair[1]), min(len(mine), len(truth)))
            print([line[:30] for line in mine[wrong - 1:wrong + 2]], [line[:30] for line in truth[wrong - 1:wrong + 2]])
        if count != len(lines): print("there are strange lines")
        if len(lines) < 500: print(f"only {len(lines)} lines")
        """

    private struct Worker {
        let ends: (readEnd: SharedDescriptor, writeEnd: SharedDescriptor)
        let program: Program
    }

    private func kill(
        workers names: [String],
        rounds: Int,
        as kind: String = "raw",
        alsoTo both: String? = nil,
        longest: Int = 300
    ) throws {
        try Workspace.with { files in
            let workers = try names.map { name in
                let pipe = try Pipe()
                pipe.requestCapacity(256 << 10)
                let ends = pipe.shared()
                let program = try Program(
                    ["python3", "-c", Self.writer, name, "\(longest)"],
                    folder: files.path,
                    descriptors: [.init(ends.writeEnd.number, as: 1)]
                )
                return Worker(ends: ends, program: program)
            }
            @MainActor func pump() throws -> Program {
                let numbers = workers.indices.map { Int32(10 + $0) }
                return try Program(
                    [try Binaries.path("logpump")] + (kind == "raw" ? [] : ["--\(kind)"])
                        + (both == nil ? [] : ["--both"]) + [files.path] + numbers.map { "\($0)" },
                    descriptors: zip(workers, numbers).map { .init($0.ends.readEnd.number, as: $1) }
                )
            }
            for _ in 0..<rounds {
                let program = try pump()
                try always(for: .microseconds(.random(in: 0...25_000)), "it pumps") { true }
                _ = try program.process.pidfd.signal(.kill)
                try eventually("the pump is dead") { program.hasEnded }
            }
            let last = try pump()
            for worker in workers { _ = try worker.program.process.pidfd.signal(.terminate) }
            try eventually("the writers have ended") { workers.allSatisfy { $0.program.hasEnded } }
            let sizes = { try workers.map { try $0.ends.readEnd.descriptor.readableSize() } }
            try eventually("the pipes are empty") { try sizes().allSatisfy { $0 == 0 } }
            _ = try last.process.pidfd.signal(.kill)
            for log in ["app-out.log", both].compactMap({ $0 }) {
                let judged = try Command.run(["python3", "-c", Self.judge, log, kind], folder: files.path)
                #expect(judged.code == 0 && judged.out == "", "\(log): \(judged)")
            }
        }
    }

    @Test func `one worker: each byte is there once`() throws { try kill(workers: ["a"], rounds: 200) }

    @Test func `one worker, and lines that no pipe holds: each byte is there once`() throws {
        try kill(workers: ["a"], rounds: 100, longest: 700_000)
    }

    @Test func `workers that share a file: each line is there once, and none is mixed`() throws {
        try kill(workers: ["a", "b", "c"], rounds: 200)
    }

    @Test(arguments: ["stamped", "json"])
    func `lines that are changed on their way are there once, and in order`(_ kind: String) throws {
        try kill(workers: ["a", "b"], rounds: 200, as: kind)
    }

    @Test(arguments: ["stamped", "json"])
    func `so are pieces of lines that no pipe holds`(_ kind: String) throws {
        try kill(workers: ["a"], rounds: 100, as: kind, longest: 700_000)
    }

    @Test(arguments: ["raw", "stamped"])
    func `each of two files has every line once`(_ kind: String) throws {
        try kill(workers: ["a", "b"], rounds: 200, as: kind, alsoTo: "both.log")
    }
}
