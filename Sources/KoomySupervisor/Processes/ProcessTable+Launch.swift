import KoomyCore
import KoomyEventLoop
package import KoomyModel
import KoomySystem

/// The start of a worker's process.
extension ProcessTable {
    /// Starts a worker; what comes of it is reported.
    package func launch(_ id: WorkerID, _ spec: AppSpec, slot: Int, _ generation: Generation) {
        do throws(StartFailure) {
            try spawn(id, spec, slot: slot, generation)
            report(id, .spawned)
        } catch {
            logs.detach(id)
            if workers[id] == nil { store?.drop(Self.keptName(id)) }
            report(id, .spawnFailed(error))
        }
    }

    private func spawn(_ id: WorkerID, _ wanted: AppSpec, slot: Int, _ generation: Generation) throws(StartFailure) {
        let spec = wanted.located()
        if !workers.values.contains(where: { $0.id.app == id.app }) { listeners.restoreFlags(id.app, generation) }
        let probe = try openPrivateSocket(spec)
        let channel = try openChannel(spec)
        let streams = try openStreams(id, spec, slot: slot)
        let notifyPath = makeNotifyPath()
        let passed = try wrap(.descriptors, "listeners") { () throws(SystemError) in
            try listeners.descriptors(id.app, generation, slot: slot)
        }
        var plan = try LaunchPlan(
            id: id,
            slot: slot,
            generation: generation,
            spec: spec,
            port: spec.port ?? firstPort(id.app, generation),
            own: environment,
            inherited: .init(listeners: passed, probe: probe?.socket.number, line: channel?.worker.number),
            streams: streams.map { ($0.out.worker.number, $0.error.worker.number) },
            notifySocket: notifyPath
        )
        // Before the process: its first word may be that it is ready.
        let notify = try receiver(of: id, notifyPath, plan.identity, nil)
        let cgroup = makeCgroup(id, spec)
        plan.request.attributes.oomScoreAdjust = plan.request.attributes.oomScoreAdjust ?? defaultOutOfMemoryScore
        plan.request.cgroup = cgroup?.cgroup.descriptor.number
        // Before the process: what it says at once is not lost when koomyd dies now, and its pipes are found.
        let draft = draft(id, notifyPath, notify, streams, channel, probe)
        started(draft)
        let outputs =
            try streams.map { ends throws(StartFailure) in
                try carry(ends, of: id, slot: slot, generation, spec)
            } ?? []
        store?.keep(Self.keptName(id), outputs + [notify.descriptor, channel?.own.number].compactMap { $0 })
        let process: SpawnedProcess
        do throws(StartFailure) {
            process = try spawner.spawn(plan.request)
        } catch {
            try? cgroup?.cgroup.remove()
            throw error
        }
        let pid = process.pid
        let worker = process.split { pidfd, startup in
            let worker = WorkerProcess(
                id: id,
                slot: slot,
                generation: generation,
                spec: spec,
                pid: pid,
                pidfd: pidfd,
                mark: TreeMark(
                    root: pid,
                    startTime: ProcessStat(of: pid)?.startTime,
                    marker: .init(name: "NOTIFY_SOCKET", value: notifyPath)
                ),
                startedAt: MonotonicClock.now(),
                privateAddress: probe?.address,
                privateInode: probe.flatMap { FileIdentity(of: $0.socket.number)?.inode },
                identity: plan.identity,
                environment: plan.request.environment
            )
            worker.startup = Startup(startup)
            return worker
        }
        worker.cgroup = cgroup
        worker.notify = notify
        worker.outputs = outputs
        add(worker)
        remember(worker, draft)
        if spec.logs.target == .journald, !logs.isForeground {
            SystemJournal.introduce(id.app, slot: slot, generation, pid: pid)
        }
        defer { keepDescriptors(of: worker) }
        if let channel { listen(to: worker, channel.own) }
        observe(worker)
    }

    /// The port of the first TCP listener, as the kernel has it.
    func firstPort(_ app: AppName, _ generation: Generation) -> UInt16? {
        for listener in listeners.addresses(app, generation) {
            if case .tcp(_, let port) = listener.address { return port }
        }
        return nil
    }

