import Glibc
import TestSupport
import Testing

/// Each line is in the log once, whatever happens to workers, files and koomyd meanwhile; all of them are counted.
@Suite(.serialized) struct LogKeepingTests {
    /// The attributes of an app whose lines are of a kind, and whose files are put aside so.
    private func attributes(_ kind: String, rotate: String, more: String = "") -> [String] {
        let log = "log: {\(kind == "json" ? "format: json, " : "")rotate: {\(rotate)}\(more)}"
        return kind == "stamped" ? ["log_date_format: \"YYYY-MM-DD HH:mm:ss.SSS\"", log] : [log]
    }

    /// A worker dies, of no fault of its own.
    private func killOne(_ keeping: LogKeeping) throws {
        let victim = try keeping.daemon.waitFor(keeping.name, "one is ready") { !$0.ready.isEmpty }.ready[0].pid
        if let victim { kill(victim, SIGKILL) }
    }

    /// Ends all workers by themselves, so that each has noted all that it said, and waits for their last lines.
    private func finish(_ keeping: LogKeeping) throws {
        try eventually(within: .seconds(240), "\(LogKeeping.lines) lines are said, now \(keeping.said)") {
            keeping.said >= LogKeeping.lines
        }
        try keeping.daemon.mustCtl("stop", keeping.name)
        try keeping.daemon.waitFor(keeping.name, "it is stopped") { $0.pids.isEmpty }
    }

    /// Bytes a second of each worker: everything is said in about 5 seconds.
    private static let rate = max(20_000, LogKeeping.lines * 70 / 4 / 5)

