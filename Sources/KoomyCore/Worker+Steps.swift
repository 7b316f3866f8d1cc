import KoomyModel

/// The steps that the transitions of `Worker` are made of.
extension Worker {
    mutating func armStart(at now: Instant) -> [Action] {
        var actions: [Action] = []
        if policy.provesByUptime {
            actions.append(.arm(.uptime, now + policy.minUptime))
        } else {
            deadline = now + policy.readyTimeout
            actions.append(.arm(.readiness, deadline))
        }
        // The first question comes soon; a program needs a moment to open its socket.
        return actions + mapped(.readiness, readinessProbe.mutate { $0.begin(at: now + .milliseconds(20)) })
    }

    /// koomyd, which was away for this long and could not hear it, hears it again.
    mutating func resume(away: TimeSpan, at now: Instant) -> [Action] {
        switch state {
        case .starting:
            var actions: [Action] = []
            // One whose start was found only now has all of its time before it.
            if !policy.provesByUptime, now - startedAt >= away {
                deadline = deadline + away
                actions.append(.arm(.readiness, deadline))
            }
            return actions + mapped(.readiness, readinessProbe.mutate { $0.resume(at: now) })
        case .ready: return mapped(.health, healthProbe.mutate { $0.resume(at: now) })
        case .parting:
            // Whether the hook was run to its end is not known: rather twice than not at all.
            return forgetConnections() + runHook(attempt: 2)
        case .leaving, .lingering, .clearing, .trailing: return forgetConnections()
        case .spawning, .unwanted, .condemned, .killing, .purging, .gone: return []
        }
    }

    /// Its process died with koomyd, before it was its program: that says nothing about the program.
    mutating func startAgain() -> [Action] {
        guard isStarting else { return [] }
        state = .spawning
        return disarmLife() + [.spawn]
    }

    mutating func becomeReady(by evidence: ReadinessEvidence, at now: Instant) -> [Action] {
        self.evidence = evidence
        var actions =
            [Action.disarm(.readiness), .disarm(.uptime)] + mapped(.readiness, readinessProbe.mutate { $0.end() })
        if policy.provesByUptime && evidence == .uptime {
            // It has lived for min_uptime already.
            (state, stage) = (.ready(.stable), .stable)
        } else {
            (state, stage) = (.ready(.fresh), .fresh)
            actions.append(.arm(.maturity, now + policy.minUptime))
        }
        if let age = policy.maxAge { actions.append(.arm(.age, startedAt + age)) }
        actions.append(.report(.ready(evidence)))
        if stage == .stable { actions.append(.report(.matured)) }
        // Asked at once: a replacement is not trusted before its health has been proved.
        return actions + mapped(.health, healthProbe.mutate { $0.begin(at: now) })
    }

    mutating func ask(_ event: Event) -> [Action] {
        if case .timerFired(.readinessProbe) = event {
            return mapped(.readiness, readinessProbe.mutate { $0.timerFired() })
        }
        return mapped(.health, healthProbe.mutate { $0.timerFired() })
    }

    mutating func probedReadiness(_ attempt: UInt64, _ result: ProbeResult, at now: Instant) -> [Action] {
        let steps = readinessProbe.mutate { $0.answered(attempt: attempt, result, tolerant: true, at: now) } ?? []
        guard !steps.contains(.succeeded) else { return becomeReady(by: .probe, at: now) }
        return mapped(.readiness, steps)
    }

    mutating func probedHealth(_ attempt: UInt64, _ result: ProbeResult, at now: Instant) -> [Action] {
        let tolerant = now - startedAt < (healthProbe?.probe.startPeriod ?? .zero)
        let steps = healthProbe.mutate { $0.answered(attempt: attempt, result, tolerant: tolerant, at: now) } ?? []
        for step in steps {
            switch step {
            case .succeeded: complaint = nil
            case .exhausted(let words): complaint = words
            case .arm, .disarm, .ask: break
            }
        }
        return mapped(.health, steps)
    }

    mutating func leave(_ departure: Departure, by signal: Signal, at now: Instant) -> [Action] {
        state = .leaving(departure)
        deadline = now + policy.stop.killTimeout
        // One that is to leave a trace has nothing more to finish.
        connectionDeadline = signal == .abort ? nil : policy.stop.connectionTimeout.map { now + $0 }
        let idle: [Action] = isIdle && policy.stop.drain == .idle ? [.arm(.idle, now + StopPolicy.idleTime)] : []
        return disarmLife() + [.signal(signal), .arm(.kill, deadline)] + idle
    }

    /// It needs this much longer from now; it may ask for more time than it has, never for less.
    mutating func extend(_ timer: Timer, by span: TimeSpan, at now: Instant) -> [Action] {
        // A worker that asks for more than an hour asks for never; it may ask again.
        let span = min(span, .seconds(3_600))
        guard now + span > deadline else { return [] }
        deadline = now + span
        return [.arm(timer, deadline)]
    }

    mutating func kill(_ departure: Departure) -> [Action] {
        state = .killing(departure)
        return [.killTree]
    }

    /// Its process ended: the rest of its tree gets the stop signal and the kill timeout, as it had itself.
    mutating func clear(_ ending: Ending, at now: Instant, arm: Bool) -> [Action] {
        state = .clearing(ending)
        if arm { deadline = now + policy.stop.killTimeout }
        let timer: [Action] = arm ? [.arm(.kill, deadline)] : []
        return timer + [.signalDescendants(policy.stop.signal), .report(.ended(ending))]
    }

    mutating func vanish(_ ending: Ending) -> [Action] {
        state = .gone(ending)
        return [.report(.ended(ending)), .report(.gone)]
    }

    mutating func disarmLife() -> [Action] {
        let probes =
            mapped(.readiness, readinessProbe.mutate { $0.end() }) + mapped(.health, healthProbe.mutate { $0.end() })
        return probes + [.disarm(.readiness), .disarm(.uptime), .disarm(.maturity), .disarm(.age), .disarm(.watchdog)]
    }

    private func mapped(_ kind: ProbeKind, _ actions: [ProbeLoop.Action]?) -> [Action] {
        let timer: Timer = kind == .readiness ? .readinessProbe : .healthProbe
        return (actions ?? []).compactMap { action in
            switch action {
            case .arm(let instant): .arm(timer, instant)
            case .disarm: .disarm(timer)
            case .ask(let attempt): .ask(kind, attempt: attempt)
            case .succeeded: nil
            case .exhausted(let words): .report(.faltered(.unhealthy(words)))
            }
        }
    }
}

extension Worker.Policy {
    /// Whether being alive for `min_uptime` is what proves it.
    var provesByUptime: Bool {
        switch readiness {
        case .uptime: true
        case .automatic: !hasListener
        case .notify, .descriptor, .ipc, .observed, .probe: false
        }
    }

    /// Whether it is evidence that comes from outside; a probe's success and the time it has lived are known here.
    func accepts(_ evidence: ReadinessEvidence) -> Bool {
        switch readiness {
        case .automatic: evidence == .notify || evidence == .observed
        case .notify: evidence == .notify
        case .descriptor: evidence == .descriptor
        case .ipc: evidence == .ipc
        case .observed: evidence == .observed
        case .probe, .uptime: false
        }
    }
}

extension Optional {
    /// Changes the value in place, if there is one.
    fileprivate mutating func mutate<Result>(_ change: (inout Wrapped) -> Result) -> Result? {
        guard var value = self else { return nil }
        defer { self = value }
        return change(&value)
    }
}
