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

    /// Says a line for each of a file whenever that has more.
    private static let reader = """
        import os, time
        said = 0
        while True:
            with open("/srv/says") as file: lines = file.read().split("\\n")[:-1]
            for line in lines[said:]: os.write(2 if "error" in line else 1, (line + "\\n").encode())
            said = len(lines)
            time.sleep(0.02)
        """

    @Test(.needsSystemdBox)
    func `koomyctl logs shows what is in the journal, the last lines of it, those since a time, and what comes`() throws
    {
        let box = try box()
        var said = ""
        /// Has the worker say lines, and waits until the journal has them.
        func say(_ lines: String...) throws {
            for line in lines { said += line + "\n" }
            try box.write(said, to: "/srv/says")
            try eventually("the journal has \(lines)") {
                try lines.allSatisfy { line in
                    try entries(box, "SYSLOG_IDENTIFIER=parrot", "MESSAGE=\(line)").count == 1
                }
            }
        }
        func logs(_ words: String...) throws -> [String] {
            let command = (["koomyctl", "logs", "parrot"] + words).map { "'\($0)'" }.joined(separator: " ")
            return try box.run("sh", "-c", command).split(separator: "\n").map(String.init)
        }
        /// What follows the name of the worker, of lines that are those of the app.
        func words(_ lines: [String]) -> [String] {
            lines.compactMap { line in
                let parts = line.rest(after: "parrot[")
                return parts.flatMap { $0.rest(after: "]: ") }
            }
        }
        try box.write("", to: "/srv/says")
        try box.write(Self.reader, to: "/srv/parrot.py")
        let app = Ecosystem.app(
            "parrot",
            script: "/srv/parrot.py",
            ["interpreter: python3", "healthy_time: 50ms", "min_uptime: 200ms", "log: {target: journald}"]
        )
        try box.write(Ecosystem.file(app), to: "/etc/koomy/parrot.yaml")
        try box.run("koomyctl", "start", "/etc/koomy/parrot.yaml")
        defer { _ = try? box.run("koomyctl", "delete", "parrot") }
        try box.waitUntilSteady(1, "parrot")

        try say("first one", "second one", "an error")
        let time = try #require(try box.run("date", "+@%s.%6N").split(separator: "\n").first)
        try say("fourth one", "fifth one")

        #expect(words(try logs("-n", "2")) == ["fourth one", "fifth one"])
        #expect(words(try logs("-n", "4")) == ["second one", "an error", "fourth one", "fifth one"])
        #expect(words(try logs("--since", String(time))) == ["fourth one", "fifth one"])
        #expect(words(try logs("--until", String(time))).suffix(3) == ["first one", "second one", "an error"])
        let found = words(try logs("--grep", "^f.* one$"))
        #expect(found == ["first one", "fourth one", "fifth one"])
        #expect(words(try logs("--grep", "^f.* one$", "-n", "2")) == ["fourth one", "fifth one"])
        #expect(words(try logs("--grep", "^f.* one$", "--since", String(time))) == ["fourth one", "fifth one"])
        #expect(try logs("-n", "1", "--raw") == ["fifth one"])
        let json = try JSON.lines(try logs("-n", "1", "--json").joined(separator: "\n"))
        #expect(json.map(\.MESSAGE.string) == ["fifth one"] && json.first?.SYSLOG_IDENTIFIER.string == "parrot")

        let follower = try box.inBackground("koomyctl", "logs", "parrot", "-f", "-n", "1", name: "follower")
        defer { follower.stop() }
        let finder = try box.inBackground("koomyctl", "logs", "parrot", "-f", "--grep", "enth one$", name: "finder")
        defer { finder.stop() }
        try eventually("the last line is shown") { follower.output.contains("fifth one") }
        try say("sixth one")
        // Also what comes after koomyd was killed, which is not in the way.
        try box.kill()
        try say("seventh one")
        let expected = ["fifth one", "sixth one", "seventh one"]
        try eventually("it follows: \(follower.output)") {
            words(follower.output.split(separator: "\n").map(String.init)) == expected
        }
        try eventually("what is looked for comes: \(finder.output) \(finder.errorOutput)") {
            words(finder.output.split(separator: "\n").map(String.init)) == ["seventh one"]
        }
        #expect(follower.ended == nil && finder.ended == nil)
    }
}

extension String {
    /// What is behind the first place at which a text stands; nil where it does not.
    fileprivate func rest(after text: String) -> String? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return String(rest.dropFirst(text.count)) }
            rest = rest.dropFirst()
        }
        return nil
    }
}