    @Test(
        arguments: [
            ("raw", "64K", "none"), ("raw", "1M", "gzip"), ("stamped", "256K", "gzip"), ("json", "64K", "none"),
            ("json", "256K", "zstd"),
        ].filter { $0.2 == "none" || Binaries.installed($0.2) != nil }
    )
    func `through rotation, reloads and dead workers`(_ kind: String, _ size: String, _ compression: String) throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = "size: \(size), keep: false, total: false, compress: \(compression)"
            try daemon.start(Ecosystem.file(keeping.app(rate: Self.rate, attributes(kind, rotate: rotate))))
            for _ in 1...5 {
                try killOne(keeping)
                try daemon.mustCtl("reload", keeping.name)
            }
            try finish(keeping)
            if compression != "none" {
                try eventually(within: .seconds(120), "all is compressed, now \(keeping.aside())") {
                    keeping.aside().allSatisfy { $0.hasSuffix(compression == "zstd" ? ".zst" : ".gz") }
                }
            }
            let verdict = try keeping.judge(as: kind)
            #expect(verdict.wrong == [] && verdict.missing == 0 && verdict.markers == 0, "\(verdict)")
            #expect(verdict.lines >= LogKeeping.lines && verdict.workers >= 24, "\(verdict)")
            let limit = Self.bytes(size)
            #expect(verdict.files > LogKeeping.lines * 40 / limit, "\(verdict)")
            #expect(verdict.compressed == (compression == "none" ? 0 : verdict.files - 1), "\(verdict)")
            #expect(verdict.largest <= limit, "\(verdict)")
        }
    }

    private static func bytes(_ size: String) -> Int {
        (Int(size.dropLast()) ?? 0) << (size.hasSuffix("M") ? 20 : 10)
    }

    @Test(arguments: [("raw", "64K"), ("stamped", "1M"), ("json", "256K")])
    func `through koomyds that are killed`(_ kind: String, _ size: String) throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = "size: \(size), keep: false, total: false, compress: gzip"
            try daemon.start(Ecosystem.file(keeping.app(rate: Self.rate, attributes(kind, rotate: rotate))))
            let before = try daemon.app(keeping.name).pids
            for round in 1...4 {
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + LogKeeping.lines / 20 }
                try daemon.stop(SIGKILL)
                if round == 2 {
                    // Nobody reads until all pipes are full, and a worker dies meanwhile.
                    if let victim = before.first { kill(victim, SIGKILL) }
                    var quiet = -1
                    try eventually("the workers wait") {
                        quiet = keeping.said
                        try always(for: .milliseconds(200), "nobody reads") { daemon.process.ended != nil }
                        return keeping.said == quiet
                    }
                }
                try daemon.startAgain()
            }
            try daemon.waitFor(keeping.name, "all are there again") { $0.isSteady(4) }
            try daemon.mustCtl("reload", keeping.name)
            try finish(keeping)
            let verdict = try keeping.judge(as: kind)
            #expect(verdict.wrong == [] && verdict.missing == 0 && verdict.markers == 0, "\(verdict)")
            #expect(verdict.lines >= LogKeeping.lines && verdict.workers >= 9, "\(verdict)")
            #expect(verdict.largest <= Self.bytes(size), "\(verdict)")
        }
    }

    @Test(arguments: ["raw", "stamped", "json"])
    func `through a rotation every second, and koomyds that are killed`(_ kind: String) throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = "size: false, every: \"* * * * * *\", keep: false, total: false"
            try daemon.start(Ecosystem.file(keeping.app(rate: Self.rate, attributes(kind, rotate: rotate))))
            for _ in 1...6 {
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + LogKeeping.lines / 20 }
                let files = keeping.aside().count
                try eventually("it is put aside") { keeping.aside().count > files }
                try daemon.stop(SIGKILL)
                // So that a time to put it aside passes meanwhile.
                try always(for: .milliseconds(1_100), "nobody is there") { daemon.process.ended != nil }
                try daemon.startAgain()
            }
            try finish(keeping)
            let verdict = try keeping.judge(as: kind)
            #expect(verdict.wrong == [] && verdict.missing == 0 && verdict.markers == 0, "\(verdict)")
            #expect(verdict.lines >= LogKeeping.lines && verdict.files >= 7, "\(verdict)")
        }
    }

    @Test func `a third file has both streams, each line once, and so have the others`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let app = keeping.app(
                rate: Self.rate / 2,
                streams: ["out", "error"],
                ["log_file: true"] + attributes("stamped", rotate: "size: 256K, keep: false, total: false")
            )
            try daemon.start(Ecosystem.file(app))
            for _ in 1...3 {
                try killOne(keeping)
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + LogKeeping.lines / 10 }
                try daemon.stop(SIGKILL)
                try daemon.startAgain()
            }
            try finish(keeping)
            let both = try keeping.judge("\(daemon.home)/log/says.log", as: "stamped")
            #expect(both.wrong == [] && both.missing == 0 && both.lines >= LogKeeping.lines, "\(both)")
            // Each of the two has its stream, and the judge misses the other.
            let out = try keeping.judge(as: "stamped")
            let error = try keeping.judge("\(daemon.home)/log/says-error.log", as: "stamped")
            #expect(out.lines + error.lines == both.lines, "\(out) \(error) \(both)")
            for one in [out, error] {
                #expect(one.wrong.allSatisfy { $0.hasSuffix(" and 0 are there") }, "\(one)")
                #expect(one.workers * 2 == both.workers)
            }
        }
    }

    @Test func `each slot has files of its own where they are not merged`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            try daemon.start(Ecosystem.file(keeping.app(instances: 3, rate: 200_000, ["merge_logs: false"])))
            let mark = keeping.said
            try eventually("lines go on") { keeping.said > mark + 3_000 }
            let pids = try daemon.app(keeping.name).workers.reduce(into: [:]) { $0[$1.slot] = $1.pid }
            let files = try daemon.app(keeping.name).json.logs.files.array
            #expect(files.count == 6 && Set(files.compactMap(\.slot.int)) == [0, 1, 2])
            try daemon.mustCtl("stop", keeping.name)
            for slot in 0..<3 {
                let pid = try #require(pids[slot])
                let lines = Files.lines(of: "\(daemon.home)/log/says-out-\(slot).log")
                let names = Set(lines.compactMap { $0.split(separator: " ").first })
                #expect(names.count == 1 && names.first?.split(separator: ".").dropLast().last == "\(pid)", "\(names)")
                let count = Files.lines(of: "\(keeping.counts)/\(names.first ?? "")").first
                #expect(count == "\(lines.count)")
            }
            #expect(!Files.exists(keeping.out))
            let log = try daemon.app(keeping.name).json.logs
            #expect(log.out.isNull && log.error.isNull)
        }
    }

    // MARK: - How much is kept

    @Test func `no more files stay than are to be kept, and those are the newest`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = attributes("raw", rotate: "size: 64K, keep: 4, total: false")
            try daemon.start(Ecosystem.file(keeping.app(rate: 500_000, rotate)))
            let end = ContinuousClock.now + .seconds(3)
            try eventually("it goes on for a while") {
                // One more is there until koomyd has looked.
                #expect(keeping.aside().count <= 6)
                return ContinuousClock.now > end
            }
            try daemon.mustCtl("stop", keeping.name)
            try eventually("four are left") { keeping.aside().count == 4 }
            try checkNewest(keeping)
        }
    }

    @Test func `what was put aside takes no more space than it may`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = attributes("raw", rotate: "size: 64K, keep: false, total: 300K")
            try daemon.start(Ecosystem.file(keeping.app(rate: 500_000, streams: ["out", "error"], rotate)))
            let mark = keeping.said
            try eventually("lines go on") { keeping.said > mark + 40_000 }
            try daemon.mustCtl("stop", keeping.name)
            var sizes: [Int] = []
            let streams = ["out", "error"].map { "\(daemon.home)/log/says-\($0).log" }
            try eventually("there is no more than 300K, but \(sizes)") {
                sizes = streams.flatMap { path in
                    keeping.aside(path).map { Files.bytes(of: "\(path).\($0)")?.count ?? 0 }
                }
                return sizes.reduce(0, +) <= 300 << 10
            }
            #expect(sizes.count >= 3 && sizes.reduce(0, +) > 200 << 10, "\(sizes)")
            try checkNewest(keeping)
        }
    }

    @Test(arguments: ["gzip", "zstd"].filter { Binaries.installed($0) != nil })
    func `nor when it is compressed, and koomyd is killed at it`(_ program: String) throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = attributes("stamped", rotate: "size: 64K, keep: false, total: 300K, compress: \(program)")
            try daemon.start(Ecosystem.file(keeping.app(rate: 500_000, rotate)))
            let suffix = program == "zstd" ? ".zst" : ".gz"
            for _ in 1...3 {
                let mark = keeping.said
                try eventually("lines go on") { keeping.said > mark + 30_000 }
                try eventually("some are compressed") { keeping.aside().contains { $0.hasSuffix(suffix) } }
                try daemon.stop(SIGKILL)
                try daemon.startAgain()
            }
            try daemon.waitFor(keeping.name, "all are there again") { $0.isSteady(4) }
            try daemon.mustCtl("stop", keeping.name)
            var sizes: [String: Int] = [:]
            try eventually(within: .seconds(60), "all is compressed, and there is no more than 300K, but \(sizes)") {
                sizes = keeping.aside().reduce(into: [:]) {
                    $0[$1] = Files.bytes(of: "\(keeping.out).\($1)")?.count ?? 0
                }
                return sizes.keys.allSatisfy { $0.hasSuffix(suffix) } && sizes.values.reduce(0, +) <= 300 << 10
            }
            // As many as have room at least before they are compressed.
            #expect(sizes.count >= 4, "\(sizes)")
            let verdict = try keeping.judge(as: "stamped", mayDrop: true)
            #expect(verdict.wrong == [] && verdict.markers == 0 && verdict.compressed == sizes.count, "\(verdict)")
            #expect(verdict.largest <= 64 << 10, "\(verdict)")
        }
    }

    @Test func `what is older than it may be goes, and nothing else`() throws {
        try Daemon.with { daemon in
            let keeping = try LogKeeping(daemon)
            let rotate = attributes("raw", rotate: "size: 64K, keep: false, total: false, max_age: 3s")
            try daemon.start(Ecosystem.file(keeping.app(instances: 2, rate: 200_000, rotate)))
            try eventually("there are some") { keeping.aside().count >= 5 }
            let first = Set(keeping.aside().prefix(5))
            let begun = ContinuousClock.now
            try eventually("they are gone") { first.isDisjoint(with: keeping.aside()) }
            // By its time a file is a moment older than it is here, and a name has whole seconds.
            let span = ContinuousClock.now - begun
            #expect(span > .milliseconds(1_500) && span < .seconds(10), "\(span)")
            // Six files a second: those of the last three seconds are there, and not many more.
            let count = keeping.aside().count
            #expect(count > 8 && count < 60, "\(count)")
            try daemon.mustCtl("stop", keeping.name)
            try checkNewest(keeping)
        }
    }

    /// The last lines of each worker are there without a gap.
    private func checkNewest(_ keeping: LogKeeping) throws {
        let verdict = try keeping.judge(as: "raw", mayDrop: true)
        let kept = try keeping.judge(as: "raw")
        #expect(verdict.wrong == [] && verdict.markers == 0, "\(verdict)")
        // What is missing is missing at the beginning, once of each worker.
        #expect(kept.wrong.filter { $0.contains(" follows 0") }.count == verdict.workers, "\(kept)")
        #expect(kept.wrong.filter { $0.contains(" follows ") && !$0.hasSuffix(" follows 0") } == [], "\(kept)")
    }
}
