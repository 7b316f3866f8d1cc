import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Counting the connections of workers that leave, with a real program that accepts.
struct DrainWatchTests {
    private final class Told {
        var counts: [WorkerID: [Int?]] = [:]
    }

    private static let server = [
        "import socket",
        "listener = socket.socket(fileno=3)",
        "kept = []",
        "while True: kept.append(listener.accept()[0])",
    ]

    private func id(_ serial: UInt64) throws -> WorkerID { WorkerID(app: try #require(AppName("a")), serial: serial) }

    @Test func `it looks while somebody leaves and not otherwise`() throws {
        let loop = try EventLoop()
        let listener = try InheritedListener()
        let program = try listener.start(["python3", "-c", Self.server.joined(separator: "\n")])
        let (worker, stranger) = (try id(1), try id(2))
        let told = Told()
        let watch = DrainWatch(
            loop: loop,
            subject: { id in
                id == worker
                    ? ConnectionCensus.Subject(mark: program.mark, addresses: [.port(listener.port)])
                    : ConnectionCensus.Subject(mark: program.mark, addresses: [])
            },
            otherRoots: { [] },
            report: { told.counts[$0, default: []].append($1) }
        )
        #expect(watch.isIdle)
        watch.watch(worker)
        watch.watch(stranger)
        try loop.turn(until: "both are told of") { told.counts.count == 2 }
        #expect(told.counts == [worker: [0], stranger: [nil]])
        #expect(watch.count(worker) == DrainWatch.Count(connections: 0, oldest: nil))
        #expect(watch.count(stranger) == nil)

        let first = try Connection(to: .tcp(listener.port))
        try loop.turn(until: "it is counted") { told.counts[worker]?.last == 1 }
        let second = try Connection(to: .tcp(listener.port))
        try loop.turn(until: "both are counted") { told.counts[worker]?.last == 2 }
        // The first was seen half a second before the second.
        let oldest = try #require(watch.count(worker)?.oldest)
        #expect(oldest >= .milliseconds(400))
        // What has not changed is not told again.
        #expect(told.counts == [worker: [0, 1, 2], stranger: [nil]])

        watch.forget(worker)
        #expect(!watch.isIdle && watch.count(worker) == nil)
        watch.forget(stranger)
        #expect(watch.isIdle)
        withExtendedLifetime((first, second)) {}
    }
}
