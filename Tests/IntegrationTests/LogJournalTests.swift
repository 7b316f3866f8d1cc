import Glibc
import TestSupport
import Testing

/// Workers that write to the journal of a real systemd.
@Suite(.serialized) struct LogJournalTests {
    private static let shared = Result { try ServiceBox("journal") }

    private func box() throws -> ServiceBox {
        let box = try Self.shared.get()
        try box.begin()
        return box
    }

    private static let program = """
        import os, time
        os.write(1, b"said by %d\\n" % os.getpid())
        os.write(2, b"complained\\n")
        os.write(1, b"<3>an error\\n")
        while True: time.sleep(1)
        """

    /// The entries of the journal in which both fields are so.
    private func entries(_ box: ServiceBox, _ first: String, _ second: String) throws -> [JSON] {
        try JSON.lines(try box.attempt("journalctl", "-o", "json", "--no-pager", "-q", first, second).out)
    }

    @Test(.needsSystemdBox)
    func `lines arrive under the app's name and with the worker's process, and koomyd holds nothing`()
        throws
    {
        let box = try box()
        let koomyd = try #require(pid_t(try box.pid()))
        func pipes() throws -> Int {
            try box.run("sh", "-c", "ls -l /proc/\(koomyd)/fd").split(separator: "\n").count { $0.contains("pipe:") }
        }
        let before = try pipes()
        try box.write(Self.program, to: "/srv/journal.py")
        let app = Ecosystem.app(
            "scribe",
            script: "/srv/journal.py",
            [
                "interpreter: python3", "instances: 2", "healthy_time: 50ms", "min_uptime: 200ms",
                "log: {target: journald}",
            ]
        )
        try box.write(Ecosystem.file(app), to: "/etc/koomy/scribe.yaml")
        try box.run("koomyctl", "start", "/etc/koomy/scribe.yaml")
        defer { _ = try? box.run("koomyctl", "delete", "scribe") }
        let workers = try box.waitUntilSteady(2, "scribe").workers
        // One of each worker tells how its start went.
        #expect(try pipes() <= before + 2)
        for worker in workers {
            let pid = try #require(worker.pid)
            let found = try eventually("the lines of \(pid) are there") {
                let found = try entries(box, "SYSLOG_IDENTIFIER=scribe", "_PID=\(pid)")
                return found.count == 3 ? found : nil
            }
            let priorities = found.reduce(into: [:]) { $0[$1.MESSAGE.string ?? ""] = $1.PRIORITY.string }
            #expect(priorities == ["said by \(pid)": "6", "complained": "5", "an error": "3"])
            let introduced = try entries(box, "OBJECT_PID=\(pid)", "KOOMY_APP=scribe")
            #expect(introduced.count == 1)
            #expect(introduced.first?.KOOMY_SLOT.string == "\(worker.slot)")
            #expect(introduced.first?.KOOMY_GENERATION.string == "1")
            #expect(introduced.first?._PID.string == "\(koomyd)")
        }
        #expect(Files.names(in: "\(box.root)/var/log/koomy").filter { $0.hasPrefix("scribe") } == [])
        let log = try box.app("scribe").json.logs
        #expect(log.target.string == "journald" && log.files.array.isEmpty)
        // They go on while koomyd is away, and the next one has them.
        try box.kill()
        #expect(try box.waitUntilSteady(2, "scribe").pids == Set(workers.compactMap(\.pid)))
    }
}
