import KoomyModel

/// The slots that change first and are watched before the others follow.
extension App {
    /// All of the canary's slots have changed: the others wait.
    mutating func beginWatch(at now: Instant) {
        guard let rollout, let spec = specs[rollout.to] else { return }
        self.rollout?.stage = .watching
        act(.arm(.canary(name), now + spec.rollout.canaryTime))
        publish(.canaryBegan(slots: rollout.done, span: spec.rollout.canaryTime))
    }

    /// Its time is over.
    mutating func canaryDue() {
        guard let rollout, rollout.stage == .watching else { return }
        self.rollout?.stage = .comparing
        act(.compare(name, rollout.to))
    }

    mutating func compared(_ comparison: Comparison, at now: Instant) {
        guard let rollout, rollout.stage == .comparing else { return }
        if let fault = comparison.fault {
            failRollout(.unhealthy, slot: nil, "canary: \(fault)", at: now)
        } else if specs[rollout.to]?.rollout.promotesAutomatically == false {
            self.rollout?.stage = .held
            publish(.canaryHeld)
        } else {
            promote()
        }
    }

    /// The others may follow.
    mutating func promote() {
        guard rollout?.isWatched == true else { return }
        act(.disarm(.canary(name)))
        rollout?.stage = .rolling
        rollout?.canary = nil
        publish(.promoted)
    }

    /// koomyd was away while it was measured.
    mutating func resumeCanary() {
        guard let rollout, rollout.stage == .comparing else { return }
        act(.compare(name, rollout.to))
    }
}

extension Rollout {
    /// Whether workers of this generation are what it brings; they do not keep what they have won where they fail.
    func brings(_ generation: Generation) -> Bool { kind == .reload && generation == to }

    /// Whether its canary is being watched, or waits for an operator.
    package var isWatched: Bool {
        switch stage {
        case .watching, .comparing, .held: true
        case .rehearsing, .rolling: false
        }
    }
}
