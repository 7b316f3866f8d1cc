import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

@Suite(.timeLimit(.minutes(2)))
struct WebhookTests {
    private func worker(
        _ folder: ScratchFolder,
        secret: String? = Stripe.secret,
        database: Bool = true
    ) throws -> APIWorker {
        try APIWorker(
            database ? ["--database", folder.file("db")] : [],
            environment: secret.map { ["STRIPE_WEBHOOK_SECRET": $0] } ?? [:],
            on: try Listening(),
            folder: folder
        )
    }

    private func send(_ request: String, to worker: APIWorker) throws -> Received {
        let client = try Client(port: worker.port)
        try client.send(request)
        return try client.receive()
    }

    @Test func `an event is on the disk before it is acknowledged, and once`() throws {
        let folder = try ScratchFolder()
        let worker = try worker(folder)
        let first = try send(Stripe.request(id: "evt_1", type: "invoice.paid"), to: worker)
        #expect(first.status == 200)
        #expect(first.json == ["received": true, "id": "evt_1", "duplicate": false])
        // Nothing is tidied up: what is there now was there at the answer.
        worker.child.signal(SIGKILL)
        #expect(try worker.child.waitForEnd() == .killed(SIGKILL))
        let database = try Database(folder.file("db"))
        #expect(try database.column("SELECT id || ' ' || type FROM webhook_events") == ["evt_1 invoice.paid"])
        #expect(try database.column("SELECT payload FROM webhook_events").first?.contains("inner") == true)

        let next = try self.worker(folder)
        let again = try send(Stripe.request(id: "evt_1", type: "invoice.paid"), to: next)
        #expect(again.status == 200)
        #expect(again.json["duplicate"] == true)
        #expect(try database.column("SELECT count(*) FROM webhook_events") == ["1"])
        let line = try next.waitForLog("the event") { $0["message"] == "webhook processed" }
        #expect(line["id"] == "evt_1")
        #expect(line["type"] == "invoice.paid")
        #expect(line["duration"] != nil)
        #expect(line["level"] == "INFO")
    }

