import KoomyEventLoop
import KoomyModel
import KoomySystem

/// koomyd's connection to its keeper, which it starts where there is none, and again where it was lost.
final class KeeperLink: DescriptorPlace {
    enum Event: Hashable {
        /// There may be a keeper again; what it has is not known.
        case connected
        /// There is one.
        case answered
        /// There is none, and why; another one is being tried for.
        case lost(String)
        /// There was no room for the descriptors of this name, or of one that is not known.
        case refused(String)
    }

    private let path: String
    private let executable: String
    private let loop: EventLoop
    private let report: (Event) -> Void
    private var socket: SharedDescriptor?
    private var source: IOSource?
    private var again: TimerSource?
    /// How long the next try to get a keeper waits, after one that did not last.
    private var pause = KeeperLink.shortestPause
    private var connectedAt = MonotonicClock.now()
    /// Another koomyd has the keeper now; it is not taken back.
    private var isReplaced = false
    /// The keeper's process, as far as it is known.
    private(set) var keeper: ProcessID?

    var isConnected: Bool { socket != nil }

    private static let shortestPause = TimeSpan.milliseconds(10)
    private static let longestPause = TimeSpan.seconds(30)
    /// How long a keeper is waited for.
    private static let answerLimit = TimeSpan.seconds(5)

    init(
        path: String,
        executable: String,
        loop: EventLoop,
        report: @escaping (Event) -> Void
    ) throws(SystemError) {
        self.path = path
        self.executable = executable
        self.loop = loop
        self.report = report
        again = try loop.timer { [weak self] in self?.connect() }
    }

    /// Finds a keeper or starts one, and returns what it has kept.
    ///
    /// It waits until the keeper answers, also one just started: from then on it holds what it is given whatever becomes
    /// of koomyd, which before that it would die with.
    func open() -> [(String, SharedDescriptor)] {
        var kept: [(String, SharedDescriptor)] = []
        do throws(SystemError) {
            try greet()
            try takeOver(&kept)
            try watch()
        } catch {
            lose("\(error)")
        }
        return kept
    }

    func carryOut(_ order: StoreOrder) throws(SystemError) -> Bool {
        guard let socket else { return false }
        do throws(SystemError) {
            switch order {
            case .keep(_, let descriptors) where descriptors.isEmpty: return true
            case .keep(let name, let descriptors):
                let numbers = descriptors.map(\.number)
                return try PacketSocket.send(
                    KeeperMessage.keep(name).bytes,
                    descriptors: numbers,
                    over: socket.number
                )
            case .drop(let name): return try PacketSocket.send(KeeperMessage.drop(name).bytes, over: socket.number)
            }
        } catch  where [.brokenPipe, .connectionReset, .notConnected].contains(error.errno) {
            // The source will tell.
            return false
        }
    }

    func end(_ names: [String]) {
        let deadline = MonotonicClock.now() + .milliseconds(500)
        while let socket, MonotonicClock.now() < deadline,
            (try? PacketSocket.send(KeeperMessage.end.bytes, over: socket.number)) == false
        {
            _ = try? Poll.wait([], atMost: .milliseconds(5))
        }
        disconnect()
        again = nil
    }

    // MARK: - Connecting

    private func connect() {
        do throws(SystemError) {
            try greet()
            try watch()
            report(.connected)
        } catch {
            lose("\(error)")
        }
    }

    private func greet() throws(SystemError) {
        let socket = SharedDescriptor(try reach())
        guard try PacketSocket.send(KeeperMessage.hello.bytes, over: socket.number) else {
            throw SystemError("say hello to the keeper", .wouldBlock, subject: path)
        }
        self.socket = socket
        connectedAt = MonotonicClock.now()
    }

