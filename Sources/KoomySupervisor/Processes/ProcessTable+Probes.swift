package import KoomyCore
package import KoomyModel
import KoomySystem

/// Questions put to workers.
extension ProcessTable {
    /// Performs a probe of a worker; the answer is reported under its attempt.
    package func ask(_ id: WorkerID, _ kind: Worker.ProbeKind, attempt: UInt64) {
        guard let worker = workers[id], let probe = worker.probe(kind, attempt: attempt) else { return }
        var subject = ProbeRunner.Subject(
            slot: worker.slot,
            privateAddress: worker.privateAddress,
            execute: { [weak self, weak worker] arguments in
                guard let self, let worker else { throw SystemError("run a probe", .noSuchProcess) }
                return try spawner.spawn(try Self.request(arguments, for: worker))
            }
        )
        subject.listeners = listeners.addresses(id.app, worker.generation)
        worker.probes[kind] = probes.run(probe, on: subject) { [weak self] result in
            self?.report(id, .probed(kind, attempt: attempt, result))
        }
    }

    /// A probe's command: as the worker's user, in its directory and environment, without its sockets.
    private static func request(_ arguments: [String], for worker: WorkerProcess) throws -> SpawnRequest {
        var environment = worker.environment
        // The notify socket stays: by it what the command leaves behind is known as the worker's.
        for name in ["LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC"] { environment[name] = nil }
        environment["KOOMY_WORKER_PID"] = "\(worker.pid)"
        let directory = worker.spec.workingDirectory
        let path = try ProgramSearch.find(arguments.first ?? "", in: directory, path: environment["PATH"])
        var request = SpawnRequest(
            path: path,
            arguments: arguments,
            environment: environment,
            workingDirectory: directory
        )
        request.identity = worker.identity
        return request
    }
}

extension WorkerProcess {
    func probe(_ kind: Worker.ProbeKind, attempt: UInt64) -> Probe? {
        switch kind {
        case .health: return spec.health
        case .readiness:
            guard case .probe(let probe) = spec.readiness else { return nil }
            return probe
        case .preDrain:
            guard !spec.stop.preDrainHook.isEmpty else { return nil }
            return Probe(kind: .exec(arguments: spec.stop.preDrainHook), timeout: spec.stop.announcement)
        case .rehearsal:
            guard let rehearsal = spec.deploy?.rehearsal, rehearsal.paths.indices.contains(Int(clamping: attempt)),
                let listener = spec.listeners.first
            else { return nil }
            let path = rehearsal.paths[Int(clamping: attempt)]
            let target = Probe.Target.listener(name: listener.name)
            return Probe(kind: .http(target: target, path: path, status: nil), timeout: rehearsal.timeout)
        }
    }
}
