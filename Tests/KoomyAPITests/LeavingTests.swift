import CKoomyLinux
import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

@Suite(.timeLimit(.minutes(1)))
struct LeavingTests {
    @Test func `what is in flight is answered and says close`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let clients = try (0..<20).map { _ in try Client(port: worker.port) }
        for client in clients { try client.send("GET /work?ms=2500 HTTP/1.1\r\nHost: t\r\n\r\n") }
        try worker.waitUntilWaiting(20)
        worker.child.signal(SIGTERM)
        try worker.notify.wait(for: "STOPPING=1")
        for client in clients {
            let response = try client.receive()
            #expect(response.status == 200)
            #expect(response.saysClose)
            try client.waitForEnd()
        }
        #expect(try worker.child.waitForEnd() == .exited(0))
        _ = try worker.waitForLog("the end") { $0["message"] == "left" && $0["lateRequests"] == .integer(0) }
    }

    @Test func `an idle connection gets its last answer within the linger`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--drain-linger", "10s"], on: try Listening(), folder: folder)
        let idle = try Client(port: worker.port)
        #expect(try !idle.get("/health").saysClose)
        let fresh = try Client(port: worker.port)
        // Accepted for certain: the worker has answered something that came after it.
        #expect(try idle.get("/health").status == 200)
        worker.child.signal(SIGTERM)
        try worker.notify.wait(for: "STOPPING=1")
        for client in [idle, fresh] {
            let last = try client.get("/health")
            #expect(last.status == 200)
            #expect(last.saysClose)
            try client.waitForEnd()
        }
        // Nobody is left: the linger is not waited out.
        #expect(try worker.child.waitForEnd(within: .seconds(5)) == .exited(0))
    }

    @Test func `an idle connection is half-closed after the linger and the worker waits for the client`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--drain-linger", "300ms"], on: try Listening(), folder: folder)
        let idle = try Client(port: worker.port)
        _ = try idle.get("/health")
        let begin = MonotonicTime.now()
        worker.child.signal(SIGTERM)
        try idle.waitForEnd()
        #expect(MonotonicTime.now() - begin >= .milliseconds(300))
        // The client's side is open still; the worker reads what comes, and is not gone.
        #expect(worker.child.poll() == nil)
        _ = koomy_shutdown_writing(idle.socket)
        #expect(try worker.child.waitForEnd(within: .seconds(1)) == .exited(0))
    }

    @Test func `a client that never closes is left after its time`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--drain-linger", "100ms"], on: try Listening(), folder: folder)
        let idle = try Client(port: worker.port)
        _ = try idle.get("/health")
        #expect(try worker.child.terminate(within: .seconds(8)) == .exited(0))
        try idle.waitForEnd()
    }

    @Test func `a request that comes on a half-closed connection is counted and not acted upon`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(
            ["--drain-linger", "100ms", "--database", folder.file("db")],
            environment: ["STRIPE_WEBHOOK_SECRET": Stripe.secret],
            on: try Listening(),
            folder: folder
        )
        let idle = try Client(port: worker.port)
        _ = try idle.get("/health")
        worker.child.signal(SIGTERM)
        try idle.waitForEnd()
        try idle.send(Stripe.request(id: "evt_late"))
        #expect(try worker.child.waitForEnd() == .exited(0))
        _ = try worker.waitForLog("the count") { $0["lateRequests"] == .integer(1) }
        #expect(try Database(folder.file("db")).column("SELECT count(*) FROM webhook_events") == ["0"])
    }

    @Test func `a request that arrives slowly across the whole linger is answered`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(["--drain-linger", "200ms"], on: try Listening(), folder: folder)
        let slow = try Client(port: worker.port)
        try slow.send("GET /health HTTP/1.1\r\nHo")
        // The first line was read when the status says so.
        try worker.notify.wait(for: "STATUS=serving: 1 connections, 1 requests in flight", within: .seconds(10))
        worker.child.signal(SIGTERM)
        try worker.notify.wait(for: "STOPPING=1")
        let begin = MonotonicTime.now()
        let isKept = try eventually("the linger to be over") { () -> Bool? in
            if try slow.hasEnded() { return false }
            return MonotonicTime.now() > begin + .milliseconds(600) ? true : nil
        }
        #expect(isKept)
        try slow.send("st: t\r\n\r\n")
        let response = try slow.receive()
        #expect(response.status == 200)
        #expect(response.saysClose)
        #expect(try worker.child.waitForEnd() == .exited(0))
    }

    @Test func `what waits in the queue is left to the other workers`() throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        let worker = try APIWorker(["--drain-linger", "10s"], on: listening, folder: folder)
        let kept = try Client(port: worker.port)
        _ = try kept.get("/health")
        worker.child.signal(SIGTERM)
        try worker.notify.wait(for: "STOPPING=1")
        // From now on nobody accepts; a connection is made all the same, by the kernel.
        let queued = try Client(port: worker.port)
        try queued.send("GET /health HTTP/1.1\r\nHost: t\r\n\r\n")
        let next = try APIWorker(on: listening, folder: folder, name: "next")
        #expect(try queued.receive().status == 200)
        #expect(worker.child.poll() == nil)
        #expect(try kept.get("/health").saysClose)
        #expect(try worker.child.waitForEnd() == .exited(0))
        #expect(try next.child.terminate() == .exited(0))
    }

    @Test func `a worker alone with its own socket answers its queue before it leaves`() throws {
        let folder = try ScratchFolder()
        let notify = try NotifySocket(folder)
        let path = folder.file("api.sock")
        let child = try Child(
            try Child.product("koomy-api"),
            ["--listen", "unix:\(path)"],
            environment: ["NOTIFY_SOCKET": notify.path],
            folder: folder
        )
        try notify.wait(for: "READY=1")
        let load = try Load(["-c", "8", "-d", "0.5", "unix:\(path):/health"], folder: folder)
        let counts = try load.finish(within: .seconds(20))
        #expect(counts.failed == 0)
        #expect(try child.terminate() == .exited(0))
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `either signal means leaving, and a second one changes nothing`(
        number: Int32
    ) throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let client = try Client(port: worker.port)
        try client.send("GET /work?ms=2000 HTTP/1.1\r\nHost: t\r\n\r\n")
        try worker.waitUntilWaiting(1)
        worker.child.signal(number)
        try worker.notify.wait(for: "STOPPING=1")
        worker.child.signal(number)
        #expect(try client.receive().status == 200)
        #expect(try worker.child.waitForEnd() == .exited(0))
    }
}
