import FoundationEssentials
import KoomyModel
import Testing

@testable import KoomyCore

/// Files as a release wrote them; every later one has to read them.
enum Fixture {
    /// Of a checkpoint, what belongs to the fleet.
    struct Checkpoint: Codable, Equatable {
        struct Timer: Codable, Equatable {
            var id: TimerID
            var due: Instant
        }

        var version: Int
        var at: Instant
        var fleet: Fleet
        var timers: [Timer]
    }

    private static var folder: String {
        "\(#filePath)".split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/"
    }

    static func read(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: folder + name)) }

    /// Reads a file; where it is missing, this release writes it and the test fails once, so that somebody looks at it.
    static func read(_ name: String, orWrite value: some Encodable) throws -> Data {
        if let data = try? read(name) { return data }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let data = try encoder.encode(value) + Data("\n".utf8)
        try data.write(to: URL(filePath: folder + name))
        Issue.record("\(name) was missing and has been written")
        return data
    }

    // MARK: - What they hold

    /// An app that says something about everything.
    static let spec: AppSpec = {
        var spec = AppSpec(
            name: .named("api"),
            command: Command(script: "srv", arguments: ["{fd}"], interpreter: "node", interpreterArguments: ["-i"]),
            workingDirectory: "/srv/api",
            environment: ["A": "1"],
            instances: 2,
            listeners: [
                ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 5000), reusePort: true),
                ListenerSpec(
                    name: "admin",
                    address: .unix(path: "/run/api.sock"),
                    backlog: 5,
                    mode: 0o600,
                    user: "www"
                ),
            ],
            readiness: .probe(Probe(kind: .http(target: .privateSocket, path: "/ready", status: 204))),
            health: Probe(kind: .exec(arguments: ["check"]), interval: .seconds(3), retries: 2)
        )
        spec.restart.stopExitCodes = [3]
        spec.restart.jitter = 0.25
        spec.stop.signal = .quit
        spec.rollout.order = .stopFirst
        spec.recycle.maxMemory = ByteCount(bytes: 300 << 20)
        spec.recycle.schedule = .everySecond
        spec.identity = Identity(user: "www", group: "adm")
        spec.attributes.nice = 5
        spec.attributes.limits = [ResourceLimit(resource: .nofile, soft: 10, hard: nil)]
        spec.watchdog = .seconds(7)
        spec.logs.outFile = "/var/log/api.log"
        spec.logs.format = .stamped(LogDateFormat(text: "YYYY x", tokens: [.year, .literal(" x")]))
        spec.port = 5000
        return spec
    }()

    static let state: DesiredState = {
        var state = DesiredState()
        var api = DesiredApp(spec: spec, file: "/etc/koomy/api.yml", goal: .running, generation: 4)
        api.stoppedSlots = [1]
        api.fileInstances = 3
        state[spec.name] = api
        let plain = AppSpec.plain(name: .named("job"))
        state[plain.name] = DesiredApp(spec: plain, file: nil, goal: .stopped, generation: 1)
        state.revision = 9
        return state
    }()

    /// A fleet in the middle of much: a rollout, a restart that waits, an app that cannot listen, a change and its backlog.
    static var busy: Checkpoint {
        let names = (roll: AppName.named("roll"), wait: AppName.named("wait"))
        var script = FleetScript.serving(
            .plain(2, name: names.roll) { $0.health = spec.health },
            .plain(name: names.wait),
            .plain(name: .named("deaf")) { $0.listeners = spec.listeners }
        )
        _ = script.ask(2, .reload(names.roll, AppSpec.plain(2, name: names.roll).version(2)))
        _ = script.ready(names.roll, 3)
        _ = script.ends(names.wait, 1, .exited(code: 1))
        _ = script.ends(names.wait, 2, .signaled(.segmentation, dumpedCore: true))
        _ = script.on(.lostListeners(.named("deaf"), "in use"))
        script.disk = .waits
        _ = script.ask(3, .scale(names.wait, .by(1)))
        _ = script.ask(4, .stop([Target(app: names.roll, slot: 1)]))
        let timers = script.timers.map { Checkpoint.Timer(id: $0.key, due: $0.value) }
            .sorted { "\($0.id)" < "\($1.id)" }
        return Checkpoint(version: 1, at: script.now, fleet: script.fleet, timers: timers)
    }
}

extension Signal {
    /// SIGSEGV.
    fileprivate static let segmentation = Signal(parsing: "SEGV") ?? .abort
}
