import KoomyModel

/// What keeps a rollout from going on: an operator, the host, the time between two batches.
extension App {
    mutating func pauseRollout() {
        guard rollout?.isPaused == false else { return }
        rollout?.isPaused = true
        publish(.rolloutPaused)
    }

    mutating func resumeRollout() {
        guard rollout?.isPaused == true else { return }
        rollout?.isPaused = false
        publish(.rolloutResumed)
    }

    /// It is time to look at the host again.
    mutating func weighDue(at now: Instant) {
        guard let rollout, rollout.kind == .reload else { return }
        let goesOn = rollout.stage == .rolling && !rollout.isPaused
        if goesOn { act(.weigh(name)) }
        act(.arm(.weigh(name), now + (goesOn ? HostLoad.period : HostLoad.idlePeriod)))
    }

    /// Why no further slot may begin; a way back waits for nothing.
    func obstacle(_ policy: RolloutPolicy, at now: Instant) -> String? {
        guard let rollout, rollout.kind == .reload, !rollout.pending.isEmpty else { return nil }
        return host?.obstacle(policy.pressureLimit)
    }

    mutating func note(obstacle: String?) {
        guard let rollout, rollout.obstacle == nil || obstacle == nil, rollout.obstacle != obstacle else { return }
        self.rollout?.obstacle = obstacle
        publish(obstacle.map { .rolloutWaits($0) } ?? .rolloutGoesOn)
    }

    /// Whether new workers fit beside the old ones, or need not: decided before the first is started.
    ///
    /// - Returns: False where the rollout has been given up.
    mutating func makesRoom(_ spec: AppSpec, _ surge: Int, at now: Instant) -> Bool {
        guard let rollout, rollout.kind == .reload, rollout.done == 0, !rollout.stopsFirst, let host,
            !slots.contains(where: { $0.replacement?.cause == .rollout }),
            let shortage = host.shortage(for: min(surge, rollout.pending.count))
        else { return true }
        switch spec.rollout.memoryShortage {
        case .ignore: return true
        case .stopFirst:
            self.rollout?.stopsFirst = true
            publish(.rolloutYields(shortage))
            return true
        case .refuse:
            failRollout(.noRoom, slot: nil, shortage, at: now)
            return false
        }
    }

    /// Whether it pauses between two batches.
    mutating func rests(_ policy: RolloutPolicy, at now: Instant) -> Bool {
        guard policy.stagger > .zero, let rollout, rollout.kind == .reload, rollout.done > 0 else { return false }
        if let rest = rollout.rest, rest.done == rollout.done { return now < rest.until }
        let until = now + policy.stagger
        self.rollout?.rest = Rollout.Rest(done: rollout.done, until: until)
        act(.arm(.stagger(name), until))
        return true
    }
}
