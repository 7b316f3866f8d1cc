import KoomyModel

@testable import KoomyCore

/// What must hold in every reachable state of an app: P1, P2 and P5, and that nothing waits for what never comes.
enum AppInvariants {
    static func violation(from before: AppWorld, by event: App.Event, to after: AppWorld) -> String? {
        lostRequest(before, event, after)
            ?? lostProcess(after.app, processes: Set(after.processes.keys))
            ?? untruth(after.app, hasProcesses: !after.processes.isEmpty)
            ?? stuck(after.app, after.timers, killed: after.killed)
    }

    /// P1: a ready worker is asked to leave only when its slot has another ready one, or an operator gave it up.
    private static func lostRequest(_ before: AppWorld, _ event: App.Event, _ after: AppWorld) -> String? {
        guard before.app.spec.rollout.order == .newFirst else { return nil }
        switch event {
        case .stop, .stopSlot, .restart, .restartSlot, .scale, .kill: return nil
        case .start, .startSlot, .roll, .configure, .startWhenListening, .listening, .cannotListen, .abortRollout,
            .pauseRollout, .resumeRollout, .promote, .compared, .weighed, .recycleSlot, .reset, .worker, .timerFired,
            .sampled, .scheduleFired, .ownsPort, .lostListeners,
            .found, .resumed:
            break
        }
        for (serial, worker) in before.app.workers where worker.isReady && before.app.owner(of: serial) != nil {
            guard let now = after.app.workers[serial], !now.isWanted, after.processes[serial] == .running else {
                continue
            }
            // A worker that hangs does not serve, whatever it has proved before.
            if event == .worker(serial, .declaredHung) { continue }
            // Nor may it grow without end.
            if case .sampled(serial, let memory) = event, let hard = now.hardLimit(before.app), memory >= hard {
                continue
            }
            // Beyond the instances that are wanted it is surplus.
            if worker.slot >= after.app.spec.instances { continue }
            if !after.app.isReady(worker.slot) {
                return "slot \(worker.slot) lost its ready worker \(serial) for nothing"
            }
            if let next = after.app.slots[worker.slot].occupant, after.app.workers[next]?.isHealthy == false {
                return "worker \(next) took slot \(worker.slot) over with unknown health"
            }
        }
        return nil
    }

    /// P2: the machine knows of exactly the workers of which something is left.
    static func lostProcess(_ app: App, processes real: Set<UInt64>) -> String? {
        let known = Set(app.workers.keys)
        if known != real { return "known workers \(known.sorted()), real ones \(real.sorted())" }
        for slot in app.slots {
            for serial in [slot.occupant, slot.replacement?.challenger].compactMap({ $0 }) where !known.contains(serial)
            {
                return "slot \(slot.index) names worker \(serial), which is gone"
            }
        }
        let places =
            app.slots.flatMap { [$0.occupant, $0.replacement?.challenger].compactMap { $0 } }
            + [app.candidate?.serial].compactMap { $0 }
        if Set(places).count != places.count { return "one worker in two places: \(places)" }
        for (serial, worker) in app.workers where worker.isWanted && !places.contains(serial) {
            return "worker \(serial) runs for nobody"
        }
        return nil
    }

    /// P5: each word shown has evidence.
    static func untruth(_ app: App, hasProcesses: Bool) -> String? {
        let ready = app.workers.values.filter { $0.isReady && app.owner(of: $0.id.serial) != nil }.count
        switch app.condition {
        case .ok:
            let wanted = app.slots.filter { $0.seat != .stopped && app.finish(of: $0.index) == nil }.count
            if ready != wanted { return "ok with \(ready) of \(wanted) ready" }
        case .stopped: if hasProcesses { return "stopped with processes left" }
        case .degraded, .rolling, .errored: break
        }
        return nil
    }

    /// What a rollout waits for before its slots change.
    private static func stuck(_ rollout: Rollout, of app: App, _ armed: Set<TimerID>) -> String? {
        switch rollout.stage {
        case .rehearsing(let candidate):
            guard let worker = app.workers[candidate.serial] else { return "the candidate of a rehearsal is gone" }
            switch candidate.phase {
            case .settling where !armed.contains(.rehearsal(app.name)) && worker.isReady:
                return "a rehearsal without an end"
            case .leaving where worker.isWanted: return "a candidate that was not asked to leave"
            case .proving, .settling, .asked, .leaving: return nil
            }
        case .watching where !armed.contains(.canary(app.name)): return "a canary is watched for ever"
        case .rolling, .watching, .comparing, .held: return nil
        }
    }

