import Glibc
import TestSupport
import Testing

@testable import koomyctl

/// A follower and a writer at the same time: what is written between two of the follower's steps is not lost.
@Suite struct LogTailRaceTests {
    /// What the writer's thread does.
    private final class Job {
        let writer: LogWriter
        let rotations: Int

        init(_ writer: LogWriter, rotations: Int) {
            self.writer = writer
            self.rotations = rotations
        }

        func run() {
            for turn in 0..<rotations {
                for _ in 0...turn % 5 * 10 { writer.write() }
                try? writer.rotate(inSameSecond: turn % 2 == 0)
            }
            writer.write("end")
        }
    }

    /// Does the job in a thread of its own while the body runs.
    private func whileDoing(_ job: Job, _ body: () -> Void) throws {
        var made = pthread_t()
        let failure = pthread_create(
            &made,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(job).toOpaque()
        )
        try #require(failure == 0)
        body()
        pthread_join(made, nil)
    }

    // What is raced for is a matter of microseconds: one attempt rarely meets it.
    @Test(arguments: 1...5)
    func `each line comes once while a writer puts files aside as fast as it can`(attempt: Int) throws {
        try Workspace.with { files in
            let writer = try LogWriter(files("log"))
            writer.write()
            let plan = try LogPlan(of: writer.path, count: 20, LineFilter(), .raw, follows: true)
            var problems: [LogFileProblem] = []
            let tail = LogTail(plan) { problems.append($0) }
            var shown: [String] = []
            let limit = ContinuousClock.now + .seconds(60)
            try whileDoing(Job(writer, rotations: 600)) {
                while shown.last?.hasSuffix("end") != true, ContinuousClock.now < limit {
                    while let entry = tail.next() { shown.append(String(decoding: entry.piece.bytes, as: UTF8.self)) }
                }
            }
            #expect(
                shown.count == 12_602 && shown == writer.lines,
                "attempt \(attempt): \(shown.count) of \(writer.lines.count)"
            )
            #expect(problems == [])
        }
    }
}
