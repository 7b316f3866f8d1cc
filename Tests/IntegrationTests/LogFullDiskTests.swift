import Glibc
import TestSupport
import Testing

/// A disk that takes no lines: nobody is disturbed, what is not kept is counted, and it goes on by itself.
@Suite(.serialized) struct LogFullDiskTests {
    /// Attributes of an app whose log is on a disk.
    private func attributes(_ kind: String, _ full: String, on disk: String) -> [String] {
        let format = kind == "json" ? "format: json, " : ""
        return [
            "out_file: \(disk)/says-out.log", "error_file: \(disk)/says-error.log",
            "log: {\(format)full: \(full), rotate: false}",
        ] + (kind == "stamped" ? ["log_date_format: \"YYYY-MM-DD HH:mm:ss.SSS\""] : [])
    }

    private func trouble(_ daemon: Daemon, _ app: String) throws -> JSON {
        let status = try JSON(parsing: try daemon.mustCtl("status", "--json").out)
        return try #require(status.apps.array.first { $0.name.string == app }).logs
    }

    private func types(_ daemon: Daemon, of path: String) throws -> [String] {
        try daemon.events().filter { $0.message.string?.contains(path) == true }.compactMap(\.type.string)
    }

    @Test(.needsRoot, arguments: ["raw", "stamped", "json"])
    func `with drop nobody waits, and what is missing is counted`(_ kind: String) throws {
        try Daemon.with { daemon in
            let disk = try SmallDisk(daemon.workspace("disk"))
            let keeping = try LogKeeping(daemon)
            let log = "\(disk.path)/says-out.log"
            let says = keeping.app(instances: 2, rate: 300_000, attributes(kind, "drop", on: disk.path))
            let web = try Ecosystem.api(
                name: "web",
                "out_file: \(disk.path)/web-out.log",
                "log: {full: drop, rotate: false}"
            )
            try daemon.start(Ecosystem.file(says, web))
            let load = try daemon.load(on: "web", rate: 400)
            try eventually("lines arrive") { Files.lines(of: log).count > 2_000 }
            try disk.fill()
            try eventually("both are in trouble") {
                try !trouble(daemon, "says").trouble.isNull && !trouble(daemon, "web").trouble.isNull
            }
            try eventually("lines are dropped") { try (trouble(daemon, "says").dropped.lines.int ?? 0) > 2_000 }
            let memory = try #require(ProcessTable.residentMemory(of: daemon.pid))
            let dropped = try trouble(daemon, "says").dropped.bytes.int ?? 0
            try eventually(within: .seconds(60), "many more are, of both") {
                try (trouble(daemon, "says").dropped.bytes.int ?? 0) > dropped + 2_000_000
                    && (trouble(daemon, "web").dropped.lines.int ?? 0) > 500
            }
            let later = try #require(ProcessTable.residentMemory(of: daemon.pid))
            #expect(later - memory < 1 << 20, "\(memory), then \(later)")
            #expect(try trouble(daemon, "says").trouble.string?.contains("No space left on device") == true)
            disk.empty()
            try eventually("both are written again") {
                try trouble(daemon, "says").trouble.isNull && trouble(daemon, "web").trouble.isNull
            }
            let mark = keeping.said
            try eventually("lines go on") { keeping.said > mark + 500 }
            let report = try load.finish()
            #expect(report.failed == 0 && report.ok == report.begun && report.begun > 500, "\(report)")
            try daemon.mustCtl("stop", "says", "web")

            let verdict = try keeping.judge(log, as: kind, mayDrop: true)
            let loss = try trouble(daemon, "says").dropped
            #expect(verdict.wrong == [] && verdict.markers == 1, "\(verdict)")
            // Inside the kernel a line goes as far as there is room.
            #expect(verdict.torn <= (kind == "raw" ? 1 : 0), "\(verdict)")
            #expect(verdict.missing > 2_000 && verdict.missing == verdict.confessedLines, "\(verdict)")
            #expect(
                verdict.confessedLines == loss.lines.int && verdict.confessedBytes == loss.bytes.int,
                "\(loss) \(verdict)"
            )
            #expect(try types(daemon, of: log) == ["log.trouble", "log.recovered"])
            let webLoss = try trouble(daemon, "web").dropped
            let confession = "koomyd: \(webLoss.lines.int ?? -1) lines (\(webLoss.bytes.int ?? -1) bytes) could not be"
            let webLines = Files.lines(of: "\(disk.path)/web-out.log")
            #expect(webLines.filter { $0.hasPrefix("koomyd: ") }.map { $0.hasPrefix(confession) } == [true])
            // Each request has one line, or is one of those that are counted.
            let answered = webLines.count { $0.contains("\"path\":\"/health\"") }
            #expect(answered + (webLoss.lines.int ?? 0) >= report.ok, "\(answered) \(webLoss) \(report)")
        }
    }

    @Test(.needsRoot, arguments: ["raw", "stamped", "json"])
    func `with block the worker waits, and no line is missing`(_ kind: String) throws {
        try Daemon.with { daemon in
            let disk = try SmallDisk(daemon.workspace("disk"), size: "64m")
            let keeping = try LogKeeping(daemon)
            let log = "\(disk.path)/says-out.log"
            try daemon.start(
                Ecosystem.file(keeping.app(instances: 2, rate: 500_000, attributes(kind, "block", on: disk.path)))
            )
            let pids = try daemon.app("says").pids
            try eventually("lines arrive") { Files.lines(of: log).count > 1_000 }
            for round in 1...2 {
                try disk.fill()
                try eventually("it is in trouble") { try !trouble(daemon, "says").trouble.isNull }
                var before = -1
                try eventually("the workers wait") {
                    defer { before = keeping.said }
                    try always(for: .milliseconds(200), "koomyd answers") { try daemon.find("says") != nil }
                    return keeping.said == before
                }
                let memory = try #require(ProcessTable.residentMemory(of: daemon.pid))
                try always(for: .seconds(1), "they go on waiting") { keeping.said == before }
                if round == 2 {
                    try daemon.stop(SIGKILL)
                    try daemon.startAgain()
                    try always(for: .milliseconds(300), "they go on waiting") { keeping.said == before }
                } else {
                    let later = try #require(ProcessTable.residentMemory(of: daemon.pid))
                    #expect(later - memory < 1 << 20, "\(memory), then \(later)")
                }
                disk.empty()
                try eventually("lines go on") { keeping.said > before + 3_000 }
                try eventually("it is well") { try trouble(daemon, "says").trouble.isNull }
            }
            #expect(try daemon.waitFor("says", "both are ready") { $0.isSteady(2) }.pids == pids)
            try daemon.mustCtl("stop", "says")
            let verdict = try keeping.judge(log, as: kind)
            #expect(verdict.wrong == [] && verdict.missing == 0 && verdict.markers == 0, "\(verdict)")
            #expect(try trouble(daemon, "says").dropped.isNull)
        }
    }

    /// What happens between the end of an app whose disk is full and the moment at which that has room again.
    enum Meanwhile {
        case nothing, koomydIsKilled, appIsStarted
    }

    @Test(
        .needsRoot,
        arguments: [
            ("raw", .nothing), ("raw", .koomydIsKilled), ("stamped", .koomydIsKilled), ("json", .nothing),
            ("json", .appIsStarted),
        ] as [(String, Meanwhile)]
    )
    func `what is missing of an app that was stopped meanwhile is said once, when the disk takes it`(
        _ kind: String,
        _ meanwhile: Meanwhile
    ) throws {
        try Daemon.with { daemon in
            let disk = try SmallDisk(daemon.workspace("disk"))
            let keeping = try LogKeeping(daemon)
            let log = "\(disk.path)/says-out.log"
            try daemon.start(
                Ecosystem.file(keeping.app(instances: 2, rate: 400_000, attributes(kind, "drop", on: disk.path)))
            )
            try eventually("lines arrive") { Files.lines(of: log).count > 500 }
            try disk.fill()
            try eventually("lines are dropped") { try (trouble(daemon, "says").dropped.lines.int ?? 0) > 2_000 }
            try daemon.mustCtl("stop", "says")
            try eventually("the last lines are dropped too") { try trouble(daemon, "says").trouble.isNull }
            let loss = try trouble(daemon, "says").dropped
            if meanwhile == .koomydIsKilled { try daemon.stop(SIGKILL) }
            if meanwhile == .appIsStarted { try daemon.mustCtl("start", "says") }
            disk.empty()
            if meanwhile == .koomydIsKilled { try daemon.startAgain() }
            var verdict = try keeping.judge(log, as: kind, mayDrop: true)
            try eventually("it is said: \(verdict)") {
                verdict = try keeping.judge(log, as: kind, mayDrop: true)
                return verdict.markers > 0
            }
            if meanwhile == .appIsStarted {
                try eventually("it is well") { try trouble(daemon, "says").trouble.isNull }
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + 500 }
                try daemon.mustCtl("stop", "says")
            } else {
                try eventually("it is told") { try types(daemon, of: log).contains("log.recovered") }
                try daemon.stop(SIGKILL)
                try daemon.startAgain()
            }
            verdict = try keeping.judge(log, as: kind, mayDrop: true)
            #expect(verdict.wrong == [] && verdict.markers >= 1, "\(verdict)")
            // Inside the kernel a line goes as far as there is room, each time that there is some.
            #expect(verdict.torn <= (kind == "raw" ? verdict.markers : 0), "\(verdict)")
            #expect(verdict.missing > 2_000 && verdict.missing == verdict.confessedLines, "\(verdict)")
            if meanwhile != .appIsStarted {
                #expect(
                    verdict.confessedLines == loss.lines.int && verdict.confessedBytes == loss.bytes.int,
                    "\(verdict)"
                )
                #expect(verdict.markers == 1)
            }
            #expect(!Files.exists("\(daemon.home)/run/log-debts"))
        }
    }

    @Test(.needsRoot) func `a disk that is full again and again is told each time, and the counts add up`() throws {
        try Daemon.with { daemon in
            let disk = try SmallDisk(daemon.workspace("disk"))
            let keeping = try LogKeeping(daemon)
            let log = "\(disk.path)/says-out.log"
            try daemon.start(
                Ecosystem.file(keeping.app(instances: 2, rate: 400_000, attributes("stamped", "drop", on: disk.path)))
            )
            try eventually("lines arrive") { Files.lines(of: log).count > 500 }
            for round in 1...3 {
                let before = try trouble(daemon, "says").dropped.lines.int ?? 0
                try disk.fill()
                try eventually("lines are dropped") {
                    try (trouble(daemon, "says").dropped.lines.int ?? 0) > before + 3_000
                }
                disk.empty()
                try eventually("it is well, round \(round)") { try trouble(daemon, "says").trouble.isNull }
            }
            try daemon.mustCtl("stop", "says")
            let verdict = try keeping.judge(log, as: "stamped", mayDrop: true)
            let loss = try trouble(daemon, "says").dropped
            #expect(verdict.wrong == [] && verdict.markers == 3, "\(verdict)")
            #expect(verdict.missing == verdict.confessedLines && verdict.confessedLines == loss.lines.int, "\(verdict)")
            let rounds = (1...3).flatMap { _ in ["log.trouble", "log.recovered"] }
            #expect(try types(daemon, of: log) == rounds)
        }
    }
}
