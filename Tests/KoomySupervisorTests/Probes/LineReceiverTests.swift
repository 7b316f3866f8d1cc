import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct LineReceiverTests {
    private final class Counter {
        var fired = 0
    }

    @Test func `a newline on an inherited descriptor is heard once`() throws {
        let loop = try EventLoop()
        let pipe = try Pipe()
        let counter = Counter()
        let worker = try Program(
            ["sh", "-c", "printf starting >&7; echo . >&7; echo . >&7; exec sleep 100"],
            descriptors: [.init(pipe.writeEnd.number, as: 7)]
        )
        let receiver = try LineReceiver(loop: loop, owning: pipe.readEnd.duplicate(), kind: .newline) {
            counter.fired += 1
        }
        try loop.turn(until: "the line is heard") { counter.fired > 0 }
        try loop.turn(for: .milliseconds(50))
        #expect(counter.fired == 1)
        #expect(!worker.hasEnded)
        withExtendedLifetime(receiver) {}
    }

    @Test func `the end of the stream is no event, and costs nothing more`() throws {
        let loop = try EventLoop()
        let counter = Counter()
        var pipe: Pipe? = try Pipe()
        try pipe?.writeEnd.writeAll("no newline".utf8)
        let end = try pipe?.readEnd.duplicate()
        pipe = nil
        guard let end else { return }
        let receiver = try LineReceiver(loop: loop, owning: end, kind: .newline) { counter.fired += 1 }
        #expect(try loop.runOnce(waitingAtMost: .seconds(1)))
        try loop.turn(until: "the loop is idle") { try !loop.runOnce() }
        #expect(try !loop.runOnce(waitingAtMost: .milliseconds(20)), "it is not woken again and again")
        #expect(counter.fired == 0)
        withExtendedLifetime(receiver) {}
    }

    @Test func `a worker that talks on after it is ready is not held up`() throws {
        let loop = try EventLoop()
        let pair = try StreamSocket.pair()
        let counter = Counter()
        let worker = try Program.python(
            ["import os", "os.write(3, b'\\n')", "for i in range(64): os.write(3, b'x' * 65536)", "os._exit(7)"],
            descriptors: [.init(pair.second.number, as: 3)]
        )
        let receiver = try LineReceiver(loop: loop, owning: pair.first.duplicate(), kind: .newline) {
            counter.fired += 1
        }
        var reason: ExitReason?
        try loop.turn(until: "4 MiB are written") {
            reason = try reason ?? worker.process.pidfd.reap()
            return reason != nil
        }
        #expect(reason == .exited(code: 7))
        #expect(counter.fired == 1)
        withExtendedLifetime(receiver) {}
    }

    @Test(.needsNode) func `node's process.send('ready') is heard, other messages are not`() throws {
        let loop = try EventLoop()
        let pair = try StreamSocket.pair()
        let counter = Counter()
        let script = """
            process.send({ type: 'log', text: 'x'.repeat(300000) });
            process.send('already');
            process.on('disconnect', () => process.exit(3));
            require('fs').existsSync('/nonexistent');
            setTimeout(() => process.send('ready'), 50);
            setInterval(() => process.send({ more: 1 }), 10);
            """
        let worker = try Program(
            ["node", "-e", script],
            environment: ["NODE_CHANNEL_FD": "3"],
            descriptors: [.init(pair.second.number, as: 3)]
        )
        let receiver = try LineReceiver(loop: loop, owning: pair.first.duplicate(), kind: .ipcReady) {
            counter.fired += 1
        }
        try loop.turn(until: "node is ready") { counter.fired > 0 }
        try loop.turn(for: .milliseconds(50))
        #expect(counter.fired == 1)
        #expect(!worker.hasEnded)
        withExtendedLifetime(receiver) {}
    }

    @Test func `it may go from inside its handler, and its descriptor with it`() throws {
        let loop = try EventLoop()
        let pair = try StreamSocket.pair()
        var receiver: LineReceiver?
        receiver = try LineReceiver(loop: loop, owning: pair.first.duplicate(), kind: .newline) { receiver = nil }
        try pair.second.writeAll("\n".utf8)
        try loop.turn(until: "it has gone") { receiver == nil }
    }
}
