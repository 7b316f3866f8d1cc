import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// A koomyd as far as the descriptor store knows one, and the built koomyd as keeper.
final class StoreBench {
    let loop: EventLoop
    let path: String
    var notices: [String] = []
    private var keepers: Set<KoomySystem.ProcessID> = []

    init(_ path: String) throws {
        loop = try EventLoop()
        self.path = path
    }

    /// Ends the keepers that were seen here.
    isolated deinit {
        for keeper in keepers where Self.isKeeper(keeper, path) { kill(keeper, SIGKILL) }
        // Those that are no children of ours, or are reaped, are not waited for.
        for keeper in keepers { waitpid(keeper, nil, 0) }
    }

    static func executable() throws -> String { try Binaries.path("koomyd") }

    func open(executable: String? = nil) throws -> DescriptorStore {
        let kind = DescriptorStore.Kind.keeper(socketPath: path, executable: try executable ?? Self.executable())
        let store = try DescriptorStore.open(kind, loop: loop) { [weak self] in self?.notices.append($0) }
        note(store)
        return store
    }

    /// Turns until everything was given to a keeper that runs, and returns that.
    @discardableResult
    func settle(_ store: DescriptorStore, besides old: KoomySystem.ProcessID? = nil) throws -> KoomySystem.ProcessID {
        try loop.turn(until: "the keeper has everything") {
            note(store)
            guard let keeper = store.status.keeper, keeper != old, store.status.isWell else { return false }
            // Until its program runs it has what we have.
            return Self.isKeeper(keeper, path) && store.status.pending == 0 && held(by: keeper) >= store.status.count
        }
        return try #require(store.status.keeper)
    }

    func note(_ store: DescriptorStore) {
        if let keeper = store.status.keeper { keepers.insert(keeper) }
    }

    /// How many descriptors a keeper holds for others: all but the standard ones, its listener and one connection.
    func held(by keeper: KoomySystem.ProcessID) -> Int {
        (ProcFS.descriptorTargets(of: keeper)?.count ?? 0) - 5
    }

    static func isKeeper(_ pid: KoomySystem.ProcessID, _ path: String) -> Bool {
        ProcFS.arguments(of: pid) == ["koomyd", "--keep", path] && ProcessStat(of: pid)?.isDead == false
    }

    /// The keepers of a path, whoever started them.
    static func keepers(of path: String) -> [KoomySystem.ProcessID] {
        ProcFS.processIDs().filter { isKeeper($0, path) }
    }

    /// For those that a killed process started.
    static func endKeepers(of path: String) {
        for keeper in keepers(of: path) { kill(keeper, SIGKILL) }
        _ = waitFor { keepers(of: path).isEmpty ? true : nil }
    }
}

/// Waits until there is a value; nil where there is none in time.
func waitFor<Value>(_ limit: Duration = .seconds(20), _ value: () throws -> Value?) rethrows -> Value? {
    let end = ContinuousClock.now + limit
    while true {
        if let found = try value() { return found }
        guard ContinuousClock.now < end else { return nil }
        waitBriefly()
    }
}

/// A connection to a keeper without the store's manners.
struct RawMaster {
    let socket: SharedDescriptor

    init(_ path: String) throws { socket = SharedDescriptor(try PacketSocket.connect(to: path)) }

    func send(_ message: KeeperMessage, _ descriptors: [Int32] = []) throws { try send(message.bytes, descriptors) }

    func send(_ bytes: [UInt8], _ descriptors: [Int32] = []) throws {
        while try !PacketSocket.send(bytes, descriptors: descriptors, over: socket.number) { waitBriefly() }
    }

    /// The next message; nil at the end.
    func receive() throws -> (message: KeeperMessage?, descriptors: [SharedDescriptor])? {
        while true {
            switch try PacketSocket.receive(from: socket.number) {
            case .message(let message): return (KeeperMessage(message.bytes), message.descriptors)
            case .end: return nil
            case .nothing: _ = try Poll.wait([Poll.Entry(socket.number, .readable)], atMost: .seconds(20))
            }
        }
    }

    /// Says hello and returns how many descriptors each name has.
    func inventory() throws -> [String: Int] {
        try send(.hello)
        var found: [String: Int] = [:]
        while let (message, descriptors) = try receive() {
            if message == .complete { return found }
            if case .kept(let name) = message { found[name, default: 0] += descriptors.count }
        }
        throw TestFailure(description: "the keeper hung up")
    }
}