    private func reach() throws(SystemError) -> FileDescriptor {
        // Somebody else may start one, or one may end, between two of these steps.
        for _ in 0..<3 {
            do throws(SystemError) {
                return try PacketSocket.connect(to: path)
            } catch  where [.noSuchFile, .connectionRefused].contains(error.errno) {
                do throws(SystemError) {
                    try start()
                    return try PacketSocket.connect(to: path)
                } catch  where [.addressInUse, .connectionRefused].contains(error.errno) {
                    continue
                }
            }
        }
        throw SystemError("reach the keeper", .connectionRefused, subject: path)
    }

    /// Starts a keeper on a socket that listens already, so that nobody has to wait for it.
    private func start() throws(SystemError) {
        let listener = try PacketSocket.listen(at: path)
        var request = SpawnRequest(
            path: executable,
            arguments: ["koomyd", "--keep", path],
            environment: [:],
            workingDirectory: "/"
        )
        request.descriptors = [.init(listener.number, as: 3)]
        do throws(StartFailure) {
            // Whether its program was loaded shows when the connection ends at once.
            keeper = try spawned(request)
        } catch {
            try? AtomicFile.remove(path)
            throw SystemError("start the keeper", Errno(error.errno), subject: executable)
        }
    }

    private func spawned(_ request: SpawnRequest) throws(StartFailure) -> ProcessID {
        let spawner: Spawner
        do throws(SystemError) {
            spawner = try Spawner()
        } catch {
            throw StartFailure(step: .standardStreams, errno: error.errno.number, subject: "/dev/null")
        }
        return try spawner.spawn(request).pid
    }

    /// Receives everything that a keeper has, until it says that this was all.
    private func takeOver(_ kept: inout [(String, SharedDescriptor)]) throws(SystemError) {
        let deadline = MonotonicClock.now() + Self.answerLimit
        while let socket {
            switch try PacketSocket.receive(from: socket.number, most: KeeperMessage.longest) {
            case .message(let message):
                keeper = message.sender.pid
                switch KeeperMessage(message.bytes) {
                case .kept(let name): kept += message.descriptors.map { (name, $0) }
                case .complete: return
                case .hello, .keep, .drop, .end, .refused, .replaced, nil: break
                }
            case .end: throw SystemError("take over from the keeper", .connectionReset, subject: path)
            case .nothing:
                let left = deadline - MonotonicClock.now()
                guard left > .zero else { throw SystemError("take over from the keeper", .timedOut, subject: path) }
                _ = try Poll.wait([Poll.Entry(socket.number, .readable)], atMost: left)
            }
        }
    }

    private func watch() throws(SystemError) {
        guard let socket else { return }
        source = try loop.io(socket.number) { [weak self] _ in self?.receive() }
    }

    // MARK: - Connected

    private func receive() {
        while let socket {
            do throws(SystemError) {
                switch try PacketSocket.receive(from: socket.number, most: KeeperMessage.longest) {
                case .nothing: return
                case .end: lose("the keeper of the descriptors has ended")
                case .message(let message):
                    keeper = message.sender.pid
                    handle(KeeperMessage(message.bytes))
                }
            } catch  where error.errno == .messageTooLong {
                // Something is handed over that was not asked for in time, and there is no room for it.
                continue
            } catch {
                lose("\(error)")
            }
        }
    }

    private func handle(_ message: KeeperMessage?) {
        switch message {
        case .refused(let name): report(.refused(name))
        case .complete: report(.answered)
        case .replaced:
            isReplaced = true
            lose("another koomyd has taken the keeper of the descriptors")
        // What a keeper hands over that was there before a link broke is known here.
        case .kept, .hello, .keep, .drop, .end, nil: break
        }
    }

    /// Tells it, and tries for another soon; at once after one that lasted.
    private func lose(_ why: String) {
        disconnect()
        report(.lost(why))
        guard !isReplaced else { return }
        if MonotonicClock.now() - connectedAt > .seconds(10) { pause = Self.shortestPause }
        again?.arm(at: MonotonicClock.now() + pause)
        pause = min(pause * 4, Self.longestPause)
    }

    private func disconnect() {
        source.remove()
        socket = nil
        keeper = nil
    }
}
