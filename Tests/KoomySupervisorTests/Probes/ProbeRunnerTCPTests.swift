import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct ProbeRunnerTCPTests {
    private func tcp(_ target: Probe.Target, timeout: TimeSpan = .seconds(10)) -> Probe {
        Probe(kind: .tcp(target: target), timeout: timeout)
    }

    @Test func `a port that takes a connection is well`() throws {
        let bench = try ProbeBench(.neverAccepting, slot: 2)
        #expect(try bench.result(of: tcp(.port(bench.server.port, perSlot: false))) == .succeeded)
        #expect(try bench.result(of: tcp(.port(bench.server.port - 2, perSlot: true))) == .succeeded)
        #expect(try bench.result(of: tcp(.port(FreePort.next(), perSlot: false))) == .failed("connection refused"))
    }

    @Test func `of the private socket the connection has to be accepted`() throws {
        let hung = try ProbeBench(.neverAccepting)
        #expect(
            try hung.result(of: tcp(.privateSocket, timeout: .milliseconds(150)))
                == .failed("the connection was not accepted within 150ms")
        )
        let well = try ProbeBench(.silent)
        #expect(try well.result(of: tcp(.privateSocket)) == .succeeded)
        #expect(well.server.acceptedCount == 1)
    }

    @Test func `a worker that accepts late has the time until the timeout`() throws {
        let listener = try InheritedListener()
        let gate = try Gate()
        let worker = try listener.python(
            ["import signal, socket", "s = socket.socket(fileno=3)", "s.setblocking(True)"] + gate.python
                + ["c = s.accept()", "signal.pause()"]
        )
        let bench = try ProbeBench()
        bench.subject.privateAddress = listener.socket.address
        let result = try bench.result(of: tcp(.privateSocket)) {
            try bench.loop.turn(for: .milliseconds(100))
            try gate.open()
        }
        #expect(result == .succeeded)
        withExtendedLifetime(worker) {}
    }

    @Test func `a private socket that is not one of 127-0-0-1 cannot be judged`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let bench = try ProbeBench(.silent, at: .unix(path: workspace("private")))
        #expect(
            try bench.result(of: tcp(.privateSocket)) == .failed("the worker has no private socket on 127.0.0.1")
        )
    }

    @Test func `a Unix socket is asked, refused or missed`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let path = workspace("s-{slot}")
        let probe = tcp(.unix(path: path))
        do {
            let bench = try ProbeBench(.silent, at: .unix(path: workspace("s-0")))
            #expect(try bench.result(of: probe) == .succeeded)
        }
        let bench = try ProbeBench()
        #expect(try bench.result(of: probe) == .failed("connection refused"))
        Files.remove(workspace("s-0"))
        #expect(try bench.result(of: probe) == .failed("no socket \(workspace("s-0"))"))
    }

    @Test func `a connection to itself is nobody's answer`() throws {
        // On an ephemeral port where nobody listens, the kernel gives a connecting socket that very port now and then.
        let bench = try ProbeBench()
        let range = (Files.text(of: "/proc/sys/net/ipv4/ip_local_port_range") ?? "").split { !$0.isNumber }
        let first = UInt16(range.first ?? "32768") ?? 32_768
        var refused = 0
        for port in stride(from: first, to: first + 4_000, by: 2) {
            switch try bench.result(of: tcp(.port(port, perSlot: false))) {
            case .failed("connection refused"): refused += 1
            // Somebody has the port.
            case .failed, .succeeded: break
            }
        }
        #expect(refused > 1_500)
    }

    @Test func `the queue of a listener is told by the kernel`() throws {
        let listener = try InheritedListener()
        #expect(ListenQueue.length(port: listener.port) == 0)
        var connections: [SharedDescriptor] = []
        for count in 1...3 {
            connections.append(SharedDescriptor(try StreamSocket.connect(to: .loopback(port: listener.port))))
            #expect(ListenQueue.length(port: listener.port) == count)
        }
        let accepted = try StreamSocket.accept(from: listener.socket.descriptor.number)
        #expect(ListenQueue.length(port: listener.port) == 2)
        _ = consume accepted
        #expect(ListenQueue.length(port: try FreePort.next()) == nil)
    }
}
