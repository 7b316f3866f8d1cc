import KoomyCore
import KoomyEventLoop
package import KoomyModel
import KoomySystem

/// Workers that an earlier koomyd started.
extension ProcessTable {
    /// What is known of a worker besides its process.
    package struct Place {
        package var spec: AppSpec
        package var slot: Int
        package var generation: Generation
        /// Its own process had ended when koomyd died, and what it had started was being dealt with.
        package var pursuit: WorkerProcess.Pursuit?

        package init(spec: AppSpec, slot: Int, generation: Generation, pursuit: WorkerProcess.Pursuit? = nil) {
            self.spec = spec
            self.slot = slot
            self.generation = generation
            self.pursuit = pursuit
        }
    }

    /// Takes a worker back, with its pipes and sockets where they can be had; how it ended is reported by `reportLateEnds`.
    package func adopt(_ record: ProcessRecord, at place: Place, from pool: DescriptorPool) {
        let pidfd = pidfd(of: record, from: pool)
        let found = ProcessStat(of: record.process.pid)
        var isThere = pidfd != nil && found?.startTime == record.process.startTime
        // One that another parent has not reaped yet; of our own we are told.
        if let found, found.isDead, found.parent != ThisProcess.id { isThere = false }
        let identity = try? LaunchPlan.resolve(place.spec.identity)
        let worker = WorkerProcess(
            id: record.id,
            slot: place.slot,
            generation: place.generation,
            spec: place.spec,
            pid: record.process.pid,
            pidfd: pidfd,
            mark: TreeMark(
                root: record.process.pid,
                startTime: record.process.startTime,
                marker: .init(name: "NOTIFY_SOCKET", value: record.notifySocket)
            ),
            startedAt: record.startedAt,
            privateAddress: record.privateAddress,
            privateInode: record.privateInode,
            identity: identity ?? nil,
            environment: environment(of: record, at: place, identity: identity ?? nil)
        )
        worker.record = record
        worker.origin = .adopted
        worker.cgroup = existingCgroup(record.id)
        noteUsed(record.notifySocket)
        takeBackOutput(of: worker, record, from: pool)
        guard place.pursuit == nil else {
            worker.pursuit = place.pursuit
            addRemains(worker)
            keepDescriptors(of: worker)
            return
        }
        add(worker)
        guard isThere else {
            worker.lateEnd = worker.exitReason ?? .unknown
            return
        }
        takeBackSockets(of: worker, record, from: pool)
        keepDescriptors(of: worker)
        if ProcessStat(of: worker.pid)?.parent == ThisProcess.id { worker.origin = .child } else { watch(worker) }
        observe(worker)
    }

    /// Whether the process of a worker ended, as far as can be known, because koomyd died before it had become its program.
    ///
    /// Until then it is killed with koomyd, or leaves with 127 where it sees for itself that koomyd is gone.
    package func wasInterrupted(_ id: WorkerID) -> Bool {
        switch workers[id]?.lateEnd {
        case .unknown, .exited(code: 127), .signaled(.kill, _): true
        case nil, .exited, .signaled, .failedToStart: false
        }
    }

    /// Reports the workers that had ended when they were looked for, and reaps those whose parent we still are.
    package func reportLateEnds() {
        for worker in workers.values.sorted(by: { $0.id < $1.id }) {
            guard let reason = worker.lateEnd else { continue }
            worker.lateEnd = nil
            ended(worker, reason)
        }
        reapChildren()
    }

    /// Goes on with what ended workers left behind.
    package func resumePursuits() { pursueAll() }

    private func pidfd(of record: ProcessRecord, from pool: DescriptorPool) -> Pidfd? {
        // One that was kept knows how its process ended, whoever reaped it.
        if let kept = pool.claim(record.pidfd) { return Pidfd(pid: record.process.pid, owning: kept) }
        guard let opened = try? Pidfd.open(record.process.pid),
            ProcessStat(of: record.process.pid)?.startTime == record.process.startTime
        else { return nil }
        if let expected = record.pidfd, let identity = opened.identity, expected != identity { return nil }
        return opened
    }

    /// The environment that it was started with, made anew: its own memory of it may be written over.
    private func environment(
        of record: ProcessRecord,
        at place: Place,
        identity: ResolvedIdentity?
    ) -> [String: String] {
        var environment = WorkerEnvironment.base(place.spec, identity: identity, own: environment)
        let port = place.spec.port ?? firstPort(record.id.app, place.generation)
        let own = WorkerEnvironment.own(record.id, slot: place.slot, place.generation, place.spec, port: port)
        environment.merge(own) { $1 }
        environment["NOTIFY_SOCKET"] = record.notifySocket
        return environment
    }

    private func existingCgroup(_ id: WorkerID) -> WorkerCgroup? {
        guard let child = try? delegated?.existingChild(Self.cgroupName(id)) else { return nil }
        return WorkerCgroup(child)
    }

    // MARK: - Its descriptors

