import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct HealthTests {
    private func health(_ value: String, _ more: String = "") throws -> Probe? {
        try app("health: \(value)\n" + more).health
    }

    @Test func `kinds of probes`() throws {
        #expect(try health("/health") == Probe(kind: .http(target: .privateSocket, path: "/health", status: nil)))
        #expect(try health("{http: /health}") == health("/health"))
        #expect(try health("{http: /h, status: 204}")?.kind == .http(target: .privateSocket, path: "/h", status: 204))
        #expect(try health("{tcp: true}")?.kind == .tcp(target: .privateSocket))
        #expect(try health("{exec: [./check, --quick]}")?.kind == .exec(arguments: ["./check", "--quick"]))
        #expect(try health("{exec: ./check 'a b'}")?.kind == .exec(arguments: ["./check", "a b"]))
        #expect(try health("{tcp: true, port: 9000}")?.kind == .tcp(target: .port(9000, perSlot: false)))
        #expect(
            try health("{http: /, port: \"9000+{slot}\"}", "instances: 4\nlisten: 5000\n")?.kind
                == .http(target: .port(9000, perSlot: true), path: "/", status: nil)
        )
        #expect(
            try health("{http: /, unix: probe.sock}")?.kind
                == .http(target: .unix(path: "/srv/shop/probe.sock"), path: "/", status: nil)
        )
        #expect(
            try health("{tcp: true, unix: \"/run/p-{slot}.sock\"}", "instances: 2\n")?.kind
                == .tcp(target: .unix(path: "/run/p-{slot}.sock"))
        )
        #expect(try health("false") == nil)
    }

    @Test func `when a probe is asked`() throws {
        let probe = try #require(
            try health("{http: /health, interval: 30s, timeout: 10s, retries: 3, start_period: 60s}")
        )
        #expect(probe.interval == .seconds(30) && probe.timeout == .seconds(10))
        #expect(probe.retries == 3 && probe.startPeriod == .seconds(60))
        #expect(try health("{tcp: true, startPeriod: 1500}")?.startPeriod == .milliseconds(1500))
        let plain = try #require(try health("/"))
        #expect(
            plain.interval == .seconds(10) && plain.timeout == .seconds(5) && plain.retries == 3
                && plain.startPeriod == .zero
        )
    }

    @Test func `a trace of an unhealthy worker`() throws {
        #expect(try health("{tcp: true, trace: true}")?.traces == true)
        #expect(try health("{tcp: true}")?.traces == false)
        expectAttributeProblems("health: {tcp: true, trace: «1}\n", "trace | trace: true")
        expectAttributeProblems("ready: {tcp: true, trace: «true}\n", "means nothing in \"ready\" | into \"health\"")
    }

    @Test func `what is wrong with a probe`() {
        expectAttributeProblems("health: «true\n", "a path or a mapping, not true | {http: /health}")
        expectAttributeProblems("health: «{interval: 10s}\n", "this probe asks nothing | http: /health")
        expectAttributeProblems("health: {http: /a, tcp: «true}\n", "a probe has one of http, tcp and exec")
        expectAttributeProblems("health: {http: «health}\n", "\"health\" is not the path of a URL")
        expectAttributeProblems(
            "health: {http: «http://localhost/health}\n",
            "is not the path of a URL | port goes beside it"
        )
        expectAttributeProblems("health: {http: «/a b}\n", "is not the path of a URL")
        expectAttributeProblems(
            "health: {tcp: «9000}\n",
            "\"tcp\" is true, not the number 9000 | {tcp: true, port: 9000}"
        )
        expectAttributeProblems("health: {tcp: «false}\n", "\"tcp\" is true, not false")
        expectAttributeProblems("health: {exec: «''}\n", "this probe runs no command")
        expectAttributeProblems("health: {exec: «[]}\n", "this probe runs no command")
        expectAttributeProblems(
            "health: {exec: [a], port: «1, unix: «b}\n",
            "an exec probe has no address",
            "an exec probe has no address"
        )
        expectAttributeProblems("health: {tcp: true, status: «200}\n", "\"status\" is for http probes")
        expectAttributeProblems("health: {http: /, status: «99}\n", "\"status\" is 100 to 599")
        expectAttributeProblems("health: {http: /, retries: «0}\n", "\"retries\" is 1 to 1000")
        expectAttributeProblems("health: {http: /, interval: «0}\n", "\"interval\" is more than nothing")
        expectAttributeProblems("health: {http: /, timeout: «soon}\n", "a length of time")
        expectAttributeProblems(
            "health: {http: /, «intervall: 1s}\n",
            "unknown attribute \"intervall\" of a probe | \"interval\""
        )
        expectAttributeProblems("health: {http: /, port: «x}\n", "\"port\" is a port of each worker | \"9000+{slot}\"")
        expectAttributeProblems("health: {http: /, port: «0}\n", "\"port\" is a port of each worker")
        expectAttributeProblems(
            "health: {http: /, port: 1, unix: b}\n".replacing("port: 1", with: "port: «1"),
            "one of port and unix"
        )
    }

    @Test func `a shared listener is nobody's own port`() {
        expectAttributeProblems(
            "listen: 5000\nhealth: {http: /, port: «5000}\n",
            "port 5000 is a listener of all workers: another worker could answer | socket of its own"
        )
        expectAttributeProblems(
            "instances: 4\nlisten: [80, 127.0.0.1:9002]\nhealth: {tcp: true, port: «\"9000+{slot}\"}\n",
            "port 9002 is a listener of all workers"
        )
        expectAttributeProblems(
            "listen: unix:a.sock\nhealth: {tcp: true, unix: «./a.sock}\n",
            "this socket is a listener of all workers"
        )
        expectAttributeProblems(
            "listen: 5000\nready: {http: /, port: «5000}\n",
            "port 5000 is a listener of all workers"
        )
    }

    @Test func `several workers do not own one port`() throws {
        expectAttributeProblems(
            "instances: 2\nhealth: {tcp: true, port: «9000}\n",
            "2 workers cannot all own port 9000 | 9000+{slot}"
        )
        expectAttributeProblems(
            "instances: 2\nhealth: {tcp: true, unix: «/run/a}\n",
            "2 workers cannot all own this socket | {slot}"
        )
        expectAttributeProblems("instances: 2\nhealth: {tcp: true, port: «\"65535+{slot}\"}\n", "a port of each worker")
        #expect(try health("{tcp: true, port: \"65535+{slot}\"}") != nil)
    }
}

