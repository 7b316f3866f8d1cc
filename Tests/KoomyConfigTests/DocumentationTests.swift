import KoomyModel
import Testing

@testable import KoomyConfig

/// The repository's folder, from this file's place in it.
private let repository = PathResolver.join(#filePath, "../../..")

private func contents(_ path: String) throws -> String {
    String(decoding: try FileContents.read(path: repository + "/" + path), as: UTF8.self)
}

/// A fenced block of a Markdown file.
private struct Fence {
    var info = ""
    var lines: [String] = []
    var text: String { lines.map { $0 + "\n" }.joined() }
}

private func fences(of markdown: String) -> [Fence] {
    var fences: [Fence] = []
    var open: Fence?
    for line in markdown.components(separatedBy: "\n") {
        if line.hasPrefix("```") {
            if let fence = open { fences.append(fence) }
            open = open == nil ? Fence(info: String(line.dropFirst(3))) : nil
        } else {
            open?.lines.append(line)
        }
    }
    return fences
}

@Suite struct DocumentationTests {
    @Test func `each example does what is written under it`() throws {
        let fences = fences(of: try contents("docs/configuration.md"))
        #expect(fences.count > 15)
        for (index, fence) in fences.enumerated() {
            let language = fence.info.components(separatedBy: " ")[0]
            guard language == "yaml" || language == "json" else { continue }
            let isBroken = fence.info.hasSuffix(" broken")
            let following = index + 1 < fences.count ? fences[index + 1] : Fence()
            let diagnostics: [Diagnostic]
            do {
                let ecosystem = try load(fence.text, name: "api." + language)
                #expect(!isBroken, "\(fence.text)")
                diagnostics = ecosystem.warnings
            } catch {
                #expect(isBroken, "\(error)")
                diagnostics = error.diagnostics
            }
            let shown = following.info == "text" ? following.text : ""
            #expect(diagnostics.map { $0.rendered() + "\n" }.joined() == shown)
        }
    }

    @Test func `the tables hold every attribute with its aliases`() throws {
        var rows: [String: [String]] = [:]
        for line in try contents("docs/configuration.md").components(separatedBy: "\n") where line.hasPrefix("| `") {
            let cells = line.components(separatedBy: "|").dropFirst().map { cell in
                cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            }
            guard line.components(separatedBy: "|").count == 7, let name = cells.first?.first else { continue }
            rows[name, default: []] += cells[cells.startIndex + 1]
        }
        func check<Key: Vocabulary>(_: Key.Type) {
            for key in Key.allCases {
                #expect(rows[key.rawValue] == key.aliases || sharedNames.contains(key.rawValue), "\(key)")
            }
        }
        // These stand in two tables, as `port`, which an app, a listener and a probe have.
        let sharedNames: Set = ["port", "name", "user", "group", "keep"]
        check(AppAttribute.self)
        check(ListenAttribute.self)
        check(ProbeAttribute.self)
        check(LogAttribute.self)
        check(RotateAttribute.self)
        check(DeployAttribute.self)
        check(TaskAttribute.self)
        check(RehearseAttribute.self)
        let known = Set(
            AppAttribute.allCases.map(\.rawValue) + ListenAttribute.allCases.map(\.rawValue)
                + ProbeAttribute.allCases.map(\.rawValue) + LogAttribute.allCases.map(\.rawValue)
                + RotateAttribute.allCases.map(\.rawValue) + DeployAttribute.allCases.map(\.rawValue)
                + TaskAttribute.allCases.map(\.rawValue) + RehearseAttribute.allCases.map(\.rawValue)
        )
        #expect(Set(rows.keys) == known)
    }

    @Test func `what does nothing is listed`() throws {
        let text = try contents("docs/configuration.md")
        let section = text.components(separatedBy: "## Files from PM2")[1].components(separatedBy: "| attribute")[0]
        for attribute in IgnoredAttribute.allCases {
            for name in [attribute.rawValue] + attribute.aliases { #expect(section.contains("`\(name)`"), "\(name)") }
        }
    }

    @Test func `the tables hold every resource and token`() throws {
        let text = try contents("docs/configuration.md")
        #expect(text.contains(ResourceLimit.Resource.allCases.map(\.rawValue).sorted().joined(separator: " ")))
        let tokens = text.components(separatedBy: "| tokens of")[1].components(separatedBy: "Other tokens")[0]
        for token in [
            "YYYY", "YY", "MMMM", "MMM", "MM", "M", "DD", "D", "dddd", "ddd", "HH", "H", "hh", "h", "A", "a", "mm",
            "ss", "SSSSSS", "ZZ", "X", "x",
        ] {
            #expect(tokens.contains(token))
        }
    }

    @Test func `defaults are what the tables say`() throws {
        let spec = try app("listen: 1\nhealth: /\nmax_memory: 1G\n")
        let defaults: [(String, String)] = [
            ("ready_timeout", spec.rollout.readyTimeout.description),
            ("healthy_time", spec.rollout.healthyTime.description),
            ("surge", "\(spec.rollout.surge)"), ("unavailable", "\(spec.rollout.unavailable)"),
            ("replace", spec.rollout.order.rawValue),
            ("min_uptime", spec.restart.minUptime.description), ("max_restarts", "\(spec.restart.maxRestarts)"),
            ("restart_window", spec.restart.window.description), ("backoff", spec.restart.delay.description),
            ("max_backoff", spec.restart.maxDelay.description), ("jitter", "\(spec.restart.jitter)"),
            ("errored_retry", spec.restart.erroredRetry.description),
            ("stop_signal", spec.stop.signal.description), ("kill_timeout", spec.stop.killTimeout.description),
            ("instances", "\(spec.instances)"), ("instance_var", spec.slotVariable),
            ("autostart", "\(spec.startsAutomatically)"),
            ("autorestart", "\(spec.restart.isAutomatic)"), ("disable_logs", "\(spec.logs.target == .none)"),
            ("no_new_privs", "\(spec.attributes.noNewPrivileges)"),
            ("backlog", "\(spec.listeners[0].backlog)"), ("reuseport", "\(spec.listeners[0].reusePort)"),
            ("nonblocking", "\(spec.listeners[0].nonblocking)"),
            ("interval", spec.health?.interval.description ?? ""), ("timeout", spec.health?.timeout.description ?? ""),
            ("retries", "\(spec.health?.retries ?? 0)"),
        ]
        let lines = try contents("docs/configuration.md").components(separatedBy: "\n")
        for (name, value) in defaults {
            let row = try #require(lines.first { $0.hasPrefix("| `\(name)` |") }, "\(name)")
            #expect(row.components(separatedBy: "|")[4].contains("`\(value)`"), "\(name) \(value)")
        }
        #expect(spec.recycle.effectiveHardMemory?.description == "2G")
    }

    @Test func `defaults of logs are what the tables say`() throws {
        let logs = try app("").logs
        let rotation = try #require(logs.rotation)
        /// What stands in the tables where nothing is a bound.
        func orFalse(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "false" }
        let defaults: [(String, String)] = [
            ("log_file", orFalse(logs.combinedFile)), ("merge_logs", "\(logs.isMerged)"),
            ("log_type", "\(logs.format)"),
            ("disable_logs", "\(logs.target == .none)"), ("target", logs.target.rawValue), ("format", "\(logs.format)"),
            ("rotate", "\(logs.rotation != nil)"), ("full", logs.whenFull.rawValue),
            ("mode", "0" + String(logs.mode, radix: 8)), ("size", orFalse(rotation.size)),
            ("every", orFalse(rotation.schedule?.text)), ("keep", orFalse(rotation.keep)),
            ("max_age", orFalse(rotation.maxAge)), ("total", orFalse(rotation.total)),
            ("compress", rotation.compression.rawValue),
        ]
        let section = try contents("docs/configuration.md").components(separatedBy: "\n## Logs\n")[1]
        let lines = section.components(separatedBy: "\n## ")[0].components(separatedBy: "\n")
        for (name, value) in defaults {
            let row = try #require(lines.first { $0.hasPrefix("| `\(name)` |") }, "\(name)")
            #expect(row.components(separatedBy: "|")[4] == " `\(value)` ", "\(name)")
        }
        #expect(logs.owner == nil && logs.group == nil)
    }

    @Test func `the tables hold every target and its words`() throws {
        let text = try contents("docs/configuration.md")
        let targets = text.components(separatedBy: "| `target` | lines go")[1].components(separatedBy: "\n\n")[0]
        for target in LogTarget.allCases { #expect(targets.contains("| `\(target.rawValue)` |")) }
        #expect(text.contains(LogOverflow.allCases.map { "`\($0.rawValue)`" }.joined(separator: " ")))
        #expect(text.contains(LogCompression.allCases.map { "`\($0.rawValue)`" }.joined(separator: " ")))
        #expect(text.contains(CronExpression.words.map { "`\($0)`" }.joined(separator: " ")))
    }

    @Test func `the README's example is one`() throws {
        guard FileContents.exists(atPath: repository + "/README.md") else { return }
        for fence in fences(of: try contents("README.md")) where fence.info == "yaml" {
            #expect(try load(fence.text).warnings.isEmpty)
        }
    }
}

@Suite struct ExampleTests {
    private func load(_ name: String, environment: String? = nil) throws -> [AppSpec] {
        var context = LoadContext.sample
        context.environmentName = environment
        let ecosystem = try EcosystemFile.load(path: repository + "/ecosystem/" + name, context: context)
        #expect(ecosystem.warnings.isEmpty, "\(ecosystem.warnings)")
        return ecosystem.apps
    }

    @Test func `the reference worker`() throws {
        let spec = try #require(try load("koomy-api.yaml").first)
        #expect(spec.name.text == "koomy-api" && spec.instances == 2 && spec.port == 5000)
        #expect(spec.command.script == repository + "/.build/release/koomy-api")
        #expect(spec.workingDirectory == repository)
        #expect(spec.listeners.map(\.address.description) == ["tcp://*:5000"])
        #expect(spec.health?.kind == .http(target: .privateSocket, path: "/health", status: nil))
        #expect(spec.recycle.maxMemory?.description == "300M" && spec.stop.killTimeout == .seconds(10))
        #expect(spec.environment["KOOMY_ENV"] == "production")
    }

    @Test func `three services`() throws {
        let apps = try load("lumira.yaml")
        #expect(apps.map(\.name.text) == ["main-app", "expert-desk", "api-backend"])
        #expect(apps.map(\.port) == [3000, 3001, 3002])
        #expect(apps.allSatisfy { $0.health?.interval == .seconds(30) && $0.health?.timeout == .seconds(10) })
        #expect(apps[2].health?.startPeriod == .seconds(60) && apps[2].health?.retries == 3)
        #expect(apps[2].readiness == .ipc && apps[2].instances == 4)
        #expect(apps[1].rollout.order == .stopFirst && apps[1].stop.signal == .quit && apps[1].listeners.isEmpty)
        #expect(apps.allSatisfy { $0.logs.format == .json && $0.logs.rotation?.compression == .gzip })
        #expect(apps.allSatisfy { $0.logs.rotation?.schedule?.text == "daily" && $0.logs.rotation?.keep == 14 })
        #expect(apps.allSatisfy { !$0.environment.keys.contains { $0.hasSuffix("_KEY") || $0.hasSuffix("_URL") } })
    }

    @Test func `four workers of a compiled backend`() throws {
        let spec = try #require(try load("koprogo.yaml").first)
        #expect(spec.instances == 4 && spec.rollout.surge == 1 && spec.rollout.unavailable == 0)
        #expect(spec.environment["DATABASE_MAX_CONNECTIONS"] == "3")
        #expect(spec.recycle.effectiveHardMemory?.description == "192M" && spec.recycle.maxAge == .seconds(604_800))
        #expect(spec.attributes.limits == [ResourceLimit(resource: .nofile, soft: 65536, hard: 65536)])
    }

    @Test func `an app that came from PM2`() throws {
        let spec = try #require(try load("romuo-vtc.yaml", environment: "production").first)
        #expect(spec.instances == 2 && spec.recycle.maxMemory?.description == "300M" && spec.restart.maxRestarts == 10)
        #expect(spec.restart.minUptime == .seconds(10) && spec.stop.killTimeout == .seconds(10))
        #expect(
            spec.logs.outFile == "/srv/romuo-vtc/logs/out.log" && spec.logs.errorFile == "/srv/romuo-vtc/logs/error.log"
        )
        #expect(spec.logs.format.dateFormat?.text == "YYYY-MM-DD HH:mm:ss Z")
        #expect(spec.readiness == .ipc && spec.environment == ["NODE_ENV": "production"])
        #expect(try load("romuo-vtc.yaml")[0].environment == ["NODE_ENV": "development"])
    }
}
