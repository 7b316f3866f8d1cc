import KoomyModel
package import KoomySystem

extension ReadinessObserver {
    /// One look at the processes of a worker.
    ///
    /// A process accepts on a shared listener where it has it in an epoll set for reading (proc_pid_fdinfo(5)), or
    /// where a thread waits on it in accept(2), poll(2) or select(2) (proc_pid_syscall(5)). A process that only
    /// inherited the socket, as the parent of a pool does, is not taken for one that accepts.
    package static func look(
        at processes: [ProcessID],
        listeners: Set<UInt64>,
        ignoring ignored: Set<UInt64> = []
    ) -> Finding? {
        let known = listeners.union(ignored)
        var examined = known
        var own: Finding?
        for pid in processes {
            guard let targets = ProcFS.descriptorTargets(of: pid) else { continue }
            let sockets = targets.compactMapValues(ProcFS.socketInode)
            if !listeners.isEmpty, accepts(pid, targets, sockets.filter { listeners.contains($0.value) }) {
                return .accepting
            }
            let others = Set(sockets.values).subtracting(examined)
            guard !others.isEmpty, own == nil else { continue }
            examined.formUnion(others)
            own = ownListener(among: others, seenBy: pid)
        }
        return own
    }

    private static func accepts(_ pid: ProcessID, _ targets: [Int32: String], _ shared: [Int32: UInt64]) -> Bool {
        guard !shared.isEmpty else { return false }
        if targets.values.contains("anon_inode:[eventpoll]"), let entries = ProcFS.epollEntries(of: pid) {
            let inodes = Set(shared.values)
            // Without the read bits an entry is disarmed (EPOLLONESHOT), or waits for something else.
            if entries.contains(where: { inodes.contains($0.inode) && $0.events & readEvents != 0 }) { return true }
        }
        let descriptors = Set(shared.keys)
        return ProcFS.blockedCalls(of: pid)?.contains {
            WaitingCall($0)?.waits(on: descriptors, of: pid) == true
        } == true
    }

    /// EPOLLIN and EPOLLRDNORM.
    private static let readEvents: UInt32 = 0x001 | 0x040

    private static func ownListener(among inodes: Set<UInt64>, seenBy pid: ProcessID) -> Finding? {
        let listening = ProcFS.listeningInodes(seenBy: pid)
        if let port = inodes.compactMap({ listening.tcp[$0] }).min() { return .ownsListener(port: port) }
        return inodes.isDisjoint(with: listening.unix) ? nil : .ownsListener(port: nil)
    }
}