    /// Nothing waits for an event that can never come.
    static func stuck(_ app: App, _ armed: Set<TimerID>, killed: Set<UInt64>) -> String? {
        for worker in app.workers.values {
            let timers = armed.compactMap { timer -> Worker.Timer? in
                guard case .worker(worker.id, let kind) = timer else { return nil }
                return kind
            }
            switch worker.state {
            case .starting where !timers.contains(worker.policy.provesByUptime ? .uptime : .readiness):
                return "worker \(worker.id.serial) starts without a deadline"
            case .parting where !timers.contains(.preDrain):
                return "worker \(worker.id.serial) is never asked to leave"
            case .leaving where !timers.contains(.kill), .clearing where !timers.contains(.kill),
                .lingering where !timers.contains(.kill), .trailing where !timers.contains(.kill):
                return "worker \(worker.id.serial) leaves without a deadline"
            case .lingering where (worker.connections == 0) != timers.contains(.idle),
                .trailing where (worker.connections == 0) != timers.contains(.idle):
                return "worker \(worker.id.serial) is left with \(worker.connections ?? -1) connections"
            case .killing where !killed.contains(worker.id.serial),
                .purging where !killed.contains(worker.id.serial):
                return "worker \(worker.id.serial) is not killed"
            case .spawning, .unwanted, .condemned, .starting, .ready, .parting, .leaving, .lingering, .killing,
                .clearing, .trailing, .purging, .gone:
                break
            }
        }
        guard app.isActive else { return nil }
        if let rollout = app.rollout, rollout.pending.isEmpty, rollout.stage == .rolling,
            !app.slots.contains(where: { $0.replacement?.cause == .rollout })
        {
            return "a rollout with nothing left to do"
        }
        if let words = app.rollout.flatMap({ stuck($0, of: app, armed) }) { return words }
        if app.rollout == nil, armed.contains(where: { $0.isOfRollout(of: app.name) }) {
            return "a timer of a rollout that is over"
        }
        for slot in app.slots {
            if let words = stuck(slot, of: app, armed) { return "slot \(slot.index): \(words)" }
        }
        return nil
    }

    private static func stuck(_ slot: Slot, of app: App, _ armed: Set<TimerID>) -> String? {
        switch slot.replacement?.phase {
        case .vacating? where slot.seat.yieldingSerial == nil: return "vacating, and nobody leaves"
        case .settling(let serial)?
        where app.workers[serial]?.isReady == true && !armed.contains(.settle(app.name, slot: slot.index)):
            return "settling for ever"
        case .draining(let old)? where app.workers[old] == nil: return "draining a worker that is gone"
        case nil, .vacating, .proving, .settling, .draining: break
        }
        switch slot.seat {
        case .vacant: return "vacant after reconciliation"
        case .waiting:
            return armed.contains(.restart(app.name, slot: slot.index)) ? nil : "waits without a timer"
        case .yielding(let serial): return app.workers[serial] == nil ? "yields to nobody" : nil
        case .reserved:
            let isAwaited = slot.replacement?.challenger != nil || app.rollout?.pending.contains(slot.index) == true
            return isAwaited ? nil : "reserved for nobody"
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
            case .open:
                let isRetried = app.spec.restart.erroredRetry > .zero
                return !isRetried || armed.contains(.retry(app.name)) ? nil : "errored without a retry"
            case .halfOpen, .deaf: return nil
            case .closed, .incident: return "errored behind a closed breaker"
            }
        case .taken, .finished, .stopped: return nil
        }
    }
}

extension Worker {
    fileprivate func hardLimit(_ app: App) -> ByteCount? { app.specs[generation]?.recycle.effectiveHardMemory }
}

extension TimerID {
    /// Whether it means something during a rollout only.
    fileprivate func isOfRollout(of app: AppName) -> Bool {
        switch self {
        case .rehearsal(let name), .canary(let name), .stagger(let name), .weigh(let name): name == app
        case .worker, .restart, .settle, .retry, .sample, .recycleHold, .save: false
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
