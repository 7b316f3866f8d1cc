import KoomyCore
import KoomyModel
import KoomyWire

/// What a notice is called, and what it says to people.
struct NoticeText {
    var type: EventType
    var message: String
    var slot: Int?
    var serial: UInt64?
    var generation: UInt64?

    init(_ kind: Notice.Kind) {
        switch kind {
        case .workerStarting(let serial, let slot, let generation):
            self.init(.workerStarted, "started", slot, serial, generation)
        case .workerReady(let serial, let slot, let generation, let evidence, let after):
            let text = "ready after \(Self.short(after)) (\(evidence.rawValue))"
            self.init(.workerReady, text, slot, serial, generation)
        case .workerFaltered(let serial, let slot, let fault):
            let type: EventType =
                switch fault {
                case .notReady: .workerReadyTimeout
                case .hung: .workerHung
                case .unhealthy: .workerUnhealthy
                }
            self.init(type, "\(fault.words)", slot, serial)
        case .workerEnded(let serial, let slot, let ending):
            self.init(Self.type(of: ending), "\(Self.words(for: ending))", slot, serial)
        case .workerParting(let serial, let slot, let departure, let span):
            let when = span > .zero ? "in \(Self.short(span))" : "when its pre_drain_hook has ended"
            self.init(.workerParting, "to be asked to leave \(when) (\(departure.rawValue))", slot, serial)
        case .hookFailed(let serial, let slot, let words):
            self.init(.workerHookFailed, "its pre_drain_hook failed: \(words)", slot, serial)
        case .workerLingering(let serial, let slot, let connections, let rest):
            let what = connections.map { "\($0) \($0 == 1 ? "connection is" : "connections are") open" }
            let text =
                "its kill_timeout is over; \(what ?? "its connections cannot be counted"), left for \(Self.short(rest)) at most"
            self.init(.workerLingering, text, slot, serial)
        case .workerIdled(let serial, let slot):
            self.init(.workerIdle, "it had no open connection left and was ended with all it had started", slot, serial)
        case .workerForced(let serial, let slot):
            self.init(.workerKilled, "it did not leave in time and was killed with all it had started", slot, serial)
        case .workerGone(let serial, let slot):
            self.init(.workerGone, "nothing of the old worker is left", slot, serial)
        case .restartScheduled(let slot, let delay):
            self.init(.workerBackoff, "the next start is in \(Self.short(delay))", slot)
        case .incident(let scout, let reason):
            self.init(.appIncident, "several workers ended alike (\(reason)); slot \(scout) is started first", scout)
        case .workerLeaving(let serial, let slot, let departure):
            self.init(.workerDraining, "asked to leave (\(departure.rawValue))", slot, serial)
        case .unstartable(let slot, let failure):
            self.init(.workerErrored, "given up: \(failure)", slot)
        case .added: self.init(.appAdded, "added")
        case .scaled(let count): self.init(.appScaled, "\(count) \(count == 1 ? "instance" : "instances") from now on")
        case .reset: self.init(.appReset, "its record is clean again")
        case .deleted: self.init(.appDeleted, "deleted")
        case .finished(let slot, let reason):
            self.init(.workerFinished, "finished (\(reason)), not started again", slot)
        case .errored(let count, let reason):
            self.init(.workerErrored, "given up after \(count) unstable ends, the last: \(reason)")
        case .retrying(let slot): self.init(.workerBackoff, "one worker is tried", slot)
        case .recovered: self.init(.appRecovered, "a worker is stable again")
        case .recycling(let slot, let cause):
            self.init(.workerRecycling, "replaced, because \(cause.words)", slot)
        case .recycled(let slot): self.init(.workerRecycled, "replaced", slot)
        case .recycleFailed(let slot, let words):
            self.init(.workerRecycled, "the new worker failed: \(words)", slot)
        case .rolloutBegan(let from, let to, let slots, let order, _):
            let how = order == .newFirst ? "new worker first" : "old worker first: with a gap, because it owns its port"
            let text =
                "generation \(from.number) to \(to.number), \(slots) \(slots == 1 ? "worker" : "workers"), \(how)"
            self.init(.rolloutStarted, text, generation: to)
        case .rolloutAdvanced(let done, let total, let slot):
            self.init(.rolloutProgress, "\(done) of \(total) workers replaced", slot)
        case .rollbackBegan(let failure, let slots):
            let what = "\(slots) \(slots == 1 ? "worker goes" : "workers go") back to the generation before"
            self.init(.rolloutProgress, "\(failure.detail.isEmpty ? "aborted" : failure.detail); \(what)", failure.slot)
        case .rolloutEnded(let generation, let outcome, let detail):
            let text = outcome.words + (detail.isEmpty ? "" : ": \(detail)")
            self.init(.rolloutEnded, text, generation: generation)
        case .rehearsing(let serial):
            self.init(.rolloutRehearsing, "a candidate is started on sockets of its own", nil, serial)
        case .rehearsed(let questions):
            let asked =
                questions == 0 ? "" : ", and \(questions) \(questions == 1 ? "path was" : "paths were") answered well"
            self.init(.rolloutRehearsed, "the candidate was ready and healthy\(asked)")
        case .canaryBegan(let slots, let span):
            let who = slots == 1 ? "1 worker is" : "\(slots) workers are"
            self.init(.rolloutCanary, "\(who) watched for \(Self.short(span)) before the others follow")
        case .canaryHeld: self.init(.rolloutHeld, "the canary does well; the others follow when it is promoted")
        case .promoted: self.init(.rolloutPromoted, "the others follow")
        case .rolloutPaused: self.init(.rolloutPaused, "no further worker is replaced until it is resumed")
        case .rolloutResumed: self.init(.rolloutResumed, "goes on")
        case .rolloutWaits(let words): self.init(.rolloutWaiting, words)
        case .rolloutGoesOn: self.init(.rolloutResumed, "the host has memory again")
        case .rolloutYields(let words): self.init(.rolloutProgress, "old worker first: \(words)")
        case .cannotListen(let words): self.init(.listenerFailed, words)
        case .stopped: self.init(.appState, "stopped")
        case .unsaved(let words): self.init(.stateUnsaved, "what is wanted could not be written: \(words)")
        case .saved: self.init(.stateSaved, "what is wanted is on disk again")
        }
    }