    @Test func `what is not right is refused and not stored`() throws {
        let folder = try ScratchFolder()
        let worker = try worker(folder)
        let cases: [(String, Int, JSON)] = [
            (Stripe.post("{}", headers: ""), 400, "no_signature"),
            (Stripe.post("{}", headers: "Stripe-Signature: hello\r\n"), 400, "bad_signature_header"),
            (Stripe.request(id: "evt_2", secret: "other"), 401, "bad_signature"),
            (Stripe.request(id: "evt_3", age: 301), 401, "old_signature"),
            (Stripe.request(id: "evt_4", age: -310), 401, "old_signature"),
            (Stripe.request(body: "not json"), 400, "bad_event"),
            (Stripe.request(body: #"{"id":7,"type":"x"}"#), 400, "bad_event"),
            (Stripe.request(body: #"{"id":"","type":"x"}"#), 400, "bad_event"),
            (Stripe.request(body: #"{"data":{"id":"evt_5","type":"x"}}"#), 400, "bad_event"),
            (Stripe.request(body: ""), 400, "bad_event"),
        ]
        for (request, status, code) in cases {
            let response = try send(request, to: worker)
            #expect(response.status == status)
            #expect(response.json["error"]?["code"] == code)
        }
        #expect(try send(Stripe.request(id: "evt_6", age: 290), to: worker).status == 200)
        #expect(try Database(folder.file("db")).column("SELECT id FROM webhook_events") == ["evt_6"])
    }

    @Test func `a body that is too large is refused, and the refusal can be read`() throws {
        let folder = try ScratchFolder()
        let worker = try worker(folder)
        let limit = Exchange.bodyLimit
        let fits = #"{"id":"evt_1","type":"x","pad":"\#(String(repeating: "x", count: limit - 100))"}"#
        #expect(try send(Stripe.request(body: fits), to: worker).status == 200)
        let client = try Client(port: worker.port)
        try client.send(Stripe.request(body: String(repeating: "x", count: limit + 1)))
        #expect(try client.receive().status == 413)
        // The whole body was read, so the connection still works.
        #expect(try client.get("/health").status == 200)
        // Larger than what is read: the answer comes while the client still sends.
        let huge = try Client(port: worker.port)
        try huge.send("POST /api/webhooks/stripe HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n")
        for _ in 0..<20 { try? huge.send(String(repeating: "x", count: 10_000)) }
        let refusal = try huge.receive()
        #expect(refusal.status == 413)
        #expect(refusal.saysClose)
        let polite = try Client(port: worker.port)
        try polite.send(
            "POST /api/webhooks/stripe HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: \(limit + 1)\r\n\r\n"
        )
        #expect(try polite.receive().status == 413)
        #expect(try Database(folder.file("db")).column("SELECT count(*) FROM webhook_events") == ["1"])
    }

    @Test func `without a secret or a database it is 503 with a line in the log`() throws {
        let folder = try ScratchFolder()
        let secretless = try worker(folder, secret: nil)
        let response = try send(Stripe.request(id: "evt_1"), to: secretless)
        #expect(response.status == 503)
        #expect(response.json["error"]?["code"] == "no_secret")
        let line = try secretless.waitForLog("the reason") {
            $0["message"]?.text?.contains("STRIPE_WEBHOOK_SECRET") == true
        }
        #expect(line["level"] == "ERROR")
        let other = try ScratchFolder()
        let homeless = try worker(other, database: false)
        #expect(try send(Stripe.request(id: "evt_1"), to: homeless).json["error"]?["code"] == "no_database")
    }

    @Test func `a database that is gone is noticed, and used again when it is back`() throws {
        let folder = try ScratchFolder()
        let path = folder.file("db")
        let worker = try worker(folder)
        #expect(try send(Stripe.request(id: "evt_1"), to: worker).status == 200)
        #expect(try get(worker.port, "/api/health").json["database"] == "up")
        for suffix in ["", "-wal", "-shm"] { rename(path + suffix, "\(path).away\(suffix)") }
        let health = try get(worker.port, "/api/health")
        #expect(health.status == 503)
        #expect(health.json["status"] == "unhealthy")
        #expect(try get(worker.port, "/api/ready").status == 503)
        let refused = try send(Stripe.request(id: "evt_2"), to: worker)
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] == "1")
        #expect(access(path, F_OK) != 0)
        for suffix in ["", "-wal", "-shm"] { rename("\(path).away\(suffix)", path + suffix) }
        #expect(try get(worker.port, "/api/health").status == 200)
        #expect(try send(Stripe.request(id: "evt_2"), to: worker).json["duplicate"] == false)
        #expect(try send(Stripe.request(id: "evt_1"), to: worker).json["duplicate"] == true)
        #expect(try Database(path).column("SELECT id FROM webhook_events ORDER BY id") == ["evt_1", "evt_2"])
    }

    @Test func `a database that another program holds is waited for`() throws {
        let folder = try ScratchFolder()
        let worker = try worker(folder)
        let database = try Database(folder.file("db"))
        try database.execute("BEGIN IMMEDIATE")
        let client = try Client(port: worker.port)
        try client.send(Stripe.request(id: "evt_1"))
        // Waiting for the lock is not the loop's business.
        #expect(try get(worker.port, "/health").status == 200)
        #expect(try get(worker.port, "/api/health").status == 200)
        try database.execute("COMMIT")
        #expect(try client.receive().status == 200)
    }

    /// Every event is sent several times, over several connections, to workers that are killed and replaced meanwhile.
    @Test func `each event is there exactly once, whatever happens to the workers`() throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        var starts = 0
        func start() throws -> APIWorker {
            starts += 1
            return try APIWorker(
                ["--database", folder.file("db")],
                environment: ["STRIPE_WEBHOOK_SECRET": Stripe.secret],
                on: listening,
                folder: folder,
                name: "api.\(starts)"
            )
        }
        var workers = [try start(), try start(), try start()]
        let events = (0..<300).map { "evt_\($0)" }
        // Three deliveries of each; what is not acknowledged is delivered again, as Stripe does.
        var pending = (events + events + events).shuffled()
        var acknowledged: Set<String> = []
        var retries = 0
        var flights: [(id: String, client: Client)] = []
        func land(_ flight: (id: String, client: Client)) {
            if let response = try? flight.client.receive(within: .seconds(10)), response.status == 200 {
                acknowledged.insert(flight.id)
            } else {
                retries += 1
                pending.append(flight.id)
            }
        }
        var sent = 0
        while !pending.isEmpty || !flights.isEmpty {
            if let id = pending.popLast() {
                let client = try Client(port: listening.port)
                try client.send(Stripe.request(id: id))
                flights.append((id, client))
                sent += 1
                // One worker is killed without warning now and then, another is asked to leave.
                if sent % 150 == 0 {
                    workers.removeFirst().child.signal(sent % 300 == 0 ? SIGKILL : SIGTERM)
                    workers.append(try start())
                }
            }
            if flights.count >= 24 || pending.isEmpty { land(flights.removeFirst()) }
        }
        let database = try Database(folder.file("db"))
        #expect(acknowledged == Set(events))
        let stored = try database.column("SELECT id FROM webhook_events")
        #expect(stored.count == events.count)
        #expect(Set(stored) == Set(events))
        #expect(try database.column("SELECT count(DISTINCT worker) FROM webhook_events").first != "1")
        #expect(try database.column("PRAGMA integrity_check") == ["ok"])
        #expect(try database.column("PRAGMA journal_mode") == ["wal"])
        print("webhooks: \(sent) sent, \(retries) delivered again, \(starts) workers")
    }
}