    private func needsPrivateSocket(_ spec: AppSpec) -> Bool {
        if case .probe(let probe) = spec.readiness, probe.usesPrivateSocket { return true }
        return spec.health?.usesPrivateSocket ?? false
    }

    private func openPrivateSocket(
        _ spec: AppSpec
    ) throws(StartFailure) -> (socket: SharedDescriptor, address: ListenAddress)? {
        guard needsPrivateSocket(spec) else { return nil }
        return try wrap(.descriptors, "probe socket") { () throws(SystemError) in
            let socket = try ListeningSocket.openPrivate()
            let address = socket.address
            return (SharedDescriptor(socket.takeDescriptor()), address)
        }
    }

    /// What takes a worker's notifications.
    func receiver(
        of id: WorkerID,
        _ path: String,
        _ identity: ResolvedIdentity?,
        _ bound: consuming FileDescriptor?
    ) throws(StartFailure) -> NotifyReceiver {
        do {
            let socket =
                if let bound { try DatagramSocket(adopting: bound, path: path) } else {
                    try DatagramSocket(path: path, mode: 0o600, userID: identity?.userID, groupID: identity?.groupID)
                }
            return try NotifyReceiver(
                loop: loop,
                socket: socket,
                isOwn: { [weak self] pid in
                    guard let self, let worker = workers[id] else { return false }
                    return isOwn(pid, worker)
                },
                { [weak self] message in self?.notified(id, message) }
            )
        } catch let error as SystemError {
            throw StartFailure(step: .descriptors, errno: error.errno.number, subject: path)
        } catch {
            throw StartFailure(step: .descriptors, errno: 22, subject: path)
        }
    }

    /// Takes the line by which a worker says that it is ready, where that is its way.
    func listen(to worker: WorkerProcess, _ channel: SharedDescriptor) {
        let id = worker.id
        let kind: LineReceiver.Kind = if case .ipc = worker.spec.readiness { .ipcReady } else { .newline }
        let evidence: ReadinessEvidence = kind == .ipcReady ? .ipc : .descriptor
        do {
            let duplicate = try channel.descriptor.duplicate()
            worker.line = try LineReceiver(loop: loop, owning: duplicate, kind: kind) { [weak self] in
                self?.report(id, .becameReady(evidence))
            }
        } catch {
            log.warning("\(id.app):\(worker.slot): its readiness cannot be taken: \(error)")
        }
    }

    /// Whether a process that sent a notification belongs to a worker.
    ///
    /// One that has ended meanwhile, as a shell's `systemd-notify` does at once, can only be known by the mode of the
    /// socket, which lets the worker's user and root alone send.
    private func isOwn(_ pid: ProcessID, _ worker: WorkerProcess) -> Bool {
        guard pid != worker.pid, let sender = ProcessStat(of: pid) else { return true }
        if sender.session == worker.pid { return true }
        if ProcessTree.descendants(of: worker.pid)?.contains(pid) == true { return true }
        return ProcessSnapshot.take().tree(of: worker.mark, otherRoots: roots).contains { $0.pid == pid }
    }

    private func notified(_ id: WorkerID, _ message: NotifyMessage) {
        switch message {
        case .ready: report(id, .becameReady(.notify))
        case .watchdog: report(id, .pinged)
        case .watchdogTrigger: report(id, .declaredHung)
        case .extendTimeout(let span): report(id, .extended(span))
        case .status(let text): workers[id]?.statusText = text
        // It leaves by itself: from now on it is a worker that drains, with its kill timeout, and is followed by another.
        case .stopping: report(id, .leave(.restarted))
        case .reloading, .mainProcess, .unknown: break
        case .refused(let pid, let reason):
            log.warning("\(id.app): a notification of process \(pid) was refused: \(reason)")
        }
    }

