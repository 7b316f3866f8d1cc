package import KoomyModel

/// Every app of this koomyd, what is wanted of them, and who waits for what.
package struct Fleet: Hashable, Sendable, Codable {
    package enum Phase: Hashable, Sendable, Codable {
        /// Requests are taken. Transitions to: leaving.
        case serving
        /// Every worker is leaving; when the last is gone, koomyd leaves. Transitions to: left.
        case leaving(status: Int32)
        case left
    }

    /// Whether koomyd leaves when nothing runs any more: in the foreground, as a container's first process.
    package enum Idling: Hashable, Sendable, Codable { case stays, leaves }

    package internal(set) var phase = Phase.serving
    package internal(set) var apps: [AppName: App] = [:]
    /// What is wanted.
    package internal(set) var desired = DesiredState()
    /// What is on disk, as far as is known; a rollout that succeeds changes what is wanted first.
    package internal(set) var durable = DesiredState()
    package internal(set) var saving = Saving.clean
    let idling: Idling
    var waiters: [Waiter] = []
    /// The change that is being prepared; the others wait, so that each sees the state before it.
    var change: Change?
    var backlog: [Backlogged] = []
    /// Reloads of a specification that is being rolled out just now: each follows when that is over.
    var queuedReloads: [AppName: QueuedReload] = [:]
    /// Apps that are forgotten when the last of their workers is gone.
    var removals: Set<AppName> = []
    /// Replies that wait until what a rollout changed is on disk.
    var unrecorded: [Pending] = []
    var lastTicket: UInt64 = 0
    /// No app's worker has had this serial or a higher one.
    var firstSerial: UInt64 = 1
    var actions: [Action] = []

    /// All but what is empty between events.
    private enum CodingKeys: CodingKey {
        case phase, apps, desired, durable, saving, idling, waiters, change, backlog, queuedReloads, removals,
            unrecorded
        case lastTicket, firstSerial
    }

    /// Whether the disk has what is wanted.
    package enum Saving: Hashable, Sendable, Codable {
        case clean
        /// A change that came by itself could not be written; the save timer runs.
        case behind(String)
    }

    package enum Event: Hashable, Sendable, Codable {
        /// koomyd has started and found this on disk, and these workers alive of which nothing else is known.
        case booted(DesiredState, survivors: [Survivor] = [])
        /// koomyd is back after it was away, with this on disk; every worker that ended meanwhile has been told of.
        /// The processes of `interrupted` died with the koomyd before, on the way to their program.
        case resumed(away: TimeSpan, onDisk: DesiredState, interrupted: Set<WorkerID> = [])
        case request(RequestID, Request)
        /// Nobody waits for the answer any more; what was asked goes on.
        case abandoned(RequestID)
        case prepared(Ticket)
        case prepareFailed(Ticket, PreparationFailure)
        case listening(AppName, Generation)
        /// The listeners of this app, which were open, could not be taken back.
        case lostListeners(AppName, String)
        case cannotListen(AppName, Generation, String)
        case worker(WorkerID, Worker.Event)
        case sampled(WorkerID, ByteCount)
        case compared(AppName, Comparison)
        case weighed(AppName, HostLoad)
        case ownsPort(WorkerID)
        case timerFired(TimerID)
        case scheduleFired(AppName)
    }

    struct Change: Hashable, Sendable, Codable {
        var ticket: Ticket
        var purpose: Purpose
        var preparation: Preparation
    }

    enum Purpose: Hashable, Sendable, Codable {
        case request(RequestID, Request)
        /// A reload that waited for the one before it.
        case queuedReload(AppName, Generation)
        /// A rollout changed what is wanted; its replies wait for the disk.
        case record(replies: [Pending])
    }

    struct Pending: Hashable, Sendable, Codable {
        var request: RequestID
        var reply: Reply
    }

    struct Backlogged: Hashable, Sendable, Codable {
        var id: RequestID
        var request: Request
    }

    struct QueuedReload: Hashable, Sendable, Codable {
        var request: RequestID
        var reload: Reload
    }

    package init(idling: Idling = .stays) { self.idling = idling }

    /// The apps that are not being deleted, in order.
    package var knownNames: [AppName] { apps.keys.filter { !removals.contains($0) }.sorted() }

    /// An app that is not being deleted.
    func known(_ name: AppName) -> App? { removals.contains(name) ? nil : apps[name] }

    /// What the process of a worker is started from; nil for a worker that is not known.
    package func launch(_ id: WorkerID) -> (spec: AppSpec, slot: Int, generation: Generation)? {
        guard let app = apps[id.app], let worker = app.workers[id.serial], let spec = app.specs[worker.generation]
        else {
            return nil
        }
        return (spec, worker.slot, worker.generation)
    }
}

