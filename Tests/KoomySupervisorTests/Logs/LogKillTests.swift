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

    /// Says what is wrong with `app-out.log`, compared with what the writers wrote.
    ///
    /// Each line of a stamped log is there at least once, and nothing comes before what was written before it, but for
    /// what a kill had repeated.
    private static let judge = """
        import glob, sys
        stamped = sys.argv[1] == "true"
        lines = open("app-out.log", "rb").read().split(b"\\n")
        if lines.pop() != b"": print("the last line has no end")
        count = 0
        for path in sorted(glob.glob("truth.*")):
            name = path[-1].encode()
            truth = open(path, "rb").read().split(b"\\n")[:-1]
            if not stamped:
                mine = [line for line in lines if line[:1] == name]
                count += len(mine)
                if mine != truth: print(f"{path}: {len(truth)} were written, {len(mine)} are there, or others")
                continue
            texts = [line.split(b": ", 1)[-1] for line in lines]
            places = {text: place for place, text in enumerate(truth)}
            next = 0
            for text in texts:
                place = places.get(text)
                if place is None: continue
                if place > next: print(f"{path}: {truth[next][:40]} is missing")
                next = place + 1
            if next < len(truth): print(f"{path}: the end is missing from {truth[next][:40]}")
        if not stamped and count != len(lines): print("there are strange lines")
        if len(lines) < 500: print(f"only {len(lines)} lines")
        """

    private struct Worker {
        let ends: (readEnd: SharedDescriptor, writeEnd: SharedDescriptor)
        let program: Program
    }

    private func kill(
        workers names: [String],
        rounds: Int,
        stamped isStamped: Bool = false,
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
                    [try Binaries.path("logpump")] + (isStamped ? ["--stamped"] : []) + [files.path]
                        + numbers.map { "\($0)" },
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
            let judged = try Command.run(["python3", "-c", Self.judge, "\(isStamped)"], folder: files.path)
            #expect(judged.code == 0 && judged.out == "", "\(judged)")
        }
    }

    @Test func `one worker: each byte is there once`() throws { try kill(workers: ["a"], rounds: 200) }

    @Test func `one worker, and lines that no pipe holds: each byte is there once`() throws {
        try kill(workers: ["a"], rounds: 100, longest: 700_000)
    }

    @Test func `workers that share a file: each line is there once, and none is mixed`() throws {
        try kill(workers: ["a", "b", "c"], rounds: 200)
    }

    @Test func `stamped: each line is there at least once, and in order`() throws {
        try kill(workers: ["a", "b"], rounds: 200, stamped: true)
    }
}
