import Glibc
import TestSupport
import Testing

/// One story with one fault, from a clean set-up to koomyd's end; what was promised is checked on the way.
final class FaultRun {
    /// What came of it.
    struct Verdict: Sendable, CustomStringConvertible {
        var story: String
        var fault: Fault
        /// What the fault struck; nil where there were not so many effects.
        var victim: String?
        /// The exit code of koomyctl; nil where the story has no command.
        var code: Int32?
        /// The state that it settled in.
        var settled: String = "-"
        var problems: [String] = []
        var elapsed = Duration.zero
        /// What it could have struck.
        var effects: [Fault.Effect] = []

        /// The points at which a fault of this kind means something.
        func points(for kind: Fault.Kind) -> [Int] {
            switch kind {
            case .count: []
            case .fail: effects.map(\.numberOfAll)
            case .dieBefore, .dieAfter: effects.filter { !$0.isNeed }.map(\.number)
            case .tear: effects.filter(\.isWrite).map(\.number)
            }
        }

        var description: String {
            let code = code.map { "exit \($0)" } ?? "-"
            let word = problems.isEmpty ? "ok  " : "FAIL"
            let time = "\(Int(elapsed / .milliseconds(1))) ms"
            let head = "\(word) \(story):\(fault) \(code) \(settled) \(time) [\(victim ?? "not reached")]"
            return ([head] + problems.map { "     \($0)" }).joined(separator: "\n")
        }
    }

    private let story: FaultStory
    private let fault: Fault
    private let daemon: Daemon
    private let counts: String
    private var verdict: Verdict
    private var pids: [String: Set<pid_t>] = [:]
    private var deaths = 0
    private let begun = ContinuousClock.now

    private init(_ story: FaultStory, _ fault: Fault, _ daemon: Daemon) {
        self.story = story
        self.fault = fault
        self.daemon = daemon
        counts = daemon.workspace("counts")
        verdict = Verdict(story: story.name, fault: fault)
    }

    static func run(_ story: FaultStory, _ fault: Fault) -> Verdict {
        var run: FaultRun?
        do {
            return try Daemon.with(environment: fault.environment(sparing: story.spared)) { daemon in
                let one = FaultRun(story, fault, daemon)
                run = one
                do {
                    try one.tell()
                } catch {
                    one.blame("\(error)")
                    one.blame("koomyd: " + daemon.log.split(separator: "\n").suffix(25).joined(separator: "\n       "))
                }
                one.verdict.elapsed = ContinuousClock.now - one.begun
                if daemon.process.ended == nil { daemon.process.signal(SIGKILL) }
                _ = try daemon.process.wait()
                for pid in daemon.strays { kill(pid, SIGKILL) }
                return one.verdict
            }
        } catch {
            var verdict = run?.verdict ?? Verdict(story: story.name, fault: fault)
            verdict.problems.append("\(error)")
            return verdict
        }
    }

    private func blame(_ words: String) { verdict.problems.append(words) }

    private func note() {
        verdict.effects = Fault.effects(in: daemon.workspace)
        verdict.victim = fault.victim(in: daemon.workspace)
        if fault.kind == .count, let path = getenv("KOOMY_FAULT_LIST") {
            let text = verdict.effects.map { "\($0.number) \($0.numberOfAll) \($0.name)\n" }.joined()
            try? Files.write(text, to: "\(String(cString: path)).\(story.name)")
        }
    }

    // MARK: - The story

    private func tell() throws {
        try Files.makeFolder(counts)
        let baseline = daemon.idleDescriptors?.count ?? 0
        try daemon.start(try story.firstFile.text(counts: counts))
        try settle([story.before])
        for name in story.before.ready.keys { pids[name] = try daemon.app(name).pids }
        try daemon.write(try story.file.text(counts: counts))
        let load = story.endsDaemon ? nil : try daemon.load(on: "web", rate: 50)
        try load?.waitFor(seconds: 0.05)

        try begin()
        note()
        Fault.disarm(in: daemon.workspace)
        if fault.isDeath, deaths == 0 { try strikeLate() }
        if fault.kind == .fail, daemon.process.ended != nil, !story.endsDaemon { blame("koomyd ended") }
        if story.endsDaemon { try comeAfterEnd() }

        try settle(acceptable)
        checkPids()
        try checkProcesses()
        if fault.kind == .fail { try askAgain() }
        if let load { try check(load) }
        try end(baseline)
    }

