import Glibc
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
            guard own == nil else { continue }
            // A descriptor for each, however often it was copied or inherited.
            let others = sockets.filter { examined.insert($0.value).inserted }
            if !others.isEmpty { own = ownListener(among: others, of: pid) }
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

    /// Sockets that are asked one by one; of more, the kernel's tables are read.
    private static let mostAsked = 64

    private static func ownListener(among sockets: [Int32: UInt64], of pid: ProcessID) -> Finding? {
        if sockets.count <= mostAsked, let pidfd = try? Pidfd.open(pid) {
            do throws(SystemError) {
                return try ownListener(among: sockets.keys.sorted(), of: pidfd)
            } catch {
                // Without the right to copy descriptors, as in some containers, the tables have to do.
            }
        }
        let listening = ProcFS.listeningInodes(seenBy: pid)
        let inodes = Set(sockets.values)
        if let port = inodes.compactMap({ listening.tcp[$0] }).min() { return .ownsListener(port: port) }
        return inodes.isDisjoint(with: listening.unix) ? nil : .ownsListener(port: nil)
    }

    /// Asks copies of the sockets themselves, which costs microseconds; the tables of a whole machine cost milliseconds.
    private static func ownListener(
        among descriptors: [Int32],
        of process: borrowing Pidfd
    ) throws(SystemError) -> Finding? {
        var found: Finding?
        for descriptor in descriptors {
            let copy: FileDescriptor
            do throws(SystemError) {
                copy = try process.copyDescriptor(descriptor)
            } catch  where [Errno(EBADF), .noSuchProcess].contains(error.errno) {
                // It was closed meanwhile.
                continue
            }
            // It is refused where it does not listen.
            guard let socket = try? ListeningSocket.adopt(copy) else { continue }
            if case .tcp(_, let port) = socket.address, port > 0 { return .ownsListener(port: port) }
            found = .ownsListener(port: nil)
        }
        return found
    }
}
