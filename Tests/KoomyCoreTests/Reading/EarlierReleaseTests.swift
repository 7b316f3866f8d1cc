import FoundationEssentials
import KoomyModel
import Testing

@testable import KoomyCore

/// What earlier releases wrote, and what later ones may: missing keys have their defaults, unknown ones do no harm.
struct EarlierReleaseTests {
    private let decoder = JSONDecoder()

    private func state(_ text: String) throws -> DesiredState {
        try decoder.decode(DesiredState.self, from: Data(text.utf8))
    }

    private func json(_ value: some Encodable) throws -> JSONValue {
        try decoder.decode(JSONValue.self, from: try JSONEncoder().encode(value))
    }

    private func decoded<Value: Decodable>(_ json: JSONValue, as: Value.Type = Value.self) throws -> Value {
        try decoder.decode(Value.self, from: try JSONEncoder().encode(json))
    }

    // MARK: - Golden files

    @Test func `the state of release 0.1.0 is read`() throws {
        let data = try Fixture.read("state-0.1.0.json", orWrite: Fixture.state)
        #expect(try decoder.decode(DesiredState.self, from: data) == Fixture.state)
    }

    @Test func `the checkpoint of release 0.1.0 is read, and gone on with`() throws {
        let data = try Fixture.read("checkpoint-0.1.0.json", orWrite: Fixture.busy)
        let checkpoint = try decoder.decode(Fixture.Checkpoint.self, from: data)
        let timers = checkpoint.timers.reduce(into: [:]) { $0[$1.id] = $1.due }
        let replay = Replay(checkpoint.fleet, timers: timers, at: checkpoint.at)
        var fleet = replay.fleet
        #expect(fleet.apps.keys.map(\.text).sorted() == ["deaf", "roll", "wait"])
        #expect(fleet.apps[.named("roll")]?.condition == .rolling)
        for request in [2, 3, 4] as [UInt64] { #expect(fleet.owesAnswer(to: RequestID(request))) }
        let actions = fleet.handle(.resumed(away: .seconds(1), onDisk: fleet.durable), at: checkpoint.at + .seconds(1))
        #expect(actions.contains(.openListeners(.named("deaf"), 1)))
        #expect(!actions.contains { if case .anomaly = $0 { true } else { false } })
    }

    // MARK: - Missing keys

    @Test func `what is not written has its default`() throws {
        let text = """
            {"version": 1, "apps": [{"goal": "running", "generation": {"number": 2}, "spec":
              {"name": "a", "command": {"script": "x"}, "workingDirectory": "/", "stop": {}, "logs": {},
               "restart": {"maxRestarts": 3}, "rollout": {"surge": 2}, "attributes": {"nice": 1},
               "listeners": [{"name": "web", "address": {"unix": {"path": "/s"}}}],
               "health": {"kind": {"tcp": {"target": {"privateSocket": {}}}}}}}]}
            """
        var spec = AppSpec(name: .named("a"), command: Command(script: "x"), workingDirectory: "/")
        spec.restart.maxRestarts = 3
        spec.rollout.surge = 2
        spec.attributes.nice = 1
        spec.listeners = [ListenerSpec(name: "web", address: .unix(path: "/s"))]
        spec.health = Probe(kind: .tcp(target: .privateSocket))
        let state = try state(text)
        #expect(state.apps == [DesiredApp(spec: spec, file: nil, goal: .running, generation: 2)])
        #expect(state.revision == 0)
    }

    @Test(arguments: [
        #"{}"#, #"{"version": 1}"#, #"{"apps": []}"#,
        #"{"version": 1, "apps": [{"goal": "running", "generation": {"number": 2}}]}"#,
    ])
    func `what has no default is not made up`(_ text: String) {
        #expect(throws: DecodingError.self) { try state(text) }
    }

    @Test func `what is written wrongly is not passed over`() {
        #expect(throws: DecodingError.self) { try state(#"{"version": 1, "apps": [], "revision": "x"}"#) }
    }

    /// The properties of the machines that have a default.
    static let optionalKeys = [
        "saving", "waiters", "change", "backlog", "queuedReloads", "removals", "unrecorded", "rollout", "breaker",
        "tally", "recycles", "recycleHold", "ownsPort", "recentEnd", "sampling", "replacement", "backoff", "restarts",
        "lastEnd", "evidence", "readinessProbe", "healthProbe", "complaint", "memory", "isPassing", "attempts",
        "failures", "ends", "last", "forced", "replies", "shutdown", "done", "forcedDrains", "revision", "file",
        "stoppedSlots", "fileInstances", "environment", "health", "restart", "recycle", "identity",
        "attributes", "watchdog", "logs", "slotVariable", "startsAutomatically", "isDisabled", "minUptime",
        "jitter", "killTimeout", "healthyTime", "backlog", "reusePort",
        "preDrain", "preDrainHook", "connectionTimeout", "drain", "traces", "connections", "connectionDeadline",
    ]

    /// Keys that are required elsewhere are left out; objects with one key may be a case of an enumeration.
    @Test(arguments: Set(optionalKeys).subtracting(["file", "stoppedSlots", "minUptime", "backlog"]).sorted())
    func `a fleet is read without a property that has a default`(_ key: String) throws {
        let json = try json(Fixture.busy).mapObjects { $0.count < 2 ? $0 : $0.filter { $0.key != key } }
        _ = try decoded(json, as: Fixture.Checkpoint.self)
    }

    // MARK: - Unknown keys

    private func extended(_ json: JSONValue) -> JSONValue {
        // Those of an environment are names of variables.
        json.mapObjects { object in
            guard object.count > 1, object["VERSION"] == nil else { return object }
            return object.merging(["later": .list([.null, .text("x")])]) { $1 }
        }
    }

    @Test func `a state with keys that are not known is the same`() throws {
        #expect(try decoded(extended(try json(Fixture.state))) == Fixture.state)
    }

    @Test func `a fleet with keys that are not known is the same`() throws {
        #expect(try decoded(extended(try json(Fixture.busy))) == Fixture.busy)
    }
}
