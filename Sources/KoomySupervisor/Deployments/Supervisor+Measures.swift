import KoomyCore
import KoomyModel
import KoomySystem

/// What koomyd measures for rollouts: the host, and new workers beside old ones.
extension Supervisor {
    /// How the host is, before a rollout begins and while one goes on.
    func weigh(_ name: AppName) {
        let workers = processes.workers.values.filter { $0.id.app == name && $0.pursuit == nil }
        send(.weighed(name, HostGauge.measure(beside: workers)))
    }

    /// How new workers do beside the others.
    func compare(_ name: AppName, _ generation: Generation) {
        let usage = SessionUsage()
        let now = MonotonicClock.now()
        let before = canaries[name]
        func group(_ belongs: (WorkerProcess) -> Bool) -> Comparison.Group {
            let workers = processes.workers.values.filter { $0.id.app == name && $0.pursuit == nil && belongs($0) }
            let sizes = workers.compactMap { usage.memory[$0.pid] }
            // Since the canary began, for all alike: what an old worker wrote by night says nothing about the day.
            let rates = workers.compactMap { worker -> Double? in
                guard let before = before?[worker.id], let carried = logs.carried(worker.id, .error) else { return nil }
                return Double(carried - min(carried, before.bytes)) / max(1, (now - before.at).seconds)
            }
            var group = Comparison.Group()
            if !sizes.isEmpty { group.memory = ByteCount(bytes: sizes.reduce(0, +) / UInt64(sizes.count)) }
            if !rates.isEmpty { group.complaints = rates.reduce(0, +) / Double(rates.count) }
            return group
        }
        let comparison = Comparison(
            new: group { $0.generation == generation },
            old: group { $0.generation < generation }
        )
        send(.compared(name, comparison))
    }

    /// What each worker has written to its standard error until now.
    func complaints(of name: AppName) -> [WorkerID: Complaints] {
        let now = MonotonicClock.now()
        return processes.workers.values.reduce(into: [:]) { result, worker in
            guard worker.id.app == name, let bytes = logs.carried(worker.id, .error) else { return }
            result[worker.id] = Complaints(bytes: bytes, at: now)
        }
    }

    /// How much a worker had written to its standard error, and when.
    struct Complaints {
        var bytes: UInt64
        var at: Instant
    }
}
