import Glibc
import TestSupport
import Testing

/// `koomyctl logs` of files that koomyd itself writes, stamps, puts aside and compresses.
@Suite struct LogsRotationReaderTests {
    /// Two workers that write numbered lines to a file of their own each, or to one.
    private func ecosystem(_ lines: Int, _ settings: String) -> String {
        """
        apps:
          - name: web
            script: sh
            args: ["-c", "i=0; while [ $i -lt \(lines) ]; do i=$((i+1)); echo line $i of many that fill the files; done; exec sleep 1000000"]
            exec_interpreter: none
            instances: 2
            min_uptime: 100ms
            \(settings)

        """
    }

    private func lines(of process: BackgroundProcess) -> [String] {
        process.output.split(separator: "\n").map(String.init)
    }

    private func numbers(_ count: Int) -> [String] { (1...count).map { "line \($0) of many that fill the files" } }

    @Test func `each line of each slot comes once, while koomyd puts files aside and compresses them`() throws {
        let count = 40_000
        try Daemon.with { daemon in
            try daemon.start(
                ecosystem(
                    count,
                    "merge_logs: false\n    log: {rotate: {size: 64K, keep: false, total: false, compress: gzip}}"
                )
            )
            let readers = try (0...1).map { slot in
                try daemon.ctlInBackground("logs", "web:\(slot)", "--out", "-f", "-n", "999999", name: "reader\(slot)")
            }
            defer { readers.forEach { $0.stop() } }
            for reader in readers {
                try eventually(within: .seconds(90), "all lines are there") { lines(of: reader).count >= count }
                #expect(lines(of: reader) == numbers(count), "\(reader.errorOutput)")
                #expect(reader.errorOutput == "")
            }
            let asides = Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("web-out-0.log.") }
            #expect(asides.count >= 15, "\(asides)")
            let last = try daemon.mustCtl("logs", "web:1", "--out", "-n", "\(count)")
            #expect(last.out == numbers(count).map { $0 + "\n" }.joined())
        }
    }

    @Test func `lines of json are chosen by slot, generation and time, over files that were put aside`() throws {
        let total = 3_000
        try Daemon.with { daemon in
            try daemon.start(ecosystem(total, "log: {format: json, rotate: {size: 64K, keep: false, total: false}}"))
            func count(_ arguments: String...) throws -> Int {
                let result = try daemon.ctl(["logs", "web"] + ["-n", "999999", "--json"] + arguments)
                if result.code != 0 { throw TestFailure(description: "\(result)") }
                return result.out.split(separator: "\n").count
            }
            try eventually("both have written all") { try count() == 2 * total }
            try daemon.mustCtl("reload", "web")
            try eventually("both have written all again") { try count() == 4 * total }
            try #expect(count("--generation", "1") == 2 * total && count("--generation", "2") == 2 * total)
            try #expect(count("--since", "10m") == 4 * total && count("--until", "10m") == 0)
            try #expect(count("--grep", "^line 7 of") == 4)
            let slot = try daemon.mustCtl("logs", "web:1", "--generation", "2", "--no-headers", "-n", "999999").out
            let shown = slot.split(separator: "\n").map { line in String(line.drop { $0 != " " }.dropFirst()) }
            #expect(shown == numbers(total))
        }
    }

    @Test func `lines with a date are chosen by it, and flush and rotate do what they say`() throws {
        try Daemon.with { daemon in
            try daemon.start(ecosystem(100, "log_date_format: \"DD.MM.YYYY HH:mm:ss.SSS Z\""))
            func shown(_ arguments: String...) throws -> Int {
                let result = try daemon.ctl(["logs", "web", "--out", "-n", "999"] + arguments)
                if result.code != 0 { throw TestFailure(description: "\(result)") }
                return result.out.split(separator: "\n").count
            }
            try eventually("both have written all") { try shown() == 200 }
            try #expect(shown("--since", "1h") == 200 && shown("--since", "0s") == 0 && shown("--until", "1h") == 0)
            try #expect(shown("--grep", "^line 5. of") == 20)
            try daemon.mustCtl("rotate", "web")
            #expect(Files.names(in: "\(daemon.home)/log").contains { $0.hasPrefix("web-out.log.20") })
            try #expect(shown("--since", "1h") == 200)
            try daemon.mustCtl("restart", "web")
            try eventually("both have written all again") { try shown() == 400 }
            let flushed = try daemon.mustCtl("flush", "web")
            #expect(flushed.out.contains("web"), "\(flushed)")
            // What was put aside stays.
            try #expect(shown() == 200)
        }
    }
}