    /// How far a drain is; for those who wait, since it is no event.
    init(draining connections: Int, oldest: TimeSpan?, slot: Int, serial: UInt64) {
        let count = "\(connections) \(connections == 1 ? "connection" : "connections")"
        let isOld = oldest.map { $0 >= .seconds(1) } ?? false
        let age = oldest.flatMap { isOld ? ", the oldest open for at least \(Self.short($0))" : nil } ?? ""
        let text = connections == 0 ? "draining, no connection is open" : "draining, \(count)\(age)"
        self.init(.workerDraining, text, slot, serial)
    }

    private init(
        _ type: EventType,
        _ message: String,
        _ slot: Int? = nil,
        _ serial: UInt64? = nil,
        _ generation: Generation? = nil
    ) {
        self.type = type
        self.message = message
        self.slot = slot
        self.serial = serial
        self.generation = generation?.number
    }

    private init(_ type: EventType, _ message: String, generation: Generation) {
        self.init(type, message, nil, nil, generation)
    }

    private static func type(of ending: Worker.Ending) -> EventType {
        if case .failedToStart = ending.reason { return .workerStartFailed }
        return .workerExited
    }

    private static func words(for ending: Worker.Ending) -> String {
        let text = ending.reason.description
        guard let departure = ending.departure else {
            return ending.stage == .unproven ? "ended before it was ready: \(text)" : "ended: \(text)"
        }
        return "left (\(departure.rawValue)): \(text)"
    }

    static func short(_ span: TimeSpan) -> String {
        span < .seconds(10) ? "\(span.milliseconds)ms" : "\(span.milliseconds / 1_000)s"
    }
}

extension RecycleCause {
    var words: String {
        switch self {
        case .memory(let count): "it uses \(count.bytes >> 20) MiB"
        case .age: "it has reached max_age"
        case .schedule: "its schedule says so"
        case .unhealthy(let words): "it is unhealthy: \(words)"
        case .requested: "it was asked for"
        }
    }
}

extension RolloutOutcome {
    var words: String {
        switch self {
        case .done: "done"
        case .workerFailed: "a new worker failed, the old ones stay"
        case .readyTimeout: "a new worker was not ready in time, the old ones stay"
        case .unhealthy: "a new worker did not stay healthy, the old ones stay or are restored"
        case .drainForced: "done, but an old worker had to be killed"
        case .superseded: "a later rollout took its place"
        case .aborted: "aborted, the old ones stay or are restored"
        case .noRoom: "not begun, because the host has too little memory"
        }
    }
}
