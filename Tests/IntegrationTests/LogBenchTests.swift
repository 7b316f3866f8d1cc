import TestSupport
import Testing

/// scripts/bench is believed too: what it counts has to be there, and what is not there has to be named.
@Suite struct LogBenchTests {
    /// A folder of programs that was made for other tests may lack this one; then it is beside the tests themselves.
    private func writer() throws -> String {
        if let path = try? Binaries.path("logwriter") { return path }
        let program = try #require(Files.target(ofLink: "/proc/self/exe"))
        return program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/logwriter"
    }

    /// Has the lines written to a file, in writes of `chunk` bytes.
    private func write(_ lines: Int, chunk: Int, to path: String, in files: Workspace) throws {
        let command =
            "mkfifo gate && { \"$0\" write \(lines) \(chunk) gate times >\"$1\" & : >gate; wait $!; } && rm gate"
        let result = try Command.run(["sh", "-c", command, writer(), path], folder: files.path)
        #expect(result.code == 0, "\(result)")
    }

    private func check(_ lines: Int, _ paths: String...) throws -> Command.Result {
        try Command.run([writer(), "check", "\(lines)"] + paths)
    }

    @Test(arguments: [1, 100, 250, 4096, 65536])
    func `every line is written and found, whatever a write holds`(chunk: Int) throws {
        try Workspace.with { files in
            try write(1_234, chunk: chunk, to: files("log"), in: files)
            let lines = Files.lines(of: files("log"))
            #expect(lines.count == 1_234 && lines.allSatisfy { $0.utf8.count == 99 })
            #expect(lines.first?.hasPrefix("000000000000 ") == true && lines.last?.hasPrefix("000000001233 ") == true)
            #expect(try check(1_234, files("log")).out == "123400\n")
            let times = (Files.text(of: files("times")) ?? "").split(whereSeparator: \.isWhitespace).compactMap {
                Int($0)
            }
            #expect(times.count == 2 && times[0] <= times[1])
        }
    }

    @Test func `lines are found behind a stamp, and in several files`() throws {
        try Workspace.with { files in
            try write(20, chunk: 100, to: files("log"), in: files)
            let stamped = Files.lines(of: files("log")).map { "2026-11-20: \($0)!\n" }
            try files.write(stamped[..<7].joined(), to: "one")
            try files.write(stamped[7...].joined(), to: "two")
            #expect(try check(20, files("one"), files("two")).code == 0)
            #expect(try check(20, files("two"), files("one")).code == 1)
        }
    }

    @Test func `what is wrong is found`() throws {
        try Workspace.with { files in
            try write(20, chunk: 100, to: files("log"), in: files)
            let lines = Files.lines(of: files("log"))
            let lost = lines[..<7] + lines[8...]
            let doubled = lines[..<8] + lines[7...]
            let swapped = lines[..<7] + [lines[8], lines[7]] + lines[9...]
            let cut = lines[..<7] + [String(lines[7].dropLast())] + lines[8...]
            let joined = lines[..<7] + [lines[7] + lines[8]] + lines[9...]
            for (damage, said) in [
                (Array(lost), "log:8: this is not line 8 of 20"), (Array(doubled), "log:9: this is not line 9 of 20"),
                (Array(swapped), "log:8: this is not line 8"), (Array(cut), "log:8: this is not line 8"),
                (Array(joined), "log:9: this is not line 9"), (Array(lines.dropLast(3)), "17 lines of 20"),
                (lines + ["one more"], "log:21: this is not line 21"),
            ] {
                try files.write(damage.map { $0 + "\n" }.joined(), to: "log")
                let result = try check(20, files("log"))
                #expect(result.code == 1 && result.out.contains(said), "\(result)")
            }
            try files.write(lines.joined(separator: "\n"), to: "log")
            #expect(try check(20, files("log")).out.contains("log:20: this is not line 20"))
        }
    }

    @Test func `a run measures koomyd, and names what it does not measure`() throws {
        try Workspace.with { files in
            var environment = baseEnvironment()
            environment["KOOMY_BIN_DIR"] = Binaries.folder
            let result = try Command.run(
                [
                    Fixture.project("scripts/bench"), "logs", "--rounds", "2", "--megabytes", "12", "--folder",
                    files.path,
                    "--json", files("report.json"),
                ],
                environment: environment,
                deadline: .seconds(180)
            )
            #expect(result.code == 0, "\(result)")
            let report = try JSON(parsing: #require(Files.text(of: files("report.json"))))
            #expect(report.lines.int == 120_000)
            let measured = report.results.array.map { "\($0.logger.string ?? "") \($0.lines.string ?? "")" }
            let missing = report.missing.array.map { "\($0.logger.string ?? "") \($0.lines.string ?? "")" }
            let everything: Set = [
                "cat >file raw", "s6-log raw", "s6-log stamped", "supervisord raw", "koomyd raw", "koomyd stamped",
                "koomyd json", "s6-log rotated", "koomyd rotated",
            ]
            // Each once a line a write, and once with large writes.
            #expect(Set(measured).count * 2 == measured.count)
            #expect(Set(measured).isDisjoint(with: missing) && Set(measured).union(missing) == everything)
            #expect(Set(measured).isSuperset(of: ["cat >file raw", "koomyd raw", "koomyd stamped"]), "\(result)")
            for peer in ["s6-log", "supervisord"] {
                #expect(measured.contains("\(peer) raw") == (Binaries.installed(peer) != nil))
            }
            for row in report.results.array {
                #expect(row.samples.array.count == 2 && row.samples.array.allSatisfy { $0.seconds.double ?? 0 > 0 })
                #expect(row.megabytes_per_second.double ?? 0 > 0 && row.of_cat.double ?? 0 > 0)
            }
            #expect(report.budgets.array.count == 4)
            for word in ["| koomyd | raw |", "| koomyd | stamped |", "| budget | at least | measured |"] {
                #expect(result.out.contains(word), "\(result)")
            }
            // Nothing is left, of files or of processes.
            #expect(Files.names(in: files.path) == ["report.json"])
        }
    }
}