    /// Looks for evidence that the worker waits for connections, or owns a port, until it is ready.
    func observe(_ worker: WorkerProcess) {
        let proves: Bool =
            switch worker.spec.readiness {
            case .automatic, .observed: true
            case .notify, .descriptor, .ipc, .probe, .uptime: false
            }
        let id = worker.id
        let inodes = listeners.inodes(id.app, worker.generation)
        // An app with listeners of koomyd's needs no port; one without may have one, whatever proves it ready.
        guard proves || inodes.isEmpty else { return }
        do {
            worker.observer = try ReadinessObserver(
                loop: loop,
                tree: { [weak worker] in
                    guard let worker, worker.startup?.hasReachedProgram ?? true else { return [] }
                    return [worker.pid] + (ProcessTree.descendants(of: worker.pid) ?? [])
                },
                listeners: inodes,
                ignored: worker.ignoredSockets,
                // A port for metrics or a debugger says nothing about the app's own.
                countsOwnListeners: inodes.isEmpty
            ) { [weak self] finding in
                guard let self else { return }
                if case .ownsListener = finding, inodes.isEmpty { ownsPort(id) }
                if proves { report(id, .becameReady(.observed)) }
            }
        } catch {
            log.warning("\(id.app):\(worker.slot): it cannot be observed: \(error)")
        }
    }

    /// A worker has proved that it serves: it is looked at once more, for a port of its own, and then left alone.
    package func settle(_ id: WorkerID) {
        guard let worker = workers[id], let observer = worker.observer else { return }
        observer.end()
        worker.observer = nil
        guard listeners.inodes(id.app, worker.generation).isEmpty else { return }
        let processes = [worker.pid] + (ProcessTree.descendants(of: worker.pid) ?? [])
        if case .ownsListener? = ReadinessObserver.look(at: processes, listeners: [], ignoring: worker.ignoredSockets) {
            ownsPort(id)
        }
    }

    static func cgroupName(_ id: WorkerID) -> String { "\(id.app).\(id.serial)" }

    private func makeCgroup(_ id: WorkerID, _ spec: AppSpec) -> WorkerCgroup? {
        guard let delegated else { return nil }
        do throws(SystemError) {
            let child = try delegated.makeChild(Self.cgroupName(id))
            if let hard = spec.recycle.effectiveHardMemory, delegated.controllers.contains("memory") {
                try child.setMemoryMax(hard)
            }
            return WorkerCgroup(child)
        } catch {
            log.warning("\(id.app): no cgroup for it: \(error)")
            return nil
        }
    }

    /// What a later koomyd needs to take the worker back; its process is still to come.
    private func draft(
        _ id: WorkerID,
        _ notifyPath: String,
        _ notify: NotifyReceiver,
        _ streams: Streams?,
        _ channel: Ends?,
        _ probe: (socket: SharedDescriptor, address: ListenAddress)?
    ) -> ProcessRecord {
        ProcessRecord(
            id: id,
            process: .none,
            pidfd: nil,
            startedAt: MonotonicClock.now(),
            notifySocket: notifyPath,
            notify: notify.identity,
            out: streams.flatMap { $0.out.own.flatMap { FileIdentity(of: $0.number) } },
            error: streams.flatMap { $0.error.own.flatMap { FileIdentity(of: $0.number) } },
            line: channel.flatMap { FileIdentity(of: $0.own.number) },
            privateAddress: probe?.address,
            privateInode: probe.flatMap { FileIdentity(of: $0.socket.number)?.inode }
        )
    }

    /// Writes down which process it is.
    private func remember(_ worker: WorkerProcess, _ draft: ProcessRecord) {
        var record = draft
        record.process = ProcessIdentity(pid: worker.pid, startTime: worker.mark.startTime ?? 0)
        record.pidfd = worker.pidfdIdentity
        record.startedAt = worker.startedAt
        worker.record = record
        started(record)
    }

    /// Has copies of what a later koomyd needs of a worker kept.
    func keepDescriptors(of worker: WorkerProcess) {
        let pidfd = worker.pidfdIdentity == nil ? nil : worker.pidfdNumber
        let sockets = [worker.notify?.descriptor, worker.line?.number, pidfd].compactMap { $0 }
        store?.keep(Self.keptName(worker.id), worker.outputs + sockets)
    }

