package import KoomyCore
package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// Every process that koomyd has started: starts, signals, ends and descendants; facts go to `report`.
package final class ProcessTable {
    let loop: EventLoop
    let listeners: ListenerTable
    let logs: LogTable
    let log: DaemonLog
    let environment: [String: String]
    let notifyFolder: String
    let delegated: DelegatedCgroup?
    let probes: ProbeRunner
    let spawner: Spawner
    let store: DescriptorStore?
    /// Given to workers that name none: koomyd itself may be protected more than they are to be.
    let defaultOutOfMemoryScore: Int32?
    let report: (WorkerID, Worker.Event) -> Void
    let ownsPort: (WorkerID) -> Void
    let started: (ProcessRecord) -> Void
    private(set) var workers: [WorkerID: WorkerProcess] = [:]
    private var ids: [ProcessID: WorkerID] = [:]
    /// Processes that do something for koomyd itself.
    private var errands: [ProcessID: ProbeChild] = [:]
    private var childSource: SignalSource?
    private var pursuitTimer: TimerSource?
    private var nextSocket: UInt64 = 0

    /// Takes over the ends of all children of this process.
    ///
    /// - Parameters:
    ///   - loop: Where everything is watched.
    ///   - listeners: The sockets that workers inherit.
    ///   - logs: What takes their output.
    ///   - log: koomyd's own.
    ///   - environment: koomyd's own, of which workers get a small part.
    ///   - notifyFolder: Where each worker's notify socket is made.
    ///   - delegated: Where each worker gets a cgroup of its own; nil where none was delegated.
    ///   - descriptorLimit: The limit on open files that workers start with; nil for koomyd's.
    ///   - store: Where copies of their descriptors outlive us.
    ///   - report: Takes a fact about a worker.
    ///   - ownsPort: Takes the news that a worker listens on a port of its own.
    ///   - started: Takes what is to be known of a process that was started, before anything else follows from it.
    /// - Throws: Where signals or timers cannot be watched.
    package init(
        loop: EventLoop,
        listeners: ListenerTable,
        logs: LogTable,
        log: DaemonLog,
        environment: [String: String],
        notifyFolder: String,
        delegated: DelegatedCgroup?,
        descriptorLimit: ResourceLimit?,
        store: DescriptorStore?,
        report: @escaping (WorkerID, Worker.Event) -> Void,
        ownsPort: @escaping (WorkerID) -> Void,
        started: @escaping (ProcessRecord) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.listeners = listeners
        self.logs = logs
        self.log = log
        self.environment = environment
        self.notifyFolder = notifyFolder
        self.delegated = delegated
        self.store = store
        self.report = report
        self.ownsPort = ownsPort
        self.started = started
        probes = ProbeRunner(loop: loop)
        spawner = try Spawner(descriptorLimit: descriptorLimit)
        let score = ProcFS.number(in: "/proc/self/oom_score_adj") ?? 0
        defaultOutOfMemoryScore = score < 0 ? 0 : nil
        childSource = try loop.signal(.child, priority: .urgent) { [weak self] _ in self?.reapChildren() }
        pursuitTimer = try loop.timer { [weak self] in self?.pursueAll() }
    }

    /// The worker of a process, if it is a worker's own.
    func worker(of pid: ProcessID) -> WorkerProcess? { ids[pid].flatMap { workers[$0] } }

    /// The workers' own processes, which need not be looked into for what belongs to another.
    var roots: Set<ProcessID> { Set(ids.keys) }

    func makeNotifyPath() -> String {
        nextSocket += 1
        let path = "\(notifyFolder)/\(nextSocket)"
        // What lies there is of a start that was not written down, and its socket may be kept: it would count as in use.
        DatagramSocket.removeFile(at: path)
        return path
    }

    /// A path that is in use must not be given out again.
    func noteUsed(_ notifyPath: String) {
        guard let number = notifyPath.split(separator: "/").last.flatMap({ UInt64($0) }) else { return }
        nextSocket = max(nextSocket, number)
    }

    /// Runs a program that is no worker's, and tells how it ended.
    func run(_ request: SpawnRequest, _ ended: @escaping (ExitReason) -> Void) throws -> ProbeChild {
        let process = try spawner.spawn(request)
        let pid = process.pid
        let child = try ProbeChild(loop: loop, process: process) { [weak self] reason in
            self?.forgetErrand(pid)
            ended(reason)
        }
        expect(child)
        return child
    }

    /// Has a process that does something for koomyd itself told when it has been reaped.
    func expect(_ errand: ProbeChild) { errands[errand.pid] = errand }

    /// It has been reaped, by whomever.
    func forgetErrand(_ pid: ProcessID) { errands[pid] = nil }

    /// Whether a process is still a copy of koomyd that has not reached its program.
    var isStarting: Bool {
        workers.values.contains { $0.pursuit == nil && $0.startup?.isPending == true }
    }

    /// Every process that belongs to a worker.
    func knownProcesses() -> Set<ProcessID> {
        let trees = ProcessSnapshot.take().trees(of: workers.values.map(\.mark), otherRoots: roots)
        return trees.reduce(into: roots) { known, tree in known.formUnion(tree.map(\.pid)) }
    }

    func add(_ worker: WorkerProcess) {
        workers[worker.id] = worker
        ids[worker.pid] = worker.id
    }

    /// A worker whose own process has ended.
    func addRemains(_ worker: WorkerProcess) { workers[worker.id] = worker }

    package func signal(_ id: WorkerID, _ signal: Signal) {
        guard let worker = workers[id] else { return }
        do throws(SystemError) {
            // A stopped process handles no signal but KILL before it goes on.
            try worker.pidfd?.signal(signal)
            try worker.pidfd?.signal(.continue)
        } catch {
            log.warning("\(id.app):\(worker.slot): \(signal) to \(worker.pid): \(error)")
        }
    }

    /// Passes a signal on to every worker.
    package func signalAll(_ signal: Signal) { for id in workers.keys { self.signal(id, signal) } }

    /// Deals with what an ended worker left behind; `treeGone` is reported when nothing is left.
    package func signalDescendants(_ id: WorkerID, _ signal: Signal) {
        guard let worker = workers[id] else { return }
        worker.pursuit = .asked
        guard hasDescendants(worker) else {
            reportGone(worker)
            return
        }
        askDescendants(id, signal)
    }

    /// Signals what an ended worker left behind, and looks again soon.
    func askDescendants(_ id: WorkerID, _ signal: Signal) {
        guard let worker = workers[id] else { return }
        worker.pursuit = .asked
        _ = ProcessTree.signal(signal, worker.mark, otherRoots: roots)
        schedulePursuit(after: .milliseconds(50))
    }

    /// Kills everything that a worker started.
    package func killTree(_ id: WorkerID) {
        guard let worker = workers[id] else { return }
        let hasEnded = worker.pursuit == .asked || worker.pursuit == .killing
        worker.pursuit = hasEnded ? .killing : .condemned
        if hasEnded { pursue(worker) } else { strike(worker) }
    }

    /// Sends SIGKILL to all that is left; the root through the descriptor that is held, whatever /proc says.
    private func strike(_ worker: WorkerProcess) {
        if worker.pursuit == .condemned { _ = try? worker.pidfd?.signal(.kill) }
        try? worker.cgroup?.cgroup.kill()
        _ = ProcessTree.signal(.kill, worker.mark, otherRoots: roots)
        schedulePursuit(after: worker.pursuit == .condemned ? .seconds(1) : .milliseconds(10))
    }

    /// Nothing of a worker is left.
    package func forget(_ id: WorkerID) {
        logs.detach(id)
        guard let worker = workers.removeValue(forKey: id) else { return }
        store?.drop(Self.keptName(id))
        worker.watch.remove()
        worker.notify?.close()
        // One that had ended before we came has no socket here, but its file.
        if worker.notify == nil, let path = worker.record?.notifySocket { DatagramSocket.removeFile(at: path) }
        worker.observer?.end()
        for probe in worker.probes.values { probe.cancel() }
        try? worker.cgroup?.cgroup.remove()
    }

    /// Lets go of a worker whose start was interrupted, so that it can be started once more.
    package func dismiss(_ id: WorkerID) {
        if let worker = workers[id] { ids[worker.pid] = nil }
        forget(id)
    }

    // MARK: - Ends

    func reapChildren() {
        var strangers = false
        while let pid = try? ChildWaiter.nextEnded() {
            // A start that failed has said why on its pipe before its process ended.
            if let worker = worker(of: pid) { noteStartup(worker) }
            guard let reason = try? ChildWaiter.reap(pid) else { break }
            if let worker = worker(of: pid) {
                ended(worker, reason)
            } else if let errand = errands.removeValue(forKey: pid) {
                errand.reaped(reason)
            } else if !probes.adopt(pid: pid, reason: reason) {
                strangers = true
            }
        }
        if strangers { pursueAll() }
    }

    func ended(_ worker: WorkerProcess, _ reason: ExitReason) {
        ids[worker.pid] = nil
        worker.observer?.end()
        worker.observer = nil
        worker.notify?.close()
        worker.notify = nil
        if !worker.unread.isEmpty { readOutput(of: worker) }
        logs.drain(worker.id)
        report(worker.id, .exited(worker.startFailure.map(ExitReason.failedToStart) ?? reason))
        // The fleet may not have asked for what was left behind, where the tree was killed with its root.
        if let left = workers[worker.id], left.pursuit == nil || left.pursuit == .condemned {
            left.pursuit = .killing
            pursue(left)
        }
    }

    /// Whether anything is left of an ended worker's tree.
    ///
    /// Whether a child of ours belongs to no worker.
    private func isHelper(_ pid: ProcessID) -> Bool { store?.keeperProcess == pid }

    /// What our own child leaves comes to us, so that a look at our children is enough to know that there is nothing.
    private func hasDescendants(_ worker: WorkerProcess) -> Bool {
        if let populated = worker.cgroup?.cgroup.isPopulated() { return populated }
        if worker.origin == .child, let children = ProcFS.children(of: ThisProcess.id),
            children.allSatisfy({ ids[$0] != nil || isHelper($0) })
        {
            return false
        }
        // Where /proc cannot be read, as without a free descriptor, nobody knows: that is not "nothing".
        guard !ProcFS.processIDs().isEmpty else { return true }
        return !ProcessSnapshot.take().tree(of: worker.mark, otherRoots: roots).isEmpty
    }

    func pursueAll() {
        for worker in workers.values where worker.pursuit != nil { pursue(worker) }
    }

    private func pursue(_ worker: WorkerProcess) {
        if worker.pursuit == .condemned {
            strike(worker)
            return
        }
        guard hasDescendants(worker) else {
            reportGone(worker)
            return
        }
        if worker.pursuit == .killing { strike(worker) } else { schedulePursuit(after: .milliseconds(250)) }
    }

    /// What is left may have changed hands between two looks, and not every end of a descendant is told to us.
    private func schedulePursuit(after span: TimeSpan) {
        guard pursuitTimer?.isArmed != true else { return }
        pursuitTimer?.arm(at: MonotonicClock.now() + span)
    }

    private func reportGone(_ worker: WorkerProcess) {
        worker.pursuit = nil
        report(worker.id, .treeGone)
    }

    /// Takes what the start said about itself.
    func noteStartup(_ worker: WorkerProcess) {
        worker.startFailure = worker.startFailure ?? worker.startup?.failure
    }
}
