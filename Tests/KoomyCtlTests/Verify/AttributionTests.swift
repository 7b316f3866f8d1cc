import KoomyModel
import KoomyWire
import Testing

@testable import koomyctl

/// Whose fault a failure was, by what koomyd was doing.
struct AttributionTests {
    /// Worker 1 is replaced by worker 2: ready at 1,000, asked at 3,000, gone at 5,000.
    private let events = [
        EventView(seq: 1, at: 900, type: "worker.started", app: "a", slot: 0, serial: 2, pid: 12),
        EventView(seq: 2, at: 1_000, type: "worker.ready", app: "a", slot: 0, serial: 2, pid: 12),
        EventView(seq: 3, at: 3_000, type: "worker.draining", app: "a", slot: 0, serial: 1, pid: 11),
        EventView(seq: 4, at: 4_900, type: "worker.exited", app: "a", slot: 0, serial: 1, pid: 11),
        EventView(seq: 5, at: 5_000, type: "worker.gone", app: "a", slot: 0, serial: 1, pid: 11),
    ]

    private func judge(
        _ kind: LoadFailure.Kind,
        at time: Int64,
        due: Int64? = nil,
        isReused: Bool = false,
        hasListener: Bool = true
    ) -> Attribution {
        let failure = LoadFailure(
            kind: kind,
            isReused: isReused,
            hasListener: hasListener,
            listener: "tcp://127.0.0.1:1",
            dueAt: due ?? time,
            at: time
        )
        return Attribution(failure, events)
    }

    @Test func `where nothing listens it is koomyd's`() {
        #expect(judge(.refused, at: 3_500).culprit == .koomy)
        #expect(judge(.reset, at: 3_500, hasListener: false).culprit == .koomy)
    }

    @Test(arguments: [LoadFailure.Kind.reset, .closed, .truncated])
    func `a connection that breaks while a worker leaves is its drain's`(_ kind: LoadFailure.Kind) {
        let found = judge(kind, at: 3_312)
        #expect(found.culprit == .drain)
        #expect(found.slot == 0 && found.pid == 11)
        #expect(found.evidence.contains("worker 0 (pid 11) was leaving, 312 ms after it was asked to"))
        // It is seen a moment after the end.
        #expect(judge(kind, at: 4_930).culprit == .drain)
        #expect(judge(kind, at: 5_100).culprit == .unknown)
        #expect(judge(kind, at: 2_900).culprit == .unknown)
    }

    @Test func `an idle connection that is closed as a request is sent is told as such`() {
        let found = judge(.reset, at: 3_500, isReused: true)
        #expect(found.culprit == .drain)
        #expect(found.evidence.contains("an idle keep-alive connection was closed as a request was sent"))
        // What was read was in flight.
        #expect(judge(.closed, at: 3_500, isReused: true).evidence.contains("a request in flight"))
    }

    @Test func `bad answers after a worker was ready are its readiness's`() {
        let found = judge(.status(503), at: 1_200)
        #expect(found.culprit == .readiness)
        #expect(found.pid == 12)
        #expect(found.evidence == "status 503, 200 ms after worker 0 (pid 12) was ready")
        #expect(judge(.status(500), at: 3_100).evidence.hasSuffix("; worker 0 (pid 11) was leaving"))
        // When it was due counts, not when it was given up.
        #expect(judge(.timedOut, at: 10_900, due: 900).culprit == .unknown)
        #expect(judge(.timedOut, at: 11_100, due: 1_100).culprit == .readiness)
        #expect(judge(.status(500), at: 800).culprit == .unknown)
    }

    @Test func `anything else is unknown`() {
        #expect(judge(.other("no HTTP"), at: 3_500).culprit == .unknown)
    }
}

struct VerifyTargetTests {
    private func app(_ addresses: [String], desired: String = "running", spec: JSONValue? = nil) -> AppView {
        AppView(
            name: "a",
            state: "ok",
            desired: desired,
            instances: 1,
            generation: 1,
            listeners: addresses.map { ListenerView(name: "main", address: $0) },
            spec: spec
        )
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:80", ListenAddress.tcp(host: "127.0.0.1", port: 80)),
        ("tcp://0.0.0.0:80", .tcp(host: "127.0.0.1", port: 80)), ("tcp://[::]:80", .tcp(host: "::1", port: 80)),
        ("tcp://*:80", .tcp(host: "127.0.0.1", port: 80)), ("tcp://[::1]:80", .tcp(host: "::1", port: 80)),
        ("unix:/run/a", .unix(path: "/run/a")),
    ])
    func `listeners of this machine are reached`(_ text: String, _ address: ListenAddress) {
        #expect(VerifyTarget.reachable(text) == address)
    }

    @Test(arguments: ["tcp://10.0.0.1:80", "tcp://example.org:80", "udp://127.0.0.1:1", "tcp://127.0.0.1:x"])
    func `others are not`(_ text: String) {
        #expect(VerifyTarget.reachable(text) == nil)
        #expect(throws: VerifyTarget.Problem.self) { try VerifyTarget(app([text]), path: nil) }
    }

    @Test func `an app without a listener, or that does not run, cannot be verified`() {
        #expect(throws: VerifyTarget.Problem.self) { try VerifyTarget(app([]), path: nil) }
        #expect(throws: VerifyTarget.Problem.self) {
            try VerifyTarget(app(["unix:/run/a"], desired: "stopped"), path: nil)
        }
    }

    @Test func `the path is that of a probe where none is given`() throws {
        let http = JSONValue.object(["kind": .object(["http": .object(["path": .string("/live")])])])
        let health = JSONValue.object(["health": http])
        let ready = JSONValue.object(["readiness": .object(["probe": .object(["_0": http])])])
        #expect(try VerifyTarget(app(["unix:/a"], spec: health), path: nil).path == "/live")
        #expect(try VerifyTarget(app(["unix:/a"], spec: ready), path: nil).path == "/live")
        #expect(try VerifyTarget(app(["unix:/a"], spec: health), path: "/x").path == "/x")
        #expect(try VerifyTarget(app(["unix:/a"]), path: nil).path == "/")
    }
}