    private func begin() throws {
        switch story.beginning {
        case .command(let words):
            try Fault.arm(in: daemon.workspace)
            verdict.code = try command(words)
        case .crash(let app):
            try Fault.arm(in: daemon.workspace)
            for pid in try daemon.app(app).pids.prefix(1) { kill(pid, SIGKILL) }
            try whileReviving("a new worker is there") {
                guard let now = try? daemon.find(app) else { return false }
                return now.isSteady(1) && now.pids.isDisjoint(with: pids[app] ?? [])
            }
        case .comeback:
            daemon.process.signal(SIGKILL)
            _ = try daemon.process.wait()
            try Fault.arm(in: daemon.workspace)
            try daemon.launchAgain()
            try whileReviving("koomyd answers") { (try? daemon.status()) != nil }
        }
    }

    private func command(_ words: [String]) throws -> Int32? {
        let words = words.map { $0 == "FILE" ? daemon.workspace("eco.yaml") : $0 }
        let client = try BackgroundProcess(
            [Binaries.path("koomyctl")] + words,
            name: "ctl",
            in: daemon.workspace,
            environment: baseEnvironment(home: daemon.workspace("home")).merging(["KOOMY_HOME": daemon.home]) { $1 }
        )
        defer { client.stop() }
        try whileReviving("koomyctl \(words) has ended: \(client.output)\(client.errorOutput)") { client.ended != nil }
        guard case .code(let code) = client.ended else {
            blame("koomyctl ended with \(client.ended.map { "\($0)" } ?? "?")")
            return nil
        }
        let isExpected = code == story.code || (deaths > 0 && story.codesAfterDeath.contains(code))
        if !isExpected, fault.kind != .fail {
            blame("koomyctl \(words[0]) exits with \(code): \(client.output)\(client.errorOutput)")
        }
        return code
    }

