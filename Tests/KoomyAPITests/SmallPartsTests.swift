import KoomyWorker
import Synchronization
import Testing

@testable import koomy_api

struct SmallPartsTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"), (1_795_172_008_123, "2026-11-20T10:53:28.123Z"),
    ])
    func `times are written as RFC 3339 has them`(milliseconds: Int64, text: String) {
        #expect(WallClock(milliseconds: milliseconds).text == text)
    }

    @Test(arguments: 0..<20) func `timers come in the order of their deadlines`(seed: Int) {
        var queue = TimerQueue<Int>()
        var value = seed * 7_919 + 1
        var deadlines: [Int64] = []
        for index in 0..<200 {
            value = value &* 1_103_515_245 &+ 12_345
            let deadline = Int64(value >> 16 & 0x3FF)
            deadlines.append(deadline)
            queue.add(index, at: MonotonicTime(nanoseconds: deadline))
        }
        #expect(queue.nextDeadline?.nanoseconds == deadlines.min())
        #expect(queue.next(at: MonotonicTime(nanoseconds: -1)) == nil)
        var order: [Int64] = []
        while let index = queue.next(at: MonotonicTime(nanoseconds: 2_000)) { order.append(deadlines[index]) }
        #expect(order == deadlines.sorted())
        #expect(queue.nextDeadline == nil)
    }

    @Test func `a lane performs everything in order and refuses what is too much`() throws {
        let mailbox = try #require(Mailbox<Int>())
        let gate = Mutex(false)
        let lane = try #require(
            Lane<Int>(limit: 3) { jobs in
                while !gate.withLock({ $0 }) {}
                for job in jobs { mailbox.post(job) }
            }
        )
        #expect(lane.submit(0))
        // The thread holds the first; three more may wait.
        var accepted = 1
        for job in 1..<100 where lane.submit(job) { accepted += 1 }
        #expect((3...5).contains(accepted))
        gate.withLock { $0 = true }
        var received: [Int] = []
        _ = try eventually("the jobs") {
            received += mailbox.takeAll()
            return received.count == accepted ? true : nil
        }
        #expect(received == received.sorted())
    }

    @Test(arguments: [
        (200, 10.0, "INFO"), (200, 500.0, "INFO"), (404, 500.1, "WARN"), (200, 1_000.1, "SLOW"), (500, 1.0, "ERROR"),
        (503, 9_999.0, "ERROR"),
    ])
    func `a request has a level`(status: UInt32, milliseconds: Double, level: String) {
        #expect(RequestLog.Level(status: status, milliseconds: milliseconds).rawValue == level)
    }

    @Test func `a dependency that refuses is down and one that does not answer is too slow`() throws {
        let free = try Listening()
        let port = free.port
        let open = Dependency(name: "a", isCritical: true, kind: .tcp(host: "127.0.0.1", port: String(port)))
        #expect(open.check(timeout: .seconds(5)) == .up)
        let closed = Dependency(name: "a", isCritical: true, kind: .tcp(host: "127.0.0.1", port: "1"))
        #expect(closed.check(timeout: .seconds(5)) == .down("Connection refused"))
        let nobody = Dependency(name: "a", isCritical: true, kind: .tcp(host: "no.such.name.invalid", port: "1"))
        guard case .down = nobody.check(timeout: .seconds(5)) else {
            Issue.record("a name that does not exist is down")
            return
        }
    }
}