    /// The names under which the descriptors of workers are kept.
    var keptNames: Set<String> { Set(workers.keys.map(Self.keptName)) }

    /// The name under which a worker's descriptors are kept.
    static func keptName(_ id: WorkerID) -> String { "worker.\(id.app).\(id.serial)" }

    /// Has the logs read a worker's output, and returns the numbers of the pipes that they own from now on.
    ///
    /// Before the process: one whose output nobody reads would lose its lines, and stand still when its pipe is full.
    private func carry(
        _ streams: Streams,
        of id: WorkerID,
        slot: Int,
        _ generation: Generation,
        _ spec: AppSpec
    ) throws(StartFailure) -> [Int32] {
        try wrap(.descriptors, "log pipes") { () throws(SystemError) in
            var numbers: [Int32] = []
            for (stream, ends) in [(LogStream.out, streams.out), (.error, streams.error)] {
                guard let own = ends.own else { continue }
                let pipe = LogPipe(try own.descriptor.duplicate())
                let source = LogTable.Source(id: id, slot: slot, generation: generation, stream: stream)
                try logs.attach(pipe, of: source, spec)
                numbers.append(pipe.shared.number)
            }
            return numbers
        }
    }
}

// MARK: - Descriptors

extension ProcessTable {
    /// Two ends of one connection: ours, and the worker's, which is closed here once it has been handed over.
    struct Ends {
        let own: SharedDescriptor
        let worker: SharedDescriptor
    }

    /// What a worker's standard output and standard error lead to.
    struct Streams {
        let out: Output
        let error: Output
    }

    /// The end that the worker gets, and the one that we read; none where it writes to its place itself.
    struct Output {
        let own: SharedDescriptor?
        let worker: SharedDescriptor
    }

    private func openStreams(_ id: WorkerID, _ spec: AppSpec, slot: Int) throws(StartFailure) -> Streams? {
        let target = logs.isForeground ? LogTarget.file : spec.logs.target
        func open(_ stream: LogStream) throws(StartFailure) -> Output {
            switch target {
            case .file, .none:
                // Nobody who writes is to notice when koomyd dies.
                let ends = try openPipe(outlivesReaders: true)
                return Output(own: ends.own, worker: ends.worker)
            case .direct:
                let file = try wrap(.descriptors, "log file") { () throws(SystemError) in
                    SharedDescriptor(try logs.direct(stream, slot: slot, spec))
                }
                return Output(own: nil, worker: file)
            case .journald:
                let journal = try wrap(.descriptors, "journal") { () throws(SystemError) in
                    SharedDescriptor(try SystemJournal.stream(of: id.app, stream))
                }
                return Output(own: nil, worker: journal)
            }
        }
        return spec.logs.target == .none ? nil : Streams(out: try open(.out), error: try open(.error))
    }

    private func openPipe(outlivesReaders: Bool = false) throws(StartFailure) -> Ends {
        try wrap(.pipe, "pipe") { () throws(SystemError) in
            let pipe = try Pipe(outlivesReaders: outlivesReaders)
            // Room for a burst while koomyd does something else.
            pipe.requestCapacity(256 << 10)
            let ends = pipe.shared()
            return Ends(own: ends.readEnd, worker: ends.writeEnd)
        }
    }

    private func openChannel(_ spec: AppSpec) throws(StartFailure) -> Ends? {
        switch spec.readiness {
        case .descriptor: return try openPipe()
        case .ipc:
            return try wrap(.pipe, "ipc channel") { () throws(SystemError) in
                let ends = try StreamSocket.pair().shared()
                return Ends(own: ends.first, worker: ends.second)
            }
        case .automatic, .notify, .observed, .probe, .uptime: return nil
        }
    }

    private func wrap<Result: ~Copyable>(
        _ step: StartFailure.Step,
        _ subject: String,
        _ body: () throws(SystemError) -> Result
    ) throws(StartFailure) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw StartFailure(step: step, errno: error.errno.number, subject: error.subject ?? subject)
        }
    }
}