    /// Waits for something, and starts koomyd again when the fault has killed it.
    private func whileReviving(_ what: @autoclosure () -> String, until isDone: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            if let exit = daemon.process.ended { try revive(after: exit) }
            if try isDone() { break }
            guard ContinuousClock.now < deadline else { throw TestFailure(description: "not within 20 s: \(what())") }
            waitBriefly()
        }
        // A death at the very end of it.
        waitBriefly()
        if let exit = daemon.process.ended { try revive(after: exit) }
    }

    private func revive(after exit: Exit) throws {
        if exit == .code(0), story.endsDaemon { return }
        // One that cannot begin says so and ends; whoever started it does so again.
        var couldNotBegin = false
        if case .comeback = story.beginning { couldNotBegin = fault.kind == .fail && exit == .code(70) }
        guard couldNotBegin || exit == .signal(SIGKILL) && fault.isDeath, deaths == 0 else {
            throw TestFailure(description: "koomyd ended with \(exit)")
        }
        deaths += 1
        try daemon.launchAgain(Fault.noEnvironment)
        if !story.endsDaemon { try daemon.waitUntilItAnswers() }
    }

    /// There were fewer effects this time: then it dies when everything is done.
    private func strikeLate() throws {
        if daemon.process.ended == nil { daemon.process.signal(SIGKILL) }
        guard try daemon.process.wait() == .signal(SIGKILL) else { return }
        deaths += 1
        try daemon.launchAgain(Fault.noEnvironment)
        if !story.endsDaemon { try daemon.waitUntilItAnswers() }
    }

    /// koomyd was asked to leave; what was asked for is what a later one brings back.
    private func comeAfterEnd() throws {
        if verdict.code == 0, deaths == 0 {
            _ = try daemon.process.wait(within: .seconds(10))
            if !daemon.strays.isEmpty { blame("koomyd has left, and these have not: \(names(daemon.strays))") }
        }
        // One that came back after a death may still be leaving.
        _ = try? daemon.waitUntilItAnswers()
        if daemon.process.ended == nil {
            guard (try? daemon.process.wait(within: .milliseconds(500))) != nil else { return }
        }
        try daemon.startAgain(Fault.noEnvironment)
    }

    // MARK: - What was promised

    /// What was acknowledged holds; what was not is there or not.
    private var acceptable: [FaultStory.Picture] {
        guard case .command = story.beginning else { return [story.after] }
        return verdict.code == 0 ? [story.after] : [story.before, story.after]
    }

    private func settle(_ pictures: [FaultStory.Picture]) throws {
        var seen = ""
        do {
            let picture = try eventually(within: .seconds(15), "it settles") {
                guard let status = try? daemon.status() else { return FaultStory.Picture?.none }
                seen = status.apps.array.map { AppView.described($0) }.joined(separator: "; ")
                return pictures.first { isLike($0) }
            }
            verdict.settled = picture == story.after ? "after" : "before"
        } catch {
            throw TestFailure(
                description: "does not settle on \(pictures.map(\.ready)) \(pictures.map(\.label)): \(seen)"
            )
        }
    }

    private func isLike(_ picture: FaultStory.Picture) -> Bool {
        guard let apps = try? daemon.status().apps.array, apps.count == picture.ready.count else { return false }
        for (name, count) in picture.ready {
            guard let app = try? daemon.find(name) else { return false }
            if count == 0 {
                guard app.state == "stopped", app.pids.isEmpty else { return false }
            } else {
                guard app.isSteady(count), app.workers.allSatisfy({ $0.generation == app.generation }) else {
                    return false
                }
            }
        }
        guard picture.ready["web"] != 0 else { return true }
        // Every worker says the same: each connection may reach another one.
        for _ in 0..<4 {
            guard let port = try? daemon.port(of: "web"),
                let answer = try? HTTP.get("/api/health", from: .tcp(port)),
                (try? JSON(parsing: answer.body).version.string) == picture.label
            else { return false }
        }
        return true
    }

    private func checkPids() {
        func now(_ name: String) -> Set<pid_t> { (try? daemon.find(name)?.pids) ?? [] }
        for name in story.untouched where pids[name] != now(name) {
            blame("\(name) had no reason to be replaced: \(pids[name] ?? []) became \(now(name))")
        }
        for name in story.resized {
            let (old, new) = (pids[name] ?? [], now(name))
            if !old.isSubset(of: new), !new.isSubset(of: old) { blame("\(name) had \(old) and has \(new)") }
        }
        for (name, count) in story.kept {
            let (old, new) = (pids[name] ?? [], now(name))
            if old.intersection(new).count < count {
                blame("fewer than \(count) of \(name) are the same: \(old) \(new)")
            }
        }
    }

    /// No process but those that are shown, and no worker twice.
    private func checkProcesses() throws {
        var left: [pid_t] = []
        for _ in 0..<400 {
            let shown = try daemon.status().apps.array.flatMap { $0.workers.array.compactMap(\.pid.int) }
            left = daemon.strays.filter { !shown.contains(Int($0)) && !isKeeper($0) }
            if left.isEmpty { return }
            waitBriefly()
        }
        blame("processes that nobody accounts for: \(names(left))")
    }

    private func isKeeper(_ pid: pid_t) -> Bool { ProcessTable.arguments(of: pid).contains("--keep") }

    private func names(_ pids: [pid_t]) -> [String] {
        pids.map { "\($0) \(ProcessTable.arguments(of: $0).joined(separator: " "))" }
    }

    /// After a failure the same command, with nothing in the way, does what it says.
    private func askAgain() throws {
        guard case .command(let words) = story.beginning, !story.endsDaemon else { return }
        if verdict.code == story.code, story.name != "start" { return }
        let code = try command(words)
        let isDone = story.name == "delete" && code == 2
        if code != story.code, !isDone { blame("asked again, koomyctl exits with \(code ?? -1)") }
        try settle([story.after])
    }

    private func check(_ load: LoadGenerator) throws {
        let report = try load.finish()
        if report.failed != 0 || report.ok != report.begun { blame("requests: \(report)") }
    }

    /// Everything goes, and nothing is left of it.
    private func end(_ baseline: Int) throws {
        let result = try daemon.ctl("delete", "all")
        if result.code != 0 { blame("delete all: \(result)") }
        checkLines()
        do {
            try eventually(within: .seconds(3), "no descriptor leaks") {
                ProcessTable.descriptors(of: daemon.pid).count <= baseline + 4
            }
        } catch {
            blame("descriptors leak: \(baseline) became \(ProcessTable.descriptors(of: daemon.pid))")
        }
        let exit = try daemon.stop()
        if exit != .code(0) { blame("koomyd ended with \(exit)") }
        do {
            try eventually(within: .seconds(3), "nothing is left") { daemon.strays.isEmpty }
        } catch {
            blame("left behind: \(names(daemon.strays))")
        }
    }

    /// Each line that a worker has said is in the log once, and in order.
    private func checkLines() {
        var last: [String: Int] = [:]
        for line in daemon.logLines(of: "lines") {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = Int(words[1]) else {
                blame("a line that nobody said: \(line)")
                continue
            }
            let name = String(words[0])
            let before = last.updateValue(number, forKey: name) ?? 0
            if number != before + 1 { blame("worker \(name): line \(number) follows \(before)") }
        }
        for name in Files.names(in: counts) {
            let said = Int(Files.text(of: "\(counts)/\(name)")?.prefix { $0.isNumber } ?? "") ?? 0
            let logged = last[name, default: 0]
            if logged < said { blame("worker \(name) said \(said) lines, the log has \(logged)") }
        }
    }
}
