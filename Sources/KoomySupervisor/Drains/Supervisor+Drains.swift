import KoomyCore
import KoomyModel
import KoomySystem

/// Workers that are leaving, and their connections.
extension Supervisor {
    /// Looks from now on at the connections of a worker that is to leave.
    func watchDrain(_ id: WorkerID) {
        if let worker = processes.workers[id], worker.ownAddresses == nil { noteOwnListeners(of: worker) }
        drains.watch(id)
    }

    /// Looks again at the workers that were leaving when the koomyd before this one was.
    func watchDrains() {
        for app in fleet.apps.values {
            for worker in app.workers.values where worker.departure != nil { drains.watch(worker.id) }
        }
    }

    /// The processes of a worker and where it accepts, for a look at its connections.
    func drainSubject(_ id: WorkerID) -> ConnectionCensus.Subject? {
        guard let worker = processes.workers[id] else { return nil }
        var addresses = worker.ownAddresses ?? []
        for listener in listeners.addresses(id.app, worker.generation) {
            addresses.insert(LocalAddress(listener.address))
        }
        return ConnectionCensus.Subject(mark: worker.mark, addresses: addresses)
    }

    /// Takes what was counted: for the machine, and for those who wait.
    func drainCounted(_ id: WorkerID, _ connections: Int?) {
        send(.worker(id, .connections(connections)))
        guard let connections, let worker = processes.workers[id] else { return }
        let oldest = drains.count(id)?.oldest
        let text = NoticeText(draining: connections, oldest: oldest, slot: worker.slot, serial: id.serial)
        for answer in answers.values.joined() where answer.concerns(id.app) { answer.progress(id.app, text) }
    }

    /// Before it is asked to leave: what it listens on it may close at once.
    private func noteOwnListeners(of worker: WorkerProcess) {
        let tree = { [worker.pid] + (ProcessTree.descendants(of: worker.pid) ?? []) }
        worker.ownAddresses = drains.ownAddresses(of: tree, except: worker.ignoredSockets)
    }
}

extension LocalAddress {
    fileprivate init(_ address: ListenAddress) {
        switch address {
        case .tcp(_, let port): self = .port(port)
        case .unix(let path): self = .path(path)
        }
    }
}