    /// What it wrote while nobody read is in the pipe, also when it has ended.
    private func takeBackOutput(of worker: WorkerProcess, _ record: ProcessRecord, from pool: DescriptorPool) {
        for (stream, number, identity) in [
            (LogStream.out, Int32(1), record.out), (.error, 2, record.error),
        ] {
            guard let identity else { continue }
            let output = UnreadOutput(stream, number: number, identity)
            if let kept = pool.claim(identity) { output.pipe = LogPipe(kept) }
            worker.unread.append(output)
        }
        readOutput(of: worker)
    }

    /// Has the logs read what of a worker's output they do not yet; what is missing for it, as a descriptor, may be there
    /// in a moment.
    func readOutput(of worker: WorkerProcess) {
        worker.nextRead = nil
        for output in worker.unread {
            do throws(SystemError) {
                let found = output.pipe
                let pipe =
                    if let found { found } else { LogPipe(try reopened(output.number, of: worker, output.identity)) }
                output.pipe = pipe
                let source = LogTable.Source(
                    id: worker.id,
                    slot: worker.slot,
                    generation: worker.generation,
                    stream: output.stream
                )
                try logs.attach(pipe, of: source, worker.spec)
                worker.outputs.append(pipe.shared.number)
                worker.unread.removeAll { $0 === output }
            } catch {
                if output.attempts == 0 {
                    log.warning("\(worker.id.app):\(worker.slot): its output cannot be read yet: \(error)")
                }
                output.attempts += 1
            }
        }
        guard let most = worker.unread.map(\.attempts).max() else { return }
        let pause = TimeSpan.milliseconds(10) * Int64(min(most, 50))
        worker.nextRead = try? loop.timer(at: MonotonicClock.now() + pause) { [weak self, weak worker] in
            guard let self, let worker, workers[worker.id] === worker else { return }
            readOutput(of: worker)
            keepDescriptors(of: worker)
        }
    }

    private func reopened(
        _ number: Int32,
        of worker: WorkerProcess,
        _ identity: FileIdentity
    ) throws(SystemError) -> FileDescriptor {
        let pipe = try ProcFS.openDescriptor(number, of: worker.pid)
        guard FileIdentity(of: pipe.number) == identity else {
            throw SystemError("take back the output", .noSuchFile, subject: "descriptor \(number) of \(worker.pid)")
        }
        return pipe
    }

    private func takeBackSockets(of worker: WorkerProcess, _ record: ProcessRecord, from pool: DescriptorPool) {
        do throws(StartFailure) {
            // Of one whose start was not written down, the path alone is known.
            let path = record.notifySocket
            let kept = if record.notify == nil { pool.claimSocket(boundTo: path) } else { pool.claim(record.notify) }
            worker.notify = try receiver(of: worker.id, path, worker.identity, kept)
            // One that was bound anew, because nobody had kept the other, is what the next koomyd has to look for.
            if let identity = worker.notify?.identity, identity != record.notify {
                noteNotifySocket(identity, of: worker)
            }
        } catch {
            log.warning("\(worker.id.app):\(worker.slot): it can no longer send notifications: \(error)")
        }
        if let line = pool.claim(record.line) { listen(to: worker, SharedDescriptor(line)) }
    }

    private func noteNotifySocket(_ identity: FileIdentity, of worker: WorkerProcess) {
        worker.record?.notify = identity
        if let record = worker.record { started(record) }
    }

    // MARK: - Its end

    /// Watches a process whose parent somebody else is.
    private func watch(_ worker: WorkerProcess) {
        guard let pidfd = worker.pidfdNumber else { return }
        do throws(SystemError) {
            worker.watch = try loop.io(pidfd, priority: .urgent) { [weak self, weak worker] _ in
                guard let self, let worker else { return }
                strangerEnded(worker)
            }
        } catch {
            log.error("\(worker.id.app):\(worker.slot): its end cannot be watched: \(error)")
        }
    }

    /// How it ended is known until its parent reaps it, and afterwards by its pidfd; where that keeps no record, and the
    /// parent was faster than we, it stays unknown.
    private func strangerEnded(_ worker: WorkerProcess) {
        if let reason = worker.exitReason {
            strangerEnded(worker, reason)
            return
        }
        worker.looks += 1
        let isReaped = ProcessStat(of: worker.pid)?.startTime != worker.mark.startTime
        if isReaped && worker.looks > 1 || worker.looks > Self.mostLooks {
            strangerEnded(worker, .unknown)
            return
        }
        worker.watch.remove()
        worker.nextLook = try? loop.timer(at: MonotonicClock.now() + .milliseconds(1)) { [weak self, weak worker] in
            guard let self, let worker else { return }
            strangerEnded(worker)
        }
        if worker.nextLook == nil { strangerEnded(worker, .unknown) }
    }

    /// A parent that has not reaped it after this many milliseconds may never.
    private static let mostLooks = 100

    private func strangerEnded(_ worker: WorkerProcess, _ reason: ExitReason) {
        worker.watch.remove()
        worker.nextLook = nil
        guard workers[worker.id] === worker, worker.pursuit == nil || worker.pursuit == .condemned else { return }
        ended(worker, reason)
    }
}