@Suite struct ReadinessTests {
    private func ready(_ attributes: String) throws -> ReadinessRule { try app(attributes).readiness }

    @Test func `every rule`() throws {
        #expect(try ready("") == .automatic)
        #expect(try ready("ready: auto\n") == .automatic)
        #expect(try ready("ready: notify\n") == .notify)
        #expect(try ready("ready: ipc\n") == .ipc)
        #expect(try ready("ready: observed\n") == .observed)
        #expect(try ready("ready: uptime\n") == .uptime)
        #expect(try ready("ready: {fd: 5}\n") == .descriptor(5))
        #expect(try ready("ready: fd:5\n") == .descriptor(5))
        #expect(
            try ready("ready: {exec: [./up]}\n")
                == .probe(
                    Probe(kind: .exec(arguments: ["./up"]), interval: .milliseconds(250))
                )
        )
        #expect(
            try ready("ready: {http: /ready, interval: 1s, timeout: 2s}\n")
                == .probe(
                    Probe(
                        kind: .http(target: .privateSocket, path: "/ready", status: nil),
                        interval: .seconds(1),
                        timeout: .seconds(2)
                    )
                )
        )
        #expect(
            try ready("ready: {tcp: true}\n")
                == .probe(Probe(kind: .tcp(target: .privateSocket), interval: .milliseconds(250)))
        )
    }

    @Test func `PM2's wait_ready`() throws {
        #expect(try ready("wait_ready: true\n") == .notify)
        #expect(try ready("wait_ready: true\ninterpreter: node\n") == .ipc)
        #expect(try ready("waitReady: true\ninterpreter: /opt/node/bin/node\n") == .ipc)
        #expect(try ready("wait_ready: true\ninterpreter: python3\n") == .notify)
        #expect(try load("script: a.js\nwait_ready: true\n").apps[0].readiness == .ipc)
        #expect(try ready("wait_ready: false\n") == .automatic)
        #expect(try ready("wait_ready: false\nready: notify\n") == .notify)
        expectAttributeProblems("ready: ipc\nwait_ready: «true\n", "\"wait_ready\" and \"ready\" both say | keep ready")
    }

    @Test func `what proves nothing`() {
        expectAttributeProblems(
            "ready: «notfy\n",
            "\"ready\" is one of auto, notify, ipc, observed, uptime | \"notify\""
        )
        expectAttributeProblems("ready: «true\n", "is one of auto")
        expectAttributeProblems("ready: «[notify]\n", "a word or a mapping, not a list")
        expectAttributeProblems("ready: «{}\n", "this probe asks nothing")
        expectAttributeProblems("ready: {«fd: 5, http: /}\n", "unknown attribute \"fd\" of a readiness probe")
        expectAttributeProblems("ready: {fd: «2}\n", "\"fd\" is 3 to 255, not 2")
        expectAttributeProblems("ready: «fd:900\n", "3 to 255, not 900 | {fd: 5}")
        expectAttributeProblems(
            "ready: {http: /, retries: «3, start_period: «5s}\n",
            "\"retries\" means nothing in \"ready\" | ready_timeout",
            "\"start_period\" means nothing"
        )
        expectAttributeProblems("listen: 80\nready: «uptime\n", "not ready because time has passed | ready: notify")
    }

    @Test func `a descriptor that is a socket already`() throws {
        #expect(try ready("ready: {fd: 3}\n") == .descriptor(3))
        expectAttributeProblems(
            "listen: [80, 81]\nready: «{fd: 4}\n",
            "descriptor 4 is a socket of the worker: those are 3 to 4 | {fd: 5}"
        )
        expectAttributeProblems("listen: 80\nhealth: /\nready: «fd:4\n", "those are 3 to 4 | {fd: 5}")
    }
}
