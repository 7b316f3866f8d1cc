import Glibc
import TestSupport
import Testing

/// koomyd is killed every 3 seconds and upgraded every 10, while reloads run under load, and nothing is lost.
///
/// A short run of `scripts/soak`, which counts; KOOMY_CHAOS_SECONDS makes it longer.
@Suite(.serialized) struct ChaosTests {
    @Test func `killed, upgraded and reloading all the time, koomyd loses nothing and replaces nobody`() throws {
        let seconds = getenv("KOOMY_CHAOS_SECONDS").flatMap { Int(String(cString: $0)) } ?? 25
        // What it does before and after, and the counting, take a while on a busy machine.
        let result = try Command.run(
            [Fixture.project("scripts/soak"), "--seconds", "\(seconds)", "--rate", "150", "--json"],
            environment: baseEnvironment().merging(["KOOMY_BIN_DIR": Binaries.folder]) { $1 },
            deadline: .seconds(seconds * 2 + 120)
        )
        let counts = try #require(try? JSON(parsing: result.out), "\(result)")
        #expect(result.code == 0 && counts.ok.bool == true, "\(counts.violations)\n\(result.error)")
        #expect(counts.kills.int ?? 0 >= seconds / 6, "\(result)")
        #expect(counts.upgrades.int ?? 0 >= 1 && counts.reloads.int ?? 0 >= 1, "\(result)")
    }

    /// A folder as `scripts/soak` leaves it, with four requests, a webhook, and two workers of each kind, one after the other.
    private func folder(_ files: Workspace, changes: [String: String]) throws -> String {
        let load = """
            {"begun": 4, "ok": 4, "failed": 0, "failed_by_kind": {"timeout": 0},
             "latency_ms": {"p50": 1, "p99": 1, "max": 1}}
            """
        let line = #"{"level":"INFO","userAgent":"connection"}"#
        let sample = "9000,3000,40,4,0,6000,20"
        let usual = [
            "load.connection": load,
            "k/log/api-out.log": String(repeating: #"{"message":"listening"}"# + "\n", count: 2)
                + String(repeating: line + "\n", count: 4),
            "k/log/talker-out.log": ["7.1 1", "7.1 2", "7.1 end 2", "8.1 1", "8.1 end 1"]
                .map { "12:00:00.000: \($0)\n" }.joined(),
            "acknowledged": "evt_1\n",
            "kills": "1.0\n", "ends": "137\n0\n", "upgrades": "0\n",
            "status": """
            {"apps": [{"name": "api", "restarts": 0, "workers": [{"state": "ready"}]},
                      {"name": "talker", "restarts": 0, "workers": [{"state": "ready"}]}]}
            """,
            "reloads": "api 0 100\ntalker 0 100\n",
            "sockets": "control.sock\nkeeper.sock\nnotify/7\nnotify/8\n",
            "samples": ["at-rest-before", "under-load", "under-load", "at-rest-after"]
                .map { "\($0),1.0,\(sample)\n" }.joined(),
        ]
        for folder in ["k", "k/log"] { try Files.makeFolder(files(folder)) }
        for (name, text) in usual.merging(changes, uniquingKeysWith: { $1 }) { try files.write(text, to: name) }
        let database = try Command.run([
            "/usr/bin/python3", "-c",
            "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('CREATE TABLE webhook_events (id TEXT)');"
                + " d.execute(\"INSERT INTO webhook_events VALUES ('evt_1')\"); d.commit()",
            files("webhooks.db"),
        ])
        #expect(database.code == 0, "\(database)")
        return files.path
    }

    private func tally(_ changes: [String: String]) throws -> Command.Result {
        try Workspace.with { files in
            let folder = try folder(files, changes: changes)
            return try Command.run(
                ["/usr/bin/python3", Fixture.project("Tests/soak/tally.py"), folder, "table", "1", "1", "60", "1"]
            )
        }
    }

    @Test(arguments: [
        ("a request failed", "load.connection", "requests, connection"),
        ("a line of the log is missing", "k/log/api-out.log", "koomy-api's log"),
        ("a webhook is missing", "acknowledged", "webhooks"),
        ("a line is missing", "k/log/talker-out.log", "numbered lines"),
        ("koomyd ended by itself", "ends", "koomyd killed"),
        ("an upgrade failed", "upgrades", "upgrades"),
        ("a reload failed", "reloads", "reloads"),
        ("koomyd grew", "samples", "koomyd, resident"),
        ("a process is left", "left", "processes after"),
    ])
    func `the tally finds what is lost`(_ what: String, _ file: String, _ row: String) throws {
        let sample = { (when: String, resident: Int) in "\(when),1.0,\(resident),3000,40,4,0,6000,20\n" }
        let losses = [
            "load.connection": """
            {"begun": 4, "ok": 3, "failed": 1, "failed_by_kind": {"timeout": 1},
             "latency_ms": {"p50": 1, "p99": 1, "max": 1}}
            """,
            "k/log/api-out.log": #"{"message":"listening"}"# + "\n",
            "acknowledged": "evt_1\nevt_2\n",
            "k/log/talker-out.log": "12:00: 7.1 1\n12:00: 7.1 3\n12:00: 7.1 end 3\n",
            "ends": "137\n139\n0\n",
            "upgrades": "70\n",
            "reloads": "api 5 100\n",
            "samples": sample("at-rest-before", 9_000) + sample("under-load", 9_000) + sample("under-load", 10_500)
                + sample("at-rest-after", 9_000),
            "left": "12345\n",
        ]
        let result = try tally([file: try #require(losses[file])])
        #expect(result.code == 1, "\(what): \(result)")
        let wrong = result.out.split(separator: "\n").filter { $0.contains("VIOLATION") }
        #expect(wrong.contains { $0.hasPrefix("| \(row)") }, "\(what): \(result)")
    }

    @Test func `the tally has nothing to say where nothing is lost`() throws {
        let result = try tally([:])
        #expect(result.code == 0, "\(result)")
    }
}
