import KoomyModel

@testable import KoomyCore

/// The connections of workers that leave, as a koomyd counts them, and what may be done because of them.
extension Simulation {
    /// Begins to count as the real one does, and holds what is said against what was counted.
    mutating func hear(_ notice: Notice) {
        guard let app = notice.app else { return }
        switch notice.kind {
        case .workerParting(let serial, _, _, _), .workerLeaving(let serial, _, _):
            beginToLook(at: WorkerID(app: app, serial: serial))
        case .workerIdled(let serial, _): checkIdle(WorkerID(app: app, serial: serial))
        case .workerForced(let serial, _): checkForce(WorkerID(app: app, serial: serial))
        case .workerStarting, .workerReady, .workerFaltered, .workerEnded, .hookFailed, .workerLingering, .workerGone,
            .restartScheduled, .incident, .finished, .errored, .unstartable, .retrying, .recovered, .recycling,
            .recycled, .recycleFailed, .rehearsing, .rehearsed, .canaryBegan, .canaryHeld, .promoted, .rolloutPaused,
            .rolloutResumed, .rolloutWaits, .rolloutGoesOn, .rolloutYields, .rolloutBegan, .rolloutAdvanced,
            .rollbackBegan, .rolloutEnded, .cannotListen,
            .added, .scaled, .reset, .deleted, .stopped, .unsaved, .saved:
            break
        }
    }

    mutating func beginToLook(at id: WorkerID) {
        guard processes[id]?.isWatched == false else { return }
        processes[id]?.isWatched = true
        agenda.add(.fact(id, .look), at: now + dice.milliseconds(0...20))
    }

    /// A koomyd that comes back has counted nothing.
    mutating func lookAgain() {
        for id in processes.keys.sorted() {
            processes[id]?.told = nil
            processes[id]?.isWatched = false
            if fleet.apps[id.app]?.workers[id.serial]?.departure != nil { beginToLook(at: id) }
        }
    }

    mutating func look(at id: WorkerID, _ process: FakeProcess) {
        guard process.isWatched, process.state != .vanished else { return }
        agenda.add(.fact(id, .look), at: now + .milliseconds(500))
        // Mostly as it was; without noise they are closed at some time.
        if let told = process.told, told.connections != nil, dice.chance(isNoisy ? 80 : 50) { return }
        let count = isNoisy ? dice.pick([0, 0, 0, 1, 3, nil]) : 0
        if let told = process.told, told.connections == count { return }
        processes[id]?.told = (count, now)
        if !deliver(.worker(id, .connections(count))) { processes[id]?.told = nil }
    }

    private mutating func checkIdle(_ id: WorkerID) {
        guard let process = processes[id] else { return }
        guard let told = process.told, told.connections == 0, now - told.since >= StopPolicy.idleTime else {
            violation = "worker \(id.serial) of \(id.app) was ended as idle, and its connections are another matter"
            return
        }
        if process.spec.stop.drain != .idle { violation = "worker \(id.serial) of \(id.app) was not to end when idle" }
    }

    private mutating func checkForce(_ id: WorkerID) {
        guard let process = processes[id], let asked = process.asked, asked.signal != .abort,
            let limit = process.spec.stop.connectionTimeout, process.told?.connections ?? 1 > 0
        else { return }
        if now - asked.at < limit { violation = "worker \(id.serial) of \(id.app) was killed with open connections" }
    }
}
