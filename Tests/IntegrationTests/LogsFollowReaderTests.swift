import Glibc
import TestSupport
import Testing

/// `koomyctl logs` beside a real koomyd, of files that another program writes and puts aside as koomyd does.
@Suite struct LogsFollowReaderTests {
    /// Numbered lines, and every so many of them rename(2), a new file, and now and then compression in the background.
    private static let writer = """
        BEGIN {
            for (number = 1; number <= total; number++) {
                print "line " number >> path
                if (number % each == 0 && number < total) {
                    close(path)
                    aside = sprintf("%s.20261120T17%02d%02dZ%s", path, turns / 60, turns % 60, turns % 3 ? "-" turns : "")
                    system("mv " path " " aside "; : >" path)
                    if (turns % 4 == 1)
                        system("(gzip -c " aside " >" aside ".gz; rm " aside ") & ")
                    turns++
                }
            }
        }
        """

    private static let ecosystem = """
        apps:
          - name: web
            script: sleep
            args: ["1000000"]
            exec_interpreter: none
            min_uptime: 100ms
            out_file: %/web.log
            error_file: %/web-error.log

        """

    private func with(_ body: (Daemon) throws -> Void) throws {
        try Daemon.with { daemon in
            let folder = daemon.workspace.path
            try daemon.start(
                Self.ecosystem.split(separator: "%", omittingEmptySubsequences: false).joined(separator: folder)
            )
            try body(daemon)
        }
    }

    /// Compares with what `seq` says, in the order and number of the lines.
    private func difference(_ first: Int, _ last: Int, _ path: String) throws -> Command.Result {
        try Command.run(
            ["sh", "-c", "seq -f 'line %.0f' \(first) \(last) | cmp - \"$0\"", path],
            deadline: .seconds(60)
        )
    }

    private func lineCount(_ path: String) throws -> Int {
        let text = try Command.run(["sh", "-c", "wc -l <\"$0\"", path]).out
        return Int(text.filter(\.isNumber)) ?? -1
    }

    @Test func `of a million lines in 25 files, each comes once and in order`() throws {
        try with { daemon in
            let path = daemon.workspace("web.log")
            try Files.write("line 0\n", to: path)
            let reader = try daemon.ctlInBackground("logs", "web", "--out", "-f", name: "reader")
            defer { reader.stop() }
            try eventually("it follows") { reader.output == "line 0\n" }
            let run = try Command.run(
                [
                    "awk", "-v", "path=\(path)", "-v", "total=1000000", "-v", "each=40000",
                    Self.writer,
                ],
                deadline: .seconds(120)
            )
            #expect(run.code == 0, "\(run)")
            try eventually(within: .seconds(60), "all lines are there") { try lineCount(reader.outPath) > 1_000_000 }
            let same = try difference(0, 1_000_000, reader.outPath)
            #expect(same.code == 0, "\(same)")
            #expect(reader.errorOutput == "")
            // The same lines, in one go, from all the files.
            try eventually("the compressions are through") {
                !Files.names(in: daemon.workspace.path).contains { name in
                    name.hasSuffix(".gz") && Files.exists(daemon.workspace(String(name.dropLast(3))))
                }
            }
            let asides = Files.names(in: daemon.workspace.path).filter { $0.hasPrefix("web.log.") }
            #expect(asides.count == 24 && asides.count { $0.hasSuffix(".gz") } == 6, "\(asides)")
            let all = try daemon.ctlInBackground("logs", "web", "--out", "-n", "1000000", name: "all")
            let exit = try all.wait(within: .seconds(60))
            #expect(exit == .code(0), "\(all.errorOutput)")
            let again = try difference(1, 1_000_000, all.outPath)
            #expect(again.code == 0, "\(again)")
        }
    }

    @Test func `koomyd does not mind a reader that stands still, and its own lines go on`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                """
                apps:
                  - name: web
                    script: sh
                    args: ["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); echo line $i; done; exec sleep 1000000"]
                    exec_interpreter: none
                    min_uptime: 100ms

                """
            )
            let reader = try daemon.ctlInBackground("logs", "web", "--out", "-f", "-n", "999999", name: "reader")
            defer { reader.stop() }
            try eventually("it follows") { reader.output.hasPrefix("line 1\n") }
            reader.signal(SIGSTOP)
            try eventually(within: .seconds(60), "the worker has written all") {
                try lineCount("\(daemon.home)/log/web-out.log") == 300_000
            }
            reader.signal(SIGCONT)
            try eventually(within: .seconds(60), "all lines are there") { try lineCount(reader.outPath) == 300_000 }
            let same = try difference(1, 300_000, reader.outPath)
            #expect(same.code == 0, "\(same)")
        }
    }

    @Test func `logs are followed over a reload, and after a file was moved away and opened again`() throws {
        try Daemon.with { daemon in
            try daemon.start(
                """
                apps:
                  - name: web
                    script: sh
                    args: ["-c", "i=0; while :; do i=$((i+1)); echo $$ $i; sleep 0.01; done"]
                    exec_interpreter: none
                    min_uptime: 100ms
                    healthy_time: 100ms

                """
            )
            let reader = try daemon.ctlInBackground("logs", "web", "--out", "-f", "-n", "999999", name: "reader")
            defer { reader.stop() }
            try eventually("it follows") { !reader.output.isEmpty }
            let log = "\(daemon.home)/log/web-out.log"
            try daemon.mustCtl("reload", "web")
            #expect(rename(log, "\(log).1") == 0)
            let reopened = try daemon.mustCtl("reopen")
            #expect(!reopened.out.isEmpty, "\(reopened)")
            try eventually("the new file is written") { (try? lineCount(log)) ?? 0 > 20 }
            try daemon.mustCtl("reload", "web")
            try daemon.mustCtl("stop", "web")
            let written = (Files.text(of: "\(log).1") ?? "") + (Files.text(of: log) ?? "")
            #expect(Set(written.split(separator: "\n").map { $0.prefix { $0 != " " } }).count == 3)
            try eventually("all that was written is shown") { reader.output == written }
        }
    }
}
