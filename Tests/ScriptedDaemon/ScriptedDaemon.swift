import Glibc
import KoomyModel
import KoomySystem
import KoomyWire
import Synchronization

/// Listens on a Unix socket as koomyd does, reads real HTTP, and answers what its script says, one connection at a time.
package final class ScriptedDaemon: Sendable {
    package struct Request: Hashable, Sendable {
        package var method: String
        package var target: String
        /// The value of `Idempotency-Key`.
        package var key: String?
        package var body: [UInt8]

        /// `POST /v1/stop {"targets":["api"]}`.
        package var text: String {
            let body = body.isEmpty ? "" : " " + String(decoding: body, as: UTF8.self)
            return "\(method) \(target)\(body)"
        }
    }

    package typealias Script = @Sendable (Request) -> [Step]

    package let path: String
    private let listener: SharedDescriptor
    /// Readable when the daemon is to stop.
    private let stopRequest: SharedDescriptor
    private let stopper: SharedDescriptor
    private let script: Script
    private let received = Mutex<[Request]>([])

    /// Begins to listen.
    package init(path: String, backlog: Int32 = 16, script: @escaping Script) throws {
        self.path = path
        self.script = script
        let spec = ListenerSpec(name: "control", address: .unix(path: path), backlog: backlog)
        listener = SharedDescriptor(try ListeningSocket.open(spec).takeDescriptor())
        let pipe = try StreamSocket.pair()
        stopRequest = SharedDescriptor(try pipe.first.duplicate())
        stopper = SharedDescriptor(try pipe.second.duplicate())
    }

    /// What was asked so far.
    package var requests: [Request] { received.withLock { $0 } }

    /// What becomes of the socket's file at the end: removed as by a koomyd that leaves, or left by one that is killed.
    package enum Ending { case removed, staleSocket }

    /// Answers in a thread of its own while the body runs.
    package func whileAnswering<Result>(
        leavingBehind: Ending = .removed,
        _ body: () throws -> Result
    ) rethrows -> Result {
        let box = Unmanaged.passRetained(self)
        var made = pthread_t()
        let failure = pthread_create(
            &made,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ScriptedDaemon>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            box.toOpaque()
        )
        guard failure == 0 else {
            box.release()
            return try body()
        }
        defer {
            _ = try? stopper.descriptor.writeAll([0])
            pthread_join(made, nil)
            if case .removed = leavingBehind { unlink(path) }
        }
        return try body()
    }

    private func run() {
        while waitUntilReadable(listener.number) {
            guard let connection = try? StreamSocket.accept(from: listener.number) else { continue }
            serve(connection)
        }
    }

    private func serve(_ connection: borrowing FileDescriptor) {
        guard let request = readRequest(connection) else { return }
        received.withLock { $0.append(request) }
        for step in script(request) {
            switch step {
            case .send(let bytes):
                guard send(bytes, connection) else { return }
            case .sendSlowly(let bytes):
                for byte in bytes {
                    guard send([byte], connection) else { return }
                    sched_yield()
                }
            case .waitForClientToLeave:
                while waitUntilReadable(connection.number) {
                    guard let bytes = try? connection.read(most: 4_096), !bytes.isEmpty else { break }
                }
            case .perform(let action): action()
            }
        }
    }

    private func readRequest(_ connection: borrowing FileDescriptor) -> Request? {
        var parser = HTTPParser(.requests)
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        while waitUntilReadable(connection.number) {
            guard let bytes = try? connection.read(most: 65_536), !bytes.isEmpty else { return nil }
            for event in parser.feed(bytes) {
                switch event {
                case .request(let request): head = request
                case .body(let piece): body += piece
                case .end:
                    return head.map { head in
                        let key = head.headers["Idempotency-Key"]
                        return Request(method: head.method, target: head.target, key: key, body: body)
                    }
                case .failed, .response: return nil
                }
            }
        }
        return nil
    }

    private func send(_ bytes: [UInt8], _ connection: borrowing FileDescriptor) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else {
                var entries = [
                    pollfd(fd: connection.number, events: Int16(POLLOUT), revents: 0),
                    pollfd(fd: stopRequest.number, events: Int16(POLLIN), revents: 0),
                ]
                poll(&entries, 2, -1)
                if entries[1].revents != 0 || Int32(entries[0].revents) & (POLLHUP | POLLERR) != 0 { return false }
            }
        }
        return true
    }

    /// False where the daemon is to stop instead.
    private func waitUntilReadable(_ descriptor: Int32) -> Bool {
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopRequest.number, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, 2, -1) < 0 {}
        return entries[1].revents == 0
    }
}
