import KoomyModel
import KoomySystem

extension Keeper {
    /// How long a keeper that nobody's worker needs waits for a master.
    static let patience = TimeSpan.seconds(10)
    /// How long the last lines of workers that are dead wait for one who reads them.
    static let patienceForLines = TimeSpan.seconds(3_600)

    /// Whether a keeper without a master is of no use any more.
    ///
    /// - It is not when another has its path: nobody can come to it.
    /// - It is as long as a worker lives. That shows in what is kept: a pipe that is read has a writer, a connection has
    ///   a peer. Listeners and datagram sockets show nothing: they are kept for the workers' sake.
    /// - When none lives it waits ten seconds for a koomyd, which may just be starting. Then it lets go of every socket,
    ///   so that no port is held for nobody, and goes, but for one thing: lines that nobody has read yet, the last words
    ///   of dead workers. Their pipes alone are kept for an hour.
    func leaves(at now: Instant) -> Bool {
        guard let file, FileIdentity(at: path) == file else { return true }
        guard now - masterlessSince >= Self.patience else { return false }
        let seen = look()
        guard !seen.isUsed else { return false }
        guard now - masterlessSince < Self.patienceForLines else { return true }
        return keepOnly { seen.unread.contains($0.descriptor.number) } == 0
    }

    /// Whether somebody is at the other end of something, and which pipes hold what nobody has read.
    private func look() -> (isUsed: Bool, unread: Set<Int32>) {
        let telling = held.values.joined().filter { $0.kind == .pipeReader || $0.kind == .connection }
        let entries = telling.map { Poll.Entry($0.descriptor.number, .readable) }
        guard !entries.isEmpty, let found = try? Poll.wait(entries, atMost: .zero) else { return (false, []) }
        var unread: Set<Int32> = []
        for (held, events) in zip(telling, found) {
            if events.isDisjoint(with: [.hangUp, .error]) { return (true, []) }
            if held.kind == .pipeReader, events.contains(.readable) { unread.insert(held.descriptor.number) }
        }
        return (false, unread)
    }
}
