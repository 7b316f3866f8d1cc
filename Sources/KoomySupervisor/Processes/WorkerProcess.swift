import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// What the kernel has of one worker, and what koomyd holds for it.
package final class WorkerProcess {
    let id: WorkerID
    let slot: Int
    let generation: Generation
    let spec: AppSpec
    let pid: ProcessID
    /// nil where its process had ended before we came.
    let pidfd: Pidfd?
    let pidfdNumber: Int32?
    let pidfdIdentity: FileIdentity?
    /// By what its descendants are known.
    let mark: TreeMark
    let startedAt: Instant
    /// The socket that only this worker answers on.
    let privateAddress: ListenAddress?
    /// That socket's inode, so that it is not taken for a port of the worker's own.
    let privateInode: UInt64?
    let identity: ResolvedIdentity?
    /// As the worker got it, for what runs on its behalf.
    let environment: [String: String]
    var cgroup: WorkerCgroup?
    var startup: Startup?
    var startFailure: StartFailure?
    var notify: NotifyReceiver?
    var line: LineReceiver?
    var observer: ReadinessObserver?
    /// The numbers of the pipes from its standard streams, which the logs own.
    var outputs: [Int32] = []
    /// Those that could not be read yet, and when that is tried again.
    var unread: [UnreadOutput] = []
    var nextRead: TimerSource?
    /// The last question of each kind.
    var probes: [Worker.ProbeKind: ProbeHandle] = [:]
    /// Where it listens by itself, as it was when it was to leave; nil before.
    var ownAddresses: Set<LocalAddress>?
    /// What it says of itself by STATUS=.
    var statusText: String?
    var cpu = CPUUsage()
    /// How what is left of it is dealt with; nil while it may live.
    var pursuit: Pursuit?
    var origin = Origin.child
    /// For the koomyd that follows.
    var record: ProcessRecord?
    /// Sees the end of a process whose parent somebody else is.
    var watch: IOSource?
    /// How often it was asked in vain how it ended, and when next.
    var looks = 0
    var nextLook: TimerSource?
    /// How it ended, where it had ended before we came; nil once that was reported.
    var lateEnd: ExitReason?

    /// Whether its process is a child of ours; what it leaves behind then comes to us.
    enum Origin { case child, adopted }

    /// How a worker's tree is dealt with that is to go.
    package enum Pursuit: Equatable {
        /// All of it was killed, and its own process has not been reaped: where that failed, it is tried again.
        case condemned
        /// They were asked to leave, and are waited for.
        case asked
        /// They are killed until none is left.
        case killing
    }

    init(
        id: WorkerID,
        slot: Int,
        generation: Generation,
        spec: AppSpec,
        pid: ProcessID,
        pidfd: consuming Pidfd?,
        mark: TreeMark,
        startedAt: Instant,
        privateAddress: ListenAddress?,
        privateInode: UInt64?,
        identity: ResolvedIdentity?,
        environment: [String: String]
    ) {
        self.id = id
        self.slot = slot
        self.generation = generation
        self.spec = spec
        self.pid = pid
        if let pidfd {
            pidfdNumber = pidfd.descriptor.number
            pidfdIdentity = pidfd.identity
            self.pidfd = consume pidfd
        } else {
            pidfdNumber = nil
            pidfdIdentity = nil
            self.pidfd = nil
        }
        self.mark = mark
        self.startedAt = startedAt
        self.privateAddress = privateAddress
        self.privateInode = privateInode
        self.identity = identity
        self.environment = environment
    }
}

/// A standard stream of a worker that nobody reads yet.
final class UnreadOutput {
    let stream: LogStream
    /// Its descriptor in the worker, and the pipe that it leads to.
    let number: Int32
    let identity: FileIdentity
    var pipe: LogPipe?
    var attempts = 0

    init(_ stream: LogStream, number: Int32, _ identity: FileIdentity) {
        self.stream = stream
        self.number = number
        self.identity = identity
    }
}

extension WorkerProcess {
    /// How its process, whose parent somebody else is, ended; nil while it runs, or where nobody can know.
    var exitReason: ExitReason? {
        if mark.startTime == ProcessStat(of: pid)?.startTime, let reason = ProcFS.exitReason(ofZombie: pid) {
            return reason
        }
        return pidfd?.exitReasonOfStranger()
    }

    /// Sockets that it has and that say nothing about whether it serves.
    var ignoredSockets: Set<UInt64> { privateInode.map { [$0] } ?? [] }
}

/// A worker's own cgroup, removed when nothing of the worker is left.
final class WorkerCgroup {
    let cgroup: ChildCgroup

    init(_ cgroup: consuming ChildCgroup) { self.cgroup = cgroup }
}

/// How much of a processor a worker has used since it was last asked.
struct CPUUsage {
    private var used = TimeSpan.zero
    private var at: Instant?
    private var percent = 0.0

    /// Percent of one processor since the last call that was at least 100 ms ago, or since the start.
    mutating func sample(_ total: TimeSpan, startedAt: Instant, now: Instant) -> Double {
        let since = at ?? startedAt
        guard now - since >= .milliseconds(100) else { return percent }
        percent = max(0, (total - used).seconds / (now - since).seconds * 100)
        (used, at) = (total, now)
        return percent
    }
}
