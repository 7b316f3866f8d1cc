import CKoomyLinux
import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

@Suite(.timeLimit(.minutes(1)))
struct ReadinessTests {
    /// A listener that accepts nothing and has no room left: connecting to it waits (listen(2)).
    private final class Mute {
        let listening: Int32
        let port: UInt16
        private var waiting: [Int32] = []

        init() throws {
            listening = koomy_worker_listen_tcp("127.0.0.1", 0, 0)
            var address = koomy_address()
            try #require(koomy_local_address(listening, &address) >= 0)
            port = UInt16(koomy_address_port(&address))
            for _ in 0..<4 {
                let socket = koomy_socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
                _ = koomy_connect(socket, &address)
                waiting.append(socket)
            }
            // Once the queue is full a further connection stays half-open.
            _ = try eventually("a full queue") {
                koomy_worker_try_connect("127.0.0.1", String(port), 200) == -ETIMEDOUT ? true : nil
            }
        }

        deinit { for socket in waiting + [listening] { _ = koomy_close(socket) } }
    }

    @Test func `everything up is 200`() throws {
        let folder = try ScratchFolder()
        let other = try Listening()
        let worker = try APIWorker(
            ["--database", folder.file("db"), "--dependency", "mail=tcp://127.0.0.1:\(other.port),critical"],
            on: try Listening(),
            folder: folder
        )
        let ready = try get(worker.port, "/api/ready")
        #expect(ready.status == 200)
        #expect(ready.json["status"] == "ready")
        #expect(ready.json["checks"] == ["database": "up", "disk": "up", "mail": "up"])
        #expect(ready.json["memory"]?["rss"] != nil)
        #expect(ready.json["uptime"] != nil)
        #expect(ready.json["responseTime"] != nil)
    }

    @Test func `a critical dependency that is down is 503, another one is not`() throws {
        let folder = try ScratchFolder()
        let critical = try APIWorker(
            ["--dependency", "mail=tcp://127.0.0.1:1,critical"],
            on: try Listening(),
            folder: folder,
            name: "a"
        )
        let response = try get(critical.port, "/api/ready")
        #expect(response.status == 503)
        #expect(response.json["status"] == "unavailable")
        #expect(response.json["checks"] == ["mail": "down"])
        // Health is about this process and its database.
        #expect(try get(critical.port, "/api/health").status == 200)

        let optional = try APIWorker(
            ["--dependency", "mail=tcp://127.0.0.1:1"],
            on: try Listening(),
            folder: folder,
            name: "b"
        )
        let degraded = try get(optional.port, "/api/ready")
        #expect(degraded.status == 200)
        #expect(degraded.json["status"] == "degraded")
    }

    @Test func `checks that are too slow are 408, and run beside each other`() throws {
        let folder = try ScratchFolder()
        let mute = try Mute()
        let dependencies = (0..<3).flatMap { ["--dependency", "slow\($0)=tcp://127.0.0.1:\(mute.port),critical"] }
        let worker = try APIWorker(["--check-timeout", "700ms"] + dependencies, on: try Listening(), folder: folder)
        let begin = MonotonicTime.now()
        let clients = try (0..<10).map { _ in try Client(port: worker.port) }
        for client in clients { try client.send("GET /api/ready HTTP/1.1\r\nHost: t\r\n\r\n") }
        // Slow checks do not hold other requests up.
        #expect(try get(worker.port, "/health").status == 200)
        #expect(MonotonicTime.now() - begin < .milliseconds(700))
        for client in clients {
            let response = try client.receive()
            #expect(response.status == 408)
            #expect(response.json["status"] == "timeout")
            #expect(response.json["checks"] == ["slow0": "timeout", "slow1": "timeout", "slow2": "timeout"])
        }
        #expect(MonotonicTime.now() - begin < .seconds(4))
    }

    @Test func `what is down counts more than what is slow`() throws {
        let folder = try ScratchFolder()
        let mute = try Mute()
        let worker = try APIWorker(
            [
                "--check-timeout", "300ms", "--dependency", "slow=tcp://127.0.0.1:\(mute.port),critical",
                "--dependency", "down=tcp://127.0.0.1:1,critical",
            ],
            on: try Listening(),
            folder: folder
        )
        #expect(try get(worker.port, "/api/ready").status == 503)
    }

    @Test func `a disk that is too full is down`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(
            ["--database", folder.file("db"), "--minimum-disk", "1000000000"],
            on: try Listening(),
            folder: folder
        )
        let response = try get(worker.port, "/api/ready")
        #expect(response.status == 503)
        #expect(response.json["checks"] == ["database": "up", "disk": "down"])
    }

    @Test(arguments: ["NODE_ENV", "KOOMY_ENV"])
    func `the verbose form does not exist in production`(variable: String) throws {
        let folder = try ScratchFolder()
        let production = try APIWorker(
            environment: [variable: "production"],
            on: try Listening(),
            folder: folder,
            name: "a"
        )
        #expect(try get(production.port, "/api/ready/verbose").status == 404)
        #expect(try get(production.port, "/api/ready").status == 200)
        let test = try APIWorker(
            ["--database", folder.file("db")],
            environment: [variable: "test", "KOOMY_SLOT": "1", "KOOMY_APP": "shop"],
            on: try Listening(),
            folder: folder,
            name: "b"
        )
        let verbose = try get(test.port, "/api/ready/verbose")
        #expect(verbose.status == 200)
        #expect(verbose.json["checks"]?["database"]?["critical"] == true)
        #expect(verbose.json["process"]?["slot"] == .integer(1))
        #expect(verbose.json["process"]?["app"] == "shop")
        #expect(verbose.json["process"]?["pid"] == .integer(test.child.pid))
    }
}
