import CKoomyLinux
import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

/// The example of the worker contract, which is `GracefulServer` and nothing else.
@Suite(.timeLimit(.minutes(1)))
struct GracefulServerTests {
    private final class Example {
        let listening: Listening
        let notify: NotifySocket
        let child: Child
        let folder: ScratchFolder

        init(environment: [String: String] = [:], probe: Listening? = nil) throws {
            folder = try ScratchFolder()
            listening = try Listening()
            notify = try NotifySocket(folder)
            child = try Child(
                try Child.product("worker-example"),
                environment: ["NOTIFY_SOCKET": notify.path, "KOOMY_SLOT": "3"].merging(environment) { $1 },
                listeners: [(listening.socket, "http")] + (probe.map { [($0.socket, "probe")] } ?? []),
                folder: folder
            )
            try notify.wait(for: "READY=1")
        }

        func client() throws -> Client { try Client(port: listening.port) }
    }

    @Test func `requests on one connection are answered one after another`() throws {
        let example = try Example()
        let client = try example.client()
        for index in 0..<3 {
            let response = try client.get("/\(index)")
            #expect(response.body == "GET /\(index) in slot 3\n")
            #expect(!response.saysClose)
        }
        try client.send("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HT")
        #expect(try client.receive().body.hasPrefix("GET /a"))
        #expect(try client.receive().body.hasPrefix("GET /b"))
        try client.send("TP/1.1\r\nConnection: close\r\n\r\n")
        let last = try client.receive()
        #expect(last.body.hasPrefix("GET /c"))
        #expect(last.saysClose)
        try client.waitForEnd()
    }

    @Test func `a client that has sent its last gets its answer`() throws {
        let example = try Example()
        let client = try example.client()
        try client.send("GET /last HTTP/1.1\r\n\r\n")
        _ = koomy_shutdown_writing(client.socket)
        #expect(try client.receive().body.hasPrefix("GET /last"))
        try client.waitForEnd()
    }

    @Test func `the probe listener is served as well`() throws {
        let probe = try Listening()
        let example = try Example(probe: probe)
        #expect(try get(probe.port, "/p").body.hasPrefix("GET /p"))
        #expect(try get(example.listening.port, "/q").body.hasPrefix("GET /q"))
        #expect(try example.child.terminate() == .exited(0))
    }

    @Test func `idle connections get their last answer after TERM`() throws {
        let example = try Example()
        let idle = try example.client()
        _ = try idle.get("/")
        example.child.signal(SIGTERM)
        try example.notify.wait(for: "STOPPING=1")
        let last = try idle.get("/again")
        #expect(last.body.hasPrefix("GET /again"))
        #expect(last.saysClose)
        try idle.waitForEnd()
        _ = koomy_shutdown_writing(idle.socket)
        #expect(try example.child.waitForEnd(within: .seconds(1)) == .exited(0))
    }

    @Test func `a request that is half sent at TERM is answered when it is whole`() throws {
        let example = try Example()
        let client = try example.client()
        _ = try client.get("/")
        try client.send("GET /slow HTTP/1.1\r\nX: ")
        // Another answer on a later connection: what was sent before has been read.
        for _ in 0..<3 { #expect(try get(example.listening.port, "/").status == 200) }
        let begin = MonotonicTime.now()
        example.child.signal(SIGTERM)
        let isKept = try eventually("the linger to be over") { () -> Bool? in
            if try client.hasEnded() { return false }
            return MonotonicTime.now() > begin + .milliseconds(2_600) ? true : nil
        }
        #expect(isKept)
        try client.send("1\r\n\r\n")
        #expect(try client.receive().saysClose)
        try client.waitForEnd()
        #expect(try example.child.waitForEnd() == .exited(0))
    }

    @Test func `a worker without connections leaves at once`() throws {
        let example = try Example()
        let begin = MonotonicTime.now()
        #expect(try example.child.terminate() == .exited(0))
        #expect(MonotonicTime.now() - begin < .seconds(2))
    }

    @Test func `signs of life come as often as they are wanted`() throws {
        let example = try Example(environment: ["WATCHDOG_USEC": "150000"])
        _ = try eventually("five signs of life") {
            example.notify.messages().count { $0 == "WATCHDOG=1" } >= 5 ? true : nil
        }
        #expect(try example.child.terminate() == .exited(0))
    }

    @Test func `what is no request takes the server nowhere`() throws {
        let example = try Example()
        let rude = try example.client()
        // Over a mebibyte without an end: the connection is dropped, and nothing else.
        do {
            for _ in 0..<40 { try rude.send(String(repeating: "x", count: 40_000)) }
            try rude.waitForEnd()
        } catch is Client.Closed {}
        #expect(try get(example.listening.port, "/").status == 200)
    }

    @Test func `a client that does not read does not hold the others up`() throws {
        let example = try Example()
        let stuck = try example.client()
        let request = "GET /\(String(repeating: "y", count: 4_000)) HTTP/1.1\r\n\r\n"
        // Far more answers than the socket buffers hold.
        for _ in 0..<200 {
            guard (try? stuck.send(String(repeating: request, count: 5), within: .milliseconds(200))) != nil else {
                break
            }
        }
        for _ in 0..<10 { #expect(try get(example.listening.port, "/").status == 200) }
    }

    @Test func `a signal during the start is not forgotten`() throws {
        let example = try Example()
        example.child.signal(SIGINT)
        #expect(try example.child.waitForEnd() == .exited(0))
        #expect(example.notify.messages().contains("STOPPING=1"))
    }
}
