import KoomyModel

@testable import KoomyCore

/// The death of koomyd at any moment, and what goes on without one.
extension Simulation {
    /// Counts the steps to a death; true when there is no koomyd any more.
    mutating func diesNow() -> Bool {
        guard !isAway else { return true }
        guard let steps = doom, journal != nil else { return false }
        doom = steps - 1
        guard steps == 0 else { return false }
        die()
        return true
    }

    mutating func die() {
        deaths += 1
        (isAway, doom) = (true, nil)
        immediate = []
        let away = dice.pick([dice.milliseconds(0...5), dice.milliseconds(5...3_000), dice.milliseconds(500...90_000)])
        if isTraced { print("\(now.nanoseconds / 1_000) µs  koomyd dies, for \(away)") }
        agenda.remove { item in
            switch item {
            case .timer, .fact(_, .answer), .fact(_, .sample), .fact(_, .started): true
            case .event(let event): !event.comesFromOutside
            case .fact, .operate, .steer, .calm, .death, .comeBack: false
            }
        }
        for id in processes.keys.sorted() where processes[id]?.state == .ordered { leaveStart(of: id) }
        agenda.add(.comeBack, at: now + away)
    }

    /// A start that was under way has come about, or ended with koomyd.
    private mutating func leaveStart(of id: WorkerID) {
        guard let process = processes[id] else { return }
        guard process.temper.start != .fails, dice.chance(60) else {
            processes[id] = nil
            return
        }
        processes[id]?.state = .running
        processes[id]?.startedAt = now
        processes[id]?.isRecorded = dice.chance(50)
        if process.temper.start == .failsInExec {
            agenda.add(.fact(id, .end(.exited(code: 127))), at: now)
        } else {
            live(id, process)
        }
    }

    /// What becomes of a fact that nobody hears.
    mutating func post(_ event: Fleet.Event) {
        switch event {
        // What is said by a socket waits there; a client asks again.
        case .worker(_, .becameReady), .worker(_, .declaredHung), .worker(_, .extended), .ownsPort, .request,
            .abandoned:
            mail.append(event)
        case .worker(_, .pinged): if !mail.contains(event) { mail.append(event) }
        // It is found, asked or done again by whoever follows.
        case .worker, .booted, .resumed, .prepared, .prepareFailed, .listening, .lostListeners, .cannotListen, .sampled,
            .compared, .weighed, .timerFired, .scheduleFired:
            break
        }
    }
}

extension Fleet.Event {
    /// Whether it is on its way without koomyd's doing.
    fileprivate var comesFromOutside: Bool {
        switch self {
        case .abandoned, .worker(_, .extended), .request: true
        case .worker, .booted, .resumed, .prepared, .prepareFailed, .listening, .lostListeners, .cannotListen, .sampled,
            .compared, .weighed, .ownsPort, .timerFired, .scheduleFired:
            false
        }
    }
}
