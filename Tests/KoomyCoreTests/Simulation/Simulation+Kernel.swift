import KoomyModel

@testable import KoomyCore

/// The kernel of the simulation: processes that start, prove themselves, fail and end.
extension Simulation {
    mutating func order(_ id: WorkerID) {
        guard let (spec, slot, generation) = fleet.launch(id) else {
            violation = "worker \(id.serial) is started and not known"
            return
        }
        if processes[id] != nil { violation = "worker \(id.serial) is started twice" }
        let isDeaf = !spec.listeners.isEmpty && !listeners.contains(Opened(app: id.app, generation: generation))
        if isReturning, isDeaf {
            // They could not be had again, and no worker is started without what it was promised.
            let failure = StartFailure(step: .descriptors, errno: 98, subject: "web")
            deliver(.worker(id, .spawnFailed(failure)))
            return
        }
        if isDeaf {
            violation = "worker \(id.serial) of \(id.app) is started without its listeners"
        }
        let version = desk.version(of: spec)
        let isHopeless = version == .diesAtOnce && desk.hopeless.contains(id.app)
        var temper = Temper.random(isNoisy || isHopeless ? version : .good, &dice)
        if spec.listeners.isEmpty, spec.readiness == .observed { temper.ownsPort = desk.portOwners.contains(id.app) }
        processes[id] = FakeProcess(spec: spec, slot: slot, generation: generation, temper: temper, startedAt: now)
        agenda.add(.fact(id, .started), at: now + (dice.chance(70) ? .zero : dice.milliseconds(0...10)))
    }

    mutating func signal(_ id: WorkerID, _ signal: Signal) {
        // Of one that is found to have vanished, nobody is left to hear it.
        if isReturning, processes[id] == nil { return }
        guard let process = processes[id], process.state == .running || process.state == .zombie else {
            violation = "a signal to worker \(id.serial) of \(id.app), which does not run"
            return
        }
        if process.isAsked { violation = "worker \(id.serial) of \(id.app) is asked to leave twice" }
        processes[id]?.asked = (now, signal)
        ask(id, signal)
    }

    /// Lets a signal have its effect, which is the same when it comes again.
    mutating func ask(_ id: WorkerID, _ signal: Signal) {
        guard let process = processes[id], process.state == .running || process.state == .zombie else { return }
        processes[id]?.isAsked = true
        guard let farewell = process.temper.farewell else { return }
        if signal == .abort {
            agenda.add(.fact(id, .end(.signaled(.abort, dumpedCore: true))), at: now + farewell)
        } else if !process.hangs(at: now) {
            agenda.add(.fact(id, .end(.exited(code: 0))), at: now + farewell)
        }
        if let time = process.temper.asksForTime {
            agenda.add(.event(.worker(id, .extended(time))), at: now + farewell)
        }
    }

    mutating func signalDescendants(_ id: WorkerID) {
        // Of one that is found to have vanished, nothing can be left.
        if isReturning, processes[id] == nil { return }
        guard let process = processes[id], process.state == .orphans else {
            violation = "descendants of worker \(id.serial) of \(id.app), which has not ended"
            return
        }
        askDescendants(id)
    }

    mutating func askDescendants(_ id: WorkerID) {
        guard let process = processes[id], process.state == .orphans else { return }
        processes[id]?.areDescendantsAsked = true
        switch process.temper.descendants {
        case .none: agenda.add(.fact(id, .treeGone), at: now)
        case .slow(let span): agenda.add(.fact(id, .treeGone), at: now + span)
        case .stubborn: break
        }
    }

    mutating func killTree(_ id: WorkerID) {
        guard let process = processes[id], process.state != .ordered else {
            violation = "worker \(id.serial) of \(id.app) is killed and does not run"
            return
        }
        processes[id]?.isKilled = true
        let soon = now + dice.milliseconds(0...50)
        if process.state == .orphans {
            agenda.add(.fact(id, .treeGone), at: soon)
        } else {
            agenda.add(.fact(id, .end(.signaled(.kill, dumpedCore: false))), at: soon)
        }
    }

    mutating func forget(_ id: WorkerID) {
        if processes[id] != nil { violation = "worker \(id.serial) of \(id.app) is forgotten with processes left" }
        if timers.keys.contains(where: { $0.worker == id }) {
            violation = "a timer of worker \(id.serial) of \(id.app) outlives it"
        }
        guard dice.chance(20) else { return }
        // What was on its way comes late.
        let event = dice.pick([
            Worker.Event.becameReady(.notify), .pinged, .exited(.unknown), .treeGone, .declaredHung, .spawned,
            .timerFired(.kill), .probed(.health, attempt: 1, .succeeded), .extended(.seconds(5)), .connections(0),
            .timerFired(.idle), .probed(.preDrain, attempt: 1, .failed("x")),
        ])
        agenda.add(.event(.worker(id, event)), at: now + dice.milliseconds(0...2_000))
    }

