package import KoomyModel

/// A worker that is alive though nobody remembers it; its own environment says who it is.
package struct Survivor: Hashable, Sendable, Codable {
    package var id: WorkerID
    package var slot: Int
    package var generation: Generation
    /// When its process was started.
    package var startedAt: Instant

    package init(id: WorkerID, slot: Int, generation: Generation, startedAt: Instant) {
        self.id = id
        self.slot = slot
        self.generation = generation
        self.startedAt = startedAt
    }
}

extension Worker {
    /// A worker that runs already; it proves anew that it serves.
    ///
    /// What it said once it will not say again: a worker that was to speak for itself is looked at instead.
    init(_ survivor: Survivor, spec: AppSpec, at now: Instant) {
        var spec = spec
        switch spec.readiness {
        case .notify, .descriptor, .ipc: spec.readiness = .automatic
        case .automatic, .observed, .probe, .uptime: break
        }
        self.init(id: survivor.id, slot: survivor.slot, generation: survivor.generation, spec: spec, at: now)
    }
}
