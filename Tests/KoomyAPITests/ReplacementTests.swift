import Glibc
import KoomyWorker
import Testing

/// Two workers on one listening socket, replaced again and again under load: not one request may fail.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReplacementTests {
    enum Program: String, CaseIterable {
        case api = "koomy-api"
        case example = "worker-example"
    }

    @Test(arguments: Program.allCases, [[], ["-k"]])
    func `workers are replaced under load without a lost request`(program: Program, style: [String]) throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        var starts = 0
        func start() throws -> (Child, NotifySocket) {
            starts += 1
            let notify = try NotifySocket(folder, name: "notify.\(starts)")
            let child = try Child(
                try Child.product(program.rawValue),
                environment: ["NOTIFY_SOCKET": notify.path],
                listeners: [(listening.socket, "http")],
                folder: folder,
                name: "worker.\(starts)"
            )
            try notify.wait(for: "READY=1")
            return (child, notify)
        }
        var workers = [try start(), try start()]
        let load = try Load(
            ["-r", "500", "-P", "-d", "6", "-c", "2000"] + style + ["\(listening.url)/health"],
            folder: folder
        )
        var replaced = 0
        while load.isRunning, replaced < 40 {
            let next = try start()
            let (old, notify) = workers.removeFirst()
            workers.append(next)
            #expect(try old.terminate() == .exited(0))
            try notify.wait(for: "STOPPING=1")
            replaced += 1
        }
        let counts = try load.finish(within: .seconds(60))
        print("\(program.rawValue) \(style): \(counts.ok) ok, \(counts.failed) failed, \(replaced) replacements")
        #expect(counts.failed == 0, "\(counts.failures)")
        #expect(counts.ok > 2_700)
        #expect(replaced >= 3)
        for (worker, _) in workers { #expect(try worker.terminate() == .exited(0)) }
    }

    @Test(arguments: [[], ["-k"]])
    func `webhooks and slow requests survive replacements too`(style: [String]) throws {
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
                name: "worker.\(starts)"
            )
        }
        var workers = [try start(), try start()]
        // The load generator sends one request again and again: the same event, stored once.
        let lines = Stripe.request(id: "evt_load").split(separator: "\r\n").map(String.init)
        let signature = try #require(lines.first { $0.hasPrefix("Stripe-Signature") })
        let body = try #require(lines.last)
        let webhooks = try Load(
            ["-r", "150", "-P", "-d", "6", "-X", "POST", "-H", signature, "-D", body, "-e", "200"] + style
                + ["\(listening.url)/api/webhooks/stripe"],
            folder: folder,
            name: "webhooks"
        )
        let slow = try Load(
            ["-r", "150", "-P", "-d", "6"] + style + ["\(listening.url)/work?ms=120"],
            folder: folder,
            name: "slow"
        )
        var replaced = 0
        while webhooks.isRunning || slow.isRunning, replaced < 40 {
            workers.append(try start())
            #expect(try workers.removeFirst().child.terminate() == .exited(0))
            replaced += 1
        }
        for load in [webhooks, slow] {
            let counts = try load.finish(within: .seconds(60))
            #expect(counts.failed == 0, "\(counts.failures)")
            #expect(counts.ok > 750)
        }
        #expect(replaced >= 3)
        #expect(try Database(folder.file("db")).column("SELECT id FROM webhook_events") == ["evt_load"])
    }
}
