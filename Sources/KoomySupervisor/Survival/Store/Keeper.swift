import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// The process that does nothing but hold descriptors, so that they outlive koomyd.
///
/// koomyd starts it as `koomyd --keep PATH` with the listening socket of that path as descriptor 3. It has one master,
/// the koomyd that said hello last. It ends when it is told to, and by itself when it is of no use to anybody (`leaves`).
package final class Keeper {
    /// One descriptor that is kept.
    struct Held {
        let descriptor: SharedDescriptor
        let kind: DescriptorKind
        let identity: FileIdentity
    }

    /// A connection, and what is still to be sent over it.
    private final class Peer {
        let socket: SharedDescriptor
        /// In the reverse order, so that the next is the last.
        var outbox: [(message: KeeperMessage, descriptors: [SharedDescriptor])] = []

        init(_ socket: SharedDescriptor) { self.socket = socket }
    }

    /// How the connections go on after one message.
    private enum Course { case goesOn, closes, ends }

    let path: String
    let file: FileIdentity?
    private let listener: SharedDescriptor
    /// How many descriptors may be kept, with enough left for connections and for looking at files.
    private let capacity: Int
    var held: [String: [Held]] = [:]
    private var count = 0
    private var master: Peer?
    /// Those who have not said hello, the latest last.
    private var strangers: [Peer] = []
    /// When the last master went.
    private(set) var masterlessSince: Instant

    /// Connections that have not said hello are let go beyond this.
    private static let mostStrangers = 8
    /// How often a keeper without a master looks whether it is of use.
    static let lookPeriod = TimeSpan.seconds(1)

    /// Takes over the listening socket of that path.
    package init(path: String, listener: consuming FileDescriptor) throws(SystemError) {
        let socket = try ListeningSocket.adopt(listener)
        guard socket.address == .unix(path: path) else {
            throw SystemError("keep descriptors", .invalidArgument, subject: path, hint: "koomyd starts this by itself")
        }
        self.path = path
        file = socket.file
        self.listener = SharedDescriptor(socket.takeDescriptor())
        _ = try? ThisProcess.raiseDescriptorLimit()
        capacity = max(64, ThisProcess.descriptorLimit - 128)
        masterlessSince = MonotonicClock.now()
    }

    /// Runs until it is told to end, or is of no use any more.
    package func run() throws(SystemError) {
        while try turn() {}
        if let file, FileIdentity(at: path) == file { try? AtomicFile.remove(path) }
    }

    /// Waits for something, handles it, and says whether it goes on.
    private func turn() throws(SystemError) -> Bool {
        // The master first: what a dead one has sent counts before a new one is welcome.
        let peers = (master.map { [$0] } ?? []) + strangers
        // Who does not take what is sent is not listened to, so that nothing piles up here.
        let entries = peers.map { Poll.Entry($0.socket.number, $0.outbox.isEmpty ? .readable : .writable) }
        let found = try Poll.wait(
            entries + [Poll.Entry(listener.number, .readable)],
            atMost: master == nil ? Self.lookPeriod : nil
        )
        for (peer, events) in zip(peers, found) where !events.isEmpty {
            // What it sent before it went counts; what it is still to be sent does not.
            if events.contains(.hangUp) { peer.outbox = [] }
            switch peer.outbox.isEmpty ? receive(from: peer) : flush(peer) {
            case .goesOn: break
            case .closes: close(peer)
            case .ends: return false
            }
        }
        if found.last?.isEmpty == false { accept() }
        return master != nil || !leaves(at: MonotonicClock.now())
    }

    private func accept() {
        guard let connection = try? StreamSocket.accept(from: listener.number) else { return }
        // The mode of the file keeps others out already; where somebody changed it, this does.
        guard let user = (try? PeerCredentials(of: connection.number))?.userID,
            user == ThisProcess.userID || user == 0
        else { return }
        strangers.append(Peer(SharedDescriptor(connection)))
        if strangers.count > Self.mostStrangers { strangers.removeFirst() }
    }

    private func close(_ peer: Peer) {
        strangers.removeAll { $0 === peer }
        guard master === peer else { return }
        master = nil
        masterlessSince = MonotonicClock.now()
    }

    // MARK: - Messages

    /// Takes what a peer has sent; only so much, so that the others are not starved.
    private func receive(from peer: Peer, atMost limit: Int = 64) -> Course {
        for _ in 0..<limit where peer.outbox.isEmpty {
            let reception: PacketSocket.Reception
            do throws(SystemError) {
                reception = try PacketSocket.receive(from: peer.socket.number, most: KeeperMessage.longest)
            } catch  where error.errno == .messageTooLong {
                refuse("", peer)
                continue
            } catch {
                return .closes
            }
            switch reception {
            case .nothing: return .goesOn
            case .end: return .closes
            case .message(let message):
                // Of a koomyd that knows more than we do.
                guard let known = KeeperMessage(message.bytes) else {
                    if master === peer { continue }
                    return .closes
                }
                if known == .hello {
                    if welcome(peer) == .ends { return .ends }
                } else if master === peer {
                    if known == .end { return .ends }
                    obey(known, message.descriptors, peer)
                } else {
                    return .closes
                }
            }
        }
        return .goesOn
    }

    private func welcome(_ peer: Peer) -> Course {
        strangers.removeAll { $0 === peer }
        if let master, master !== peer {
            master.outbox = []
            if receive(from: master, atMost: 100_000) == .ends { return .ends }
            _ = try? PacketSocket.send(KeeperMessage.replaced.bytes, over: master.socket.number)
        }
        master = peer
        peer.outbox = [(.complete, [])]
        for (name, descriptors) in held {
            for start in stride(from: 0, to: descriptors.count, by: PacketSocket.mostDescriptors) {
                let part = descriptors[start...].prefix(PacketSocket.mostDescriptors)
                peer.outbox.append((.kept(name), part.map(\.descriptor)))
            }
        }
        return flush(peer)
    }

    private func obey(_ message: KeeperMessage, _ descriptors: [SharedDescriptor], _ peer: Peer) {
        switch message {
        case .keep(let name):
            guard ServiceNotifier.isDescriptorName(name), count + descriptors.count <= capacity else {
                refuse(name, peer)
                return
            }
            for descriptor in descriptors { keep(descriptor, name) }
        case .drop(let name):
            count -= held.removeValue(forKey: name)?.count ?? 0
        case .hello, .end, .kept, .complete, .refused, .replaced:
            break
        }
    }

    private func keep(_ descriptor: SharedDescriptor, _ name: String) {
        guard let kind = DescriptorKind(of: descriptor.number), let identity = FileIdentity(of: descriptor.number),
            held[name]?.contains(where: { $0.identity == identity && $0.kind == kind }) != true
        else { return }
        held[name, default: []].append(Held(descriptor: descriptor, kind: kind, identity: identity))
        count += 1
    }

    /// Closes all that does not pass, and says how many are left.
    func keepOnly(_ passes: (Held) -> Bool) -> Int {
        held = held.mapValues { $0.filter(passes) }.filter { !$0.value.isEmpty }
        count = held.values.reduce(0) { $0 + $1.count }
        return count
    }

    private func refuse(_ name: String, _ peer: Peer) {
        peer.outbox.append((.refused(name), []))
        _ = flush(peer)
    }

    private func flush(_ peer: Peer) -> Course {
        while let (message, descriptors) = peer.outbox.last {
            do throws(SystemError) {
                let numbers = descriptors.map(\.number)
                guard try PacketSocket.send(message.bytes, descriptors: numbers, over: peer.socket.number) else {
                    // Where too many descriptors are on their way, the socket is writable and this still fails.
                    _ = try? Poll.wait([], atMost: .milliseconds(5))
                    return .goesOn
                }
                peer.outbox.removeLast()
                // From here on it may be quiet for weeks.
                if message == .complete { ThisProcess.releaseIdleCode() }
            } catch {
                // It has gone; what it sent before is received all the same.
                peer.outbox = []
            }
        }
        return .goesOn
    }
}
