import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

@Suite(.timeLimit(.minutes(1)))
struct RouteTests {
    @Test func `the health routes say what they are asked`() throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        let worker = try APIWorker(
            ["--version-label", "1.3.6"],
            environment: ["GIT_SHA": "abc123", "GIT_SOURCE": "ci"],
            on: listening,
            folder: folder
        )
        let plain = try get(worker.port, "/health")
        #expect(plain.status == 200)
        #expect(plain.json["ok"] == true)
        #expect(plain.json["timestamp"]?.text?.hasSuffix("Z") == true)
        #expect(plain.headers["content-type"] == "application/json")

        let health = try get(worker.port, "/api/health")
        #expect(health.status == 200)
        #expect(health.json["status"] == "healthy")
        #expect(health.json["server"] == "koomy-api")
        #expect(health.json["version"] == "1.3.6")
        #expect(health.json["git"] == ["sha": "abc123", "source": "ci"])
        #expect(health.json["database"] == "none")
        guard case .number(let uptime)? = health.json["uptime"],
            case .integer(let memory)? = health.json["memory"]?["rss"]
        else {
            Issue.record("no uptime or memory in \(health.body)")
            return
        }
        #expect(uptime > 0 && uptime < 60)
        #expect(memory > 1 << 20)
        #expect(try worker.child.terminate() == .exited(0))
    }

    @Test func `what is unknown is 404 and what is not done is 405`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        for path in ["/", "/nothing", "/health/", "/crash", "/api/ready/verbose/x"] {
            let response = try get(worker.port, path)
            #expect(response.status == 404)
            #expect(response.json["error"]?["code"] == "not_found")
        }
        let client = try Client(port: worker.port)
        for (method, path, allow) in [
            ("POST", "/health", "GET, HEAD"), ("DELETE", "/work", "GET, HEAD"), ("PUT", "/api/webhooks/stripe", "POST"),
            ("OPTIONS", "/api/ready", "GET, HEAD"),
        ] {
            try client.send("\(method) \(path) HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody")
            let response = try client.receive()
            #expect(response.status == 405)
            #expect(response.headers["allow"] == allow)
        }
        // The bodies were read, so the connection still works.
        #expect(try client.get("/health").status == 200)
    }

    @Test func `HEAD has the head of GET and no body`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let client = try Client(port: worker.port)
        try client.send("HEAD /health HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        var text = ""
        _ = try eventually("the end") {
            do {
                _ = try client.receive(within: .zero)
                return true
            } catch let closed as Client.Closed {
                text = "\(closed.received)"
                return true
            } catch { return nil }
        }
        // Content-Length names bytes that do not come: the end is reached with the head alone.
        #expect(Int(text).map { $0 > 100 && $0 < 300 } == true)
    }

    @Test func `work sleeps without holding others up`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let begin = MonotonicTime.now()
        let sleepers = try (0..<50).map { _ in try Client(port: worker.port) }
        for sleeper in sleepers { try sleeper.send("GET /work?ms=1500 HTTP/1.1\r\nHost: t\r\n\r\n") }
        #expect(try get(worker.port, "/health").status == 200)
        #expect(MonotonicTime.now() - begin < .milliseconds(1_500))
        for sleeper in sleepers { #expect(try sleeper.receive().json["worked"] == .integer(1_500)) }
        let took = MonotonicTime.now() - begin
        #expect(took >= .milliseconds(1_500) && took < .seconds(10))
        #expect(try get(worker.port, "/work?ms=10&cpu=1").json["worked"] == .integer(10))
        #expect(try get(worker.port, "/work").json["worked"] == .integer(0))
        #expect(try get(worker.port, "/work?ms=%31%30").json["worked"] == .integer(10))
        for bad in ["/work?ms=-1", "/work?ms=x", "/work?ms="] { #expect(try get(worker.port, bad).status == 400) }
    }

    @Test func `a processor that is busy does not hold others up either`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let busy = try Client(port: worker.port)
        let begin = MonotonicTime.now()
        try busy.send("GET /work?ms=2000&cpu=1 HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(try get(worker.port, "/health").status == 200)
        #expect(MonotonicTime.now() - begin < .seconds(2))
        #expect(try busy.receive().status == 200)
    }

    @Test func `requests in one packet are answered in order`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let client = try Client(port: worker.port)
        try client.send(
            "GET /work?ms=50 HTTP/1.1\r\nHost: t\r\n\r\nGET /health HTTP/1.1\r\nHost: t\r\n\r\nGET /no HTTP/1.1\r\nHost: t\r\n\r\n"
        )
        #expect(try client.receive().json["worked"] == .integer(50))
        #expect(try client.receive().json["ok"] == true)
        #expect(try client.receive().status == 404)
    }

    @Test func `each request is one line of JSON with its level`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let agent = String(repeating: "agent/\"1\" ", count: 20)
        _ = try Client(port: worker.port).get("/health?secret=1", headers: "User-Agent: \(agent)\r\n")
        _ = try get(worker.port, "/work?ms=600")
        _ = try get(worker.port, "/work?ms=1100")
        _ = try get(worker.port, "/nothing%20here")
        try Client(port: worker.port).send("POST /api/webhooks/stripe HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
        let line = try worker.waitForLog("the webhook") { $0["path"] == "/api/webhooks/stripe" }
        #expect(line["level"] == "ERROR")
        #expect(line["status"] == .integer(503))
        let log = worker.log()
        let health = try #require(log.first { $0["path"] == "/health" })
        #expect(health["level"] == "INFO")
        #expect(health["method"] == "GET")
        #expect(health["status"] == .integer(200))
        #expect(health["userAgent"]?.text == String(agent.prefix(50)))
        #expect(health["timestamp"]?.text?.utf8.count == 24)
        #expect(log.filter { $0["path"] == "/work" }.map { $0["level"] } == ["WARN", "SLOW"])
        #expect(log.contains { $0["path"] == "/nothing%20here" && $0["status"] == .integer(404) })
        // Every line is JSON.
        #expect(contents(of: worker.child.output).split(separator: "\n").count == log.count)
    }

    @Test func `it answers on every listener, the probe included`() throws {
        let folder = try ScratchFolder()
        let probe = try Listening()
        let worker = try APIWorker(on: try Listening(), probe: probe, folder: folder)
        #expect(try get(worker.port, "/health").status == 200)
        #expect(try get(probe.port, "/health").status == 200)
        #expect(try worker.child.terminate() == .exited(0))
    }

    @Test func `garbage is answered with 400 and the others go on`() throws {
        let folder = try ScratchFolder()
        let worker = try APIWorker(on: try Listening(), folder: folder)
        let good = try Client(port: worker.port)
        for garbage in [
            "\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        ] {
            let client = try Client(port: worker.port)
            try client.send(garbage)
            do {
                let status = try client.receive().status
                #expect((400...505).contains(status))
            } catch is Client.Closed {}
        }
        let long = try Client(port: worker.port)
        try long.send("GET /\(String(repeating: "x", count: 40_000)) HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(try long.receive().status == 414)
        #expect(try good.get("/health").status == 200)
    }
}
