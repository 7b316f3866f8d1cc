import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

/// The bad versions and the bad moments that a supervisor's tests need.
@Suite(.timeLimit(.minutes(1)))
struct FaultTests {
    @Test(arguments: [("exit", Ending.exited(1)), ("abort", .killed(SIGABRT)), ("segv", .killed(SIGSEGV))])
    func `a crash is a real one`(mode: String, ending: Ending) throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--allow-faults"], on: try Listening(), folder: folder)
        #expect(try get(worker.port, "/crash?mode=nothing").status == 400)
        #expect(throws: Client.Closed.self) { try get(worker.port, "/crash?mode=\(mode)") }
        #expect(try worker.child.waitForEnd() == ending)
    }

    @Test func `a hang stops the signs of life`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(
            ["--allow-faults"],
            environment: ["WATCHDOG_USEC": "300000"],
            on: try Listening(),
            folder: folder
        )
        func pings() -> Int { worker.notify.messages().count { $0 == "WATCHDOG=1" } }
        _ = try eventually("three signs of life") { pings() >= 3 ? true : nil }
        let client = try Client(port: worker.port)
        try client.send("GET /crash?mode=hang HTTP/1.1\r\nHost: t\r\n\r\n")
        // A ping every 100 ms while it lives: three quiet intervals in a row are a hang.
        var seen = pings()
        var quietSince = MonotonicTime.now()
        _ = try eventually("silence") {
            let now = pings()
            if now != seen { (seen, quietSince) = (now, .now()) }
            return MonotonicTime.now() - quietSince > .milliseconds(400) ? true : nil
        }
        worker.child.signal(SIGTERM)
        #expect(worker.child.poll() == nil)
    }

    @Test func `a leak is in memory`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--allow-faults"], on: try Listening(), folder: folder)
        func resident() throws -> Int64 {
            guard case .integer(let bytes)? = try get(worker.port, "/api/health").json["memory"]?["rss"] else {
                return 0
            }
            return bytes
        }
        let before = try resident()
        #expect(try get(worker.port, "/crash?mode=leak&mb=40").json["leaked"] == .integer(40))
        #expect(try resident() - before >= 40 << 20)
        #expect(try get(worker.port, "/crash?mode=leak&mb=0").status == 400)
    }

    @Test func `a slow start is not ready before its time`() throws {
        let folder = try ScratchFolder()
        let begin = MonotonicTime.now()
        let worker = try APIWorker(["--allow-faults", "--boot-delay-ms", "400"], on: try Listening(), folder: folder)
        #expect(MonotonicTime.now() - begin >= .milliseconds(400))
        #expect(worker.notify.messages().first == "STATUS=starting")
    }

    @Test func `a worker that is asked to leave during its start leaves`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(
            ["--allow-faults", "--boot-delay-ms", "60000"],
            on: try Listening(),
            folder: folder,
            waitsUntilReady: false
        )
        try worker.notify.wait(for: "STATUS=starting")
        #expect(try worker.child.terminate() == .exited(0))
        #expect(!worker.notify.messages().contains { $0.hasPrefix("READY") })
    }

    @Test func `a version that dies after it was ready`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--allow-faults", "--fail-after-ms", "200"], on: try Listening(), folder: folder)
        #expect(try get(worker.port, "/health").status == 200)
        #expect(try worker.child.waitForEnd() == .exited(1))
    }

    @Test func `a version that never gets ready accepts nothing and leaves when asked`() throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        let worker = try APIWorker(
            ["--allow-faults", "--never-ready"],
            on: listening,
            folder: folder,
            waitsUntilReady: false
        )
        try worker.notify.wait(for: "STATUS=starting")
        let client = try Client(port: listening.port)
        try client.send("GET /health HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(throws: TimedOut.self) { try client.receive(within: .milliseconds(500)) }
        #expect(try worker.child.terminate() == .exited(0))
        #expect(!worker.notify.messages().contains { $0.hasPrefix("READY") })
        // The request was not touched: the next worker has it.
        let next = try APIWorker(on: listening, folder: folder, name: "next")
        #expect(try client.receive().status == 200)
        #expect(try next.child.terminate() == .exited(0))
    }

    @Test func `a version that does not listen to TERM`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--allow-faults", "--ignore-term"], on: try Listening(), folder: folder)
        worker.child.signal(SIGTERM)
        worker.child.signal(SIGINT)
        for _ in 0..<20 { #expect(try get(worker.port, "/health").status == 200) }
        #expect(worker.child.poll() == nil)
        #expect(!worker.notify.messages().contains { $0.hasPrefix("STOPPING") })
    }

    @Test func `a worker whose log has no reader goes on`() throws {
        let folder = try ScratchFolder()
        let notify = try NotifySocket(folder)
        let listening = try Listening()
        let child = try Child(
            "/bin/sh",
            ["-c", #"exec "$0" >/dev/full"#, try Child.product("koomy-api")],
            environment: ["NOTIFY_SOCKET": notify.path],
            listeners: [(listening.socket, "http")],
            folder: folder
        )
        try notify.wait(for: "READY=1")
        #expect(try get(listening.port, "/health").status == 200)
        #expect(try child.terminate() == .exited(0))
    }

    @Test func `no descriptors left is waited out, and the queue is not lost`() throws {
        let folder = try ScratchFolder()
        let notify = try NotifySocket(folder)
        let listening = try Listening()
        let child = try Child(
            "/bin/sh",
            ["-c", #"ulimit -n 160; exec "$0""#, try Child.product("koomy-api")],
            environment: ["NOTIFY_SOCKET": notify.path],
            listeners: [(listening.socket, "http")],
            folder: folder
        )
        try notify.wait(for: "READY=1")
        // More clients than connections fit: the rest wait until the first ones go.
        var clients = try (0..<120).map { _ in try Client(port: listening.port) }
        for client in clients { try client.send("GET /health HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n") }
        while let client = clients.popLast() { #expect(try client.receive(within: .seconds(20)).status == 200) }
        #expect(try child.terminate() == .exited(0))
    }
}
