import KoomyModel

@testable import KoomyCore

/// What must hold in every reachable state of an app: P1, P2 and P5, and that nothing waits for what never comes.
enum AppInvariants {
    static func violation(from before: AppWorld, by event: App.Event, to after: AppWorld) -> String? {
        lostRequest(before, event, after) ?? lostProcess(after) ?? untruth(after) ?? stuck(after)
    }

    /// P1: a ready worker is asked to leave only when its slot has another ready one, or an operator gave it up.
    private static func lostRequest(_ before: AppWorld, _ event: App.Event, _ after: AppWorld) -> String? {
        guard before.app.spec.rollout.order == .newFirst else { return nil }
        switch event {
        case .stop, .stopSlot, .restart, .restartSlot, .scale, .kill: return nil
        case .start, .startSlot, .roll, .configure, .startWhenListening, .listening, .cannotListen, .abortRollout,
            .recycleSlot, .reset, .worker, .timerFired, .sampled, .scheduleFired, .ownsPort:
            break
        }
        for (serial, worker) in before.app.workers where worker.isReady && before.app.owner(of: serial) != nil {
            guard let now = after.app.workers[serial], !now.isWanted, after.processes[serial] == .running else {
                continue
            }
            // A worker that hangs does not serve, whatever it has proved before.
            if event == .worker(serial, .declaredHung) { continue }
            // Beyond the instances that are wanted it is surplus.
            if worker.slot >= after.app.spec.instances { continue }
            if !after.app.isReady(worker.slot) {
                return "slot \(worker.slot) lost its ready worker \(serial) for nothing"
            }
        }
        return nil
    }

    /// P2: the machine knows of exactly the workers of which something is left.
    private static func lostProcess(_ world: AppWorld) -> String? {
        let known = Set(world.app.workers.keys)
        let real = Set(world.processes.keys)
        if known != real { return "known workers \(known.sorted()), real ones \(real.sorted())" }
        for slot in world.app.slots {
            for serial in [slot.occupant, slot.replacement?.challenger].compactMap({ $0 }) where !known.contains(serial)
            {
                return "slot \(slot.index) names worker \(serial), which is gone"
            }
        }
        let places = world.app.slots.flatMap { [$0.occupant, $0.replacement?.challenger].compactMap { $0 } }
        if Set(places).count != places.count { return "one worker in two places: \(places)" }
        for (serial, worker) in world.app.workers where worker.isWanted && !places.contains(serial) {
            return "worker \(serial) runs for nobody"
        }
        return nil
    }

    /// P5: each word shown has evidence.
    private static func untruth(_ world: AppWorld) -> String? {
        let app = world.app
        let ready = app.workers.values.filter { $0.isReady && app.owner(of: $0.id.serial) != nil }.count
        switch app.condition {
        case .ok:
            let wanted = app.slots.filter { $0.seat != .stopped }.count
            if ready != wanted { return "ok with \(ready) of \(wanted) ready" }
        case .stopped: if !world.processes.isEmpty { return "stopped with processes left" }
        case .degraded, .rolling, .errored: break
        }
        return nil
    }

    /// Nothing waits for an event that can never come.
    private static func stuck(_ world: AppWorld) -> String? {
        let app = world.app
        for worker in app.workers.values {
            let timers = world.timers.compactMap { timer -> Worker.Timer? in
                guard case .worker(worker.id, let kind) = timer else { return nil }
                return kind
            }
            switch worker.state {
            case .starting where !timers.contains(.readiness):
                return "worker \(worker.id.serial) starts without a deadline"
            case .leaving where !timers.contains(.kill), .clearing where !timers.contains(.kill):
                return "worker \(worker.id.serial) leaves without a deadline"
            case .killing where !world.killed.contains(worker.id.serial),
                .purging where !world.killed.contains(worker.id.serial):
                return "worker \(worker.id.serial) is not killed"
            case .spawning, .unwanted, .condemned, .starting, .ready, .leaving, .killing, .clearing, .purging, .gone:
                break
            }
        }
        guard app.isActive else { return nil }
        if let rollout = app.rollout, rollout.pending.isEmpty,
            !app.slots.contains(where: { $0.replacement?.cause == .rollout })
        {
            return "a rollout with nothing left to do"
        }
        for slot in app.slots {
            if let words = stuck(slot, world) { return "slot \(slot.index): \(words)" }
        }
        return nil
    }

    private static func stuck(_ slot: Slot, _ world: AppWorld) -> String? {
        let app = world.app
        switch slot.replacement?.phase {
        case .vacating? where slot.seat.yieldingSerial == nil: return "vacating, and nobody leaves"
        case .settling? where !world.timers.contains(.settle(app.name, slot: slot.index)): return "settling for ever"
        case .draining(let old)? where app.workers[old] == nil: return "draining a worker that is gone"
        case nil, .vacating, .proving, .settling, .draining: break
        }
        switch slot.seat {
        case .vacant: return "vacant after reconciliation"
        case .waiting:
            return world.timers.contains(.restart(app.name, slot: slot.index)) ? nil : "waits without a timer"
        case .yielding(let serial): return app.workers[serial] == nil ? "yields to nobody" : nil
        case .reserved: return slot.replacement?.challenger == nil ? "reserved for nobody" : nil
        case .held:
            guard case .incident(let scout) = app.breaker, app.slots.indices.contains(scout) else {
                return "held by nobody"
            }
            switch app.slots[scout].seat {
            case .taken, .waiting, .yielding, .reserved: return nil
            case .vacant, .held, .finished, .stopped, .errored: return "held for a scout that does not run"
            }
        case .errored:
            switch app.breaker {
            case .open: return world.timers.contains(.retry(app.name)) ? nil : "errored without a retry"
            case .halfOpen, .deaf: return nil
            case .closed, .incident: return "errored behind a closed breaker"
            }
        case .taken, .finished, .stopped: return nil
        }
    }
}

extension App {
    /// The slot in which the worker serves.
    func owner(of serial: UInt64) -> Int? { slots.firstIndex { $0.occupant == serial } }
}

extension Slot.Seat {
    fileprivate var yieldingSerial: UInt64? {
        guard case .yielding(let serial) = self else { return nil }
        return serial
    }
}