    mutating func happen(_ fact: Fact, to id: WorkerID) {
        guard let process = processes[id] else {
            if case .answer(let kind, let attempt) = fact {
                deliver(.worker(id, .probed(kind, attempt: attempt, .failed("connection refused"))))
            }
            return
        }
        switch fact {
        case .started: start(id, process)
        case .readiness: proves(id, process)
        case .end(let reason):
            guard process.state == .running else { return }
            processes[id]?.state = .zombie
            agenda.add(.fact(id, .reaped(reason)), at: now + dice.milliseconds(0...3))
        case .reaped(let reason):
            guard process.state == .zombie else { return }
            processes[id]?.state = .orphans
            guard deliver(.worker(id, .exited(reason))) else {
                processes[id]?.state = .zombie
                processes[id]?.lateEnd = reason
                return
            }
            // A tree that was killed is pursued until nothing is left.
            if processes[id]?.isKilled == true { agenda.add(.fact(id, .treeGone), at: now + dice.milliseconds(0...20)) }
        case .treeGone:
            guard process.state == .orphans else { return }
            processes[id] = nil
            guard !deliver(.worker(id, .treeGone)) else { return }
            processes[id] = process
            processes[id]?.state = .vanished
        case .ping:
            guard process.state == .running, !process.hangs(at: now) else { return }
            deliver(.worker(id, .pinged))
            if let watchdog = process.spec.watchdog {
                agenda.add(.fact(id, .ping), at: now + watchdog.scaled(by: 0.4))
            }
        case .hangs:
            if process.state == .running, dice.chance(40) { deliver(.worker(id, .declaredHung)) }
        case .listens: if process.state == .running { deliver(.ownsPort(id)) }
        case .answer(let kind, let attempt): answer(id, process, kind, attempt)
        case .look: look(at: id, process)
        case .sample:
            if process.state == .running { deliver(.sampled(id, process.memory(at: now))) }
        }
    }

    private mutating func start(_ id: WorkerID, _ process: FakeProcess) {
        let failure = StartFailure(step: .execute, errno: dice.pick([2, 11, 11]), subject: "x")
        if process.temper.start == .fails {
            processes[id] = nil
            deliver(.worker(id, .spawnFailed(failure)))
            return
        }
        processes[id]?.state = .running
        processes[id]?.startedAt = now
        deliver(.worker(id, .spawned))
        if process.temper.start == .failsInExec {
            agenda.add(.fact(id, .end(.failedToStart(failure))), at: now)
            return
        }
        live(id, process)
    }

    /// What a program that runs is going to do.
    mutating func live(_ id: WorkerID, _ process: FakeProcess) {
        let temper = process.temper
        if let boot = temper.boot {
            agenda.add(.fact(id, .readiness), at: now + boot)
            if temper.saysReadyTwice { agenda.add(.fact(id, .readiness), at: now + boot + .milliseconds(300)) }
        }
        if let life = temper.life { agenda.add(.fact(id, .end(temper.end)), at: now + life) }
        if let hang = temper.hang { agenda.add(.fact(id, .hangs), at: now + hang) }
        if process.spec.watchdog != nil { agenda.add(.fact(id, .ping), at: now + .milliseconds(400)) }
        if let time = temper.asksForTime {
            agenda.add(.event(.worker(id, .extended(time))), at: now + .milliseconds(5))
        }
        if temper.ownsPort { agenda.add(.fact(id, .listens), at: now + (temper.boot ?? .zero)) }
    }

    /// Says that it is ready, in its own way; other ways prove nothing.
    private mutating func proves(_ id: WorkerID, _ process: FakeProcess) {
        guard process.serves(at: now) else { return }
        if dice.chance(5) { deliver(.worker(id, .becameReady(.uptime))) }
        let evidence: ReadinessEvidence? =
            switch process.spec.readiness {
            case .automatic: process.spec.listeners.isEmpty ? nil : dice.pick([.notify, .observed])
            case .notify: .notify
            case .descriptor: .descriptor
            case .ipc: .ipc
            case .observed: .observed
            case .probe, .uptime: nil
            }
        guard let evidence else { return }
        processes[id]?.provedAt = process.provedAt ?? now
        deliver(.worker(id, .becameReady(evidence)))
    }

    private mutating func answer(
        _ id: WorkerID,
        _ process: FakeProcess,
        _ kind: Worker.ProbeKind,
        _ attempt: UInt64
    ) {
        let isGood =
            switch kind {
            case .readiness: process.serves(at: now)
            case .health, .rehearsal: process.serves(at: now) && !process.isSick(at: now)
            case .preDrain: dice.chance(80)
            }
        if isGood, kind == .readiness { processes[id]?.provedAt = process.provedAt ?? now }
        if isGood, kind == .health { processes[id]?.healthyAt = now }
        deliver(.worker(id, .probed(kind, attempt: attempt, isGood ? .succeeded : .failed("no answer"))))
    }
}

extension TimerID {
    /// The worker whose timer it is.
    var worker: WorkerID? {
        guard case .worker(let id, _) = self else { return nil }
        return id
    }
}