// MARK: - Events

extension Fleet {
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .booted(let state, let survivors): boot(state, survivors, at: now)
        case .resumed(let away, let onDisk, let interrupted):
            resume(away: away, onDisk: onDisk, interrupted, at: now)
        case .request(let id, let request): take(id, request, at: now)
        case .abandoned(let id): waiters.removeAll { $0.request == id }
        case .prepared(let ticket): prepared(ticket, at: now)
        case .prepareFailed(let ticket, let failure): prepareFailed(ticket, failure, at: now)
        case .listening(let name, let generation): tell(name, .listening(generation), at: now)
        case .lostListeners(let name, let words): tell(name, .lostListeners(words), at: now)
        case .cannotListen(let name, let generation, let words):
            tell(name, .cannotListen(generation, words), at: now)
        case .worker(let id, let event): tell(id.app, .worker(id.serial, event), at: now)
        case .sampled(let id, let memory): tell(id.app, .sampled(id.serial, memory), at: now)
        case .compared(let name, let comparison): tell(name, .compared(comparison), at: now)
        case .weighed(let name, let load): tell(name, .weighed(load), at: now)
        case .ownsPort(let id): tell(id.app, .ownsPort(id.serial), at: now)
        case .scheduleFired(let name): tell(name, .scheduleFired, at: now)
        case .timerFired(let timer): timerFired(timer, at: now)
        }
        settle(at: now)
        defer { actions = [] }
        return actions
    }

    private mutating func timerFired(_ timer: TimerID, at now: Instant) {
        switch timer {
        case .worker(let id, _): tell(id.app, .timerFired(timer), at: now)
        case .restart(let name, _), .settle(let name, _), .retry(let name), .sample(let name), .recycleHold(let name),
            .rehearsal(let name), .canary(let name), .stagger(let name), .weigh(let name):
            tell(name, .timerFired(timer), at: now)
        case .save: record()
        }
    }

    /// Passes an event to an app and takes note of what it publishes.
    mutating func tell(_ name: AppName, _ event: App.Event, at now: Instant) {
        guard let steps = apps[name]?.handle(event, at: now) else { return }
        for step in steps {
            actions.append(step)
            if case .publish(let notice) = step { noticed(notice, at: now) }
        }
    }

    /// What remains to be done once an event has had its effect.
    private mutating func settle(at now: Instant) {
        answerWaiters(at: now)
        switch phase {
        case .serving:
            if idling == .leaves, change == nil, backlog.isEmpty, !apps.isEmpty, let status = idleStatus() {
                leave(status: status, .drain, at: now)
                settle(at: now)
            }
        case .leaving(let status):
            guard apps.values.allSatisfy({ $0.workers.isEmpty }) else { return }
            phase = .left
            for waiter in waiters {
                let reply = AppReply(app: nil, outcome: .done, message: "every worker has left")
                actions.append(.reply(waiter.request, Reply(apps: waiter.replies + [reply])))
            }
            waiters = []
            actions.append(.exit(status))
        case .left: break
        }
    }

    /// The exit status of a koomyd whose apps all have come to rest; nil while any runs or is going to.
    private func idleStatus() -> Int32? {
        var status: Int32 = 0
        for app in apps.values {
            guard app.isAtRest else { return nil }
            if app.hasFailed { status = 1 }
        }
        return status
    }

    mutating func leave(status: Int32, _ urgency: Urgency, at now: Instant) {
        if phase == .serving { phase = .leaving(status: status) }
        for name in apps.keys.sorted() {
            tell(name, .stop(.shutdown), at: now)
            if urgency == .now { tell(name, .kill, at: now) }
        }
    }
}

// MARK: - What an earlier release wrote

extension Fleet {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        idling = try values.read(.idling)
        apps = try values.read(.apps)
        desired = try values.read(.desired)
        durable = try values.read(.durable)
        lastTicket = try values.read(.lastTicket)
        firstSerial = try values.read(.firstSerial)
        try values.read(.phase, into: &phase)
        try values.read(.saving, into: &saving)
        try values.read(.waiters, into: &waiters)
        try values.read(.change, into: &change)
        try values.read(.backlog, into: &backlog)
        try values.read(.queuedReloads, into: &queuedReloads)
        try values.read(.removals, into: &removals)
        try values.read(.unrecorded, into: &unrecorded)
    }
}
