import KoomyModel

/// The candidate of a release that is to be rolled out.
extension App {
    /// The candidate, as long as it is rehearsed.
    package var candidate: Candidate? {
        guard case .rehearsing(let candidate)? = rollout?.stage else { return nil }
        return candidate
    }

    /// Starts the candidate, under a generation of its own, beyond every slot.
    mutating func beginRehearsal(_ rehearsal: Rehearsal, _ generation: Generation, at now: Instant) {
        let serial = launch(slot: max(slots.count, rehearsal.spec.instances), generation, at: now)
        rollout?.stage = .rehearsing(Candidate(serial: serial, questions: rehearsal.questions))
        publish(.rehearsing(serial: serial))
    }

    /// Hears of the candidate what apps hear of any worker.
    mutating func rehearse(_ report: Worker.Report, of worker: Worker, at now: Instant) {
        guard var candidate, candidate.serial == worker.id.serial else { return }
        switch report {
        case .ready:
            candidate.phase = .settling
            rollout?.stage = .rehearsing(candidate)
            let span = specs[worker.generation]?.rollout.healthyTime ?? .zero
            act(.arm(.rehearsal(name), now + span))
        case .faltered(let fault):
            let outcome: RolloutOutcome = fault == .notReady ? .readyTimeout : .unhealthy
            failRehearsal(outcome, fault.words, at: now)
        case .ended(let ending):
            guard candidate.phase != .leaving else { return }
            let outcome: RolloutOutcome = ending.stage == .unproven ? .workerFailed : .unhealthy
            failRehearsal(outcome, "the candidate ended: \(ending.reason)", at: now)
        case .forced: rollout?.forcedDrains += 1
        case .gone:
            guard candidate.phase == .leaving else { return }
            rollout?.stage = .rolling
            publish(.rehearsed(questions: candidate.questions))
        case .matured, .aged, .lingering, .idled, .hookFailed: break
        }
    }

    /// `healthy_time` of the candidate is over.
    mutating func candidateSettled(at now: Instant) {
        guard let candidate, candidate.phase == .settling, let worker = workers[candidate.serial], worker.isReady
        else { return }
        guard worker.isHealthy else {
            act(.arm(.rehearsal(name), now + Replacement.healthWait))
            return
        }
        question(0, at: now)
    }

    /// Asks the next question, or lets the candidate go that has answered all of them.
    private mutating func question(_ number: Int, at now: Instant) {
        guard var candidate, let worker = workers[candidate.serial] else { return }
        guard number < candidate.questions else {
            candidate.phase = .leaving
            rollout?.stage = .rehearsing(candidate)
            tell(candidate.serial, .leave(.rehearsed), at: now)
            return
        }
        candidate.phase = .asked(number)
        rollout?.stage = .rehearsing(candidate)
        act(.ask(worker.id, .rehearsal, attempt: UInt64(number)))
    }

    /// The candidate has answered a question.
    mutating func candidateAnswered(_ serial: UInt64, attempt: UInt64, _ result: ProbeResult, at now: Instant) {
        guard let candidate, candidate.serial == serial, candidate.phase == .asked(Int(clamping: attempt)) else {
            return
        }
        switch result {
        case .succeeded: question(Int(clamping: attempt) + 1, at: now)
        case .failed(let words): failRehearsal(.unhealthy, words, at: now)
        }
    }

    private mutating func failRehearsal(_ outcome: RolloutOutcome, _ words: String, at now: Instant) {
        failRollout(outcome, slot: nil, "rehearsal: \(words)", at: now)
    }

    /// koomyd was away: what was asked meanwhile is asked again.
    mutating func resumeRehearsal() {
        guard let candidate, case .asked(let number) = candidate.phase, let worker = workers[candidate.serial] else {
            return
        }
        act(.ask(worker.id, .rehearsal, attempt: UInt64(number)))
    }

    /// Nobody wants to know any more how it does.
    mutating func dismissCandidate(of rollout: Rollout, at now: Instant) {
        guard case .rehearsing(let candidate) = rollout.stage else { return }
        act(.disarm(.rehearsal(name)))
        tell(candidate.serial, .leave(.rejected), at: now)
    }
}
