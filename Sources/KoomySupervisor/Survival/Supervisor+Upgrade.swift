import KoomyCore
import KoomyEventLoop
import KoomyModel
package import KoomySystem
import KoomyWire

/// What has to stay open while one koomyd follows another in the same process.
package final class Holdings {
    package let lock: LockFile
    package let controlSocket: FileIdentity?

    package init(lock: consuming LockFile, controlSocket: FileIdentity?) {
        self.lock = lock
        self.controlSocket = controlSocket
    }
}

/// The change of koomyd's binary while everything goes on.
extension Supervisor {
    /// Proves that another binary can go on from here, and becomes it.
    ///
    /// The process, its children and its descriptors stay; the clients of the control socket are cut off and ask again.
    func upgrade(to binary: String, for request: RequestID) {
        guard stateCheck == nil else {
            let message = "an upgrade to \(stateCheck?.binary ?? binary) is under way"
            finish(request, CommandResult(.badRequest, message: message))
            return
        }
        tell(request, "asking \(binary) whether it can go on from here")
        do {
            stateCheck = try StateCheck(binary, state: try handedOver(to: binary, for: request), in: processes) {
                [weak self] verdict in
                self?.stateCheck = nil
                self?.upgrade(to: binary, for: request, verdict)
            }
        } catch {
            finish(request, CommandResult(.stateUnreadable, message: "\(binary) cannot be asked: \(error)"))
        }
    }

    private func upgrade(to binary: String, for request: RequestID, _ verdict: StateCheck.Verdict) {
        switch verdict {
        case .refused(let words):
            let hint = "nothing was changed; koomyd \(Version.current) goes on"
            finish(
                request,
                CommandResult(.stateUnreadable, message: "\(binary) cannot go on from here: \(words)", hint: hint)
            )
        case .accepted(let words):
            // The next koomyd would not know that it is to leave, and would serve again.
            guard fleet.phase == .serving else {
                finish(request, CommandResult(.shuttingDown, message: "koomyd is leaving"))
                return
            }
            tell(request, words)
            // What only a copy of us knows so far, as why a program could not be run, must not be lost.
            guard !processes.isStarting else {
                retry = try? loop.timer(at: MonotonicClock.now() + .milliseconds(5)) { [weak self] in
                    self?.upgrade(to: binary, for: request, verdict)
                }
                if retry == nil { finish(request, CommandResult(.internalError, message: "no memory for a timer")) }
                return
            }
            let error = replaceOurselves(by: binary, for: request)
            log.error("\(error)")
            finish(request, CommandResult(.internalError, message: "\(error); koomyd \(Version.current) goes on"))
        }
    }

    /// Returns only where it failed.
    private func replaceOurselves(by binary: String, for request: RequestID) -> any Error {
        do {
            announce(.daemonStopping, "koomyd \(Version.current) makes way for \(binary)")
            beginJournal()
            let state = try handedOver(to: binary, for: request)
            let previous = try ThisProcess.openExecutable()
            let arguments = ["koomyd", "--resume", "\(state.number)", "--previous", "\(previous.number)"]
            let kept = ThisProcess.descriptors(of: neededIdentities) + [state.number, previous.number]
            return ThisProcess.execute(binary, arguments: arguments, environment: setting.environment, keeping: kept)
        } catch {
            return error
        }
    }

    /// Everything that is known, in memory that nobody can change.
    private func handedOver(to binary: String, for request: RequestID) throws -> FileDescriptor {
        var checkpoint = checkpoint()
        checkpoint.handover = Handover(
            lock: holdings.flatMap { FileIdentity(of: $0.lock.descriptor.number) },
            control: holdings?.controlSocket,
            activated: listeners.activated.records,
            descriptorLimit: setting.descriptorLimit,
            request: request,
            binary: binary,
            events: events.events(since: 0),
            startedAt: startedAt,
            startedAtWall: startedAtWall
        )
        return try SealedMemory.create("koomyd state", try checkpoint.encoded())
    }

    private var neededIdentities: Set<FileIdentity> {
        var needed: Set<FileIdentity> = []
        for record in processes.workers.values.compactMap(\.record) {
            needed.formUnion([record.out, record.error, record.notify, record.line, record.pidfd].compactMap { $0 })
        }
        needed.formUnion(listeners.records.map(\.socket) + listeners.activated.records.map(\.socket))
        if let holdings {
            if let lock = FileIdentity(of: holdings.lock.descriptor.number) { needed.insert(lock) }
            if let control = holdings.controlSocket { needed.insert(control) }
        }
        return needed
    }

    /// Tells whoever asked for the upgrade how it ended.
    func finishUpgrade(_ takeover: Takeover) {
        let handover = takeover.handover
        events.remember(handover.events)
        (startedAt, startedAtWall) = (handover.startedAt, handover.startedAtWall)
        let before = takeover.contents.checkpoint.writer
        let result: CommandResult
        if let words = takeover.fallback {
            let message = "\(handover.binary) could not go on (\(words)); koomyd \(Version.current) is back"
            result = CommandResult(.stateUnreadable, message: message)
        } else {
            let message = "koomyd \(before) is now \(Version.current), process \(ThisProcess.id)"
            let upgrade = UpgradeView(from: before, to: Version.current, pid: ThisProcess.id)
            result = CommandResult(.done, message: message, upgrade: upgrade)
        }
        announce(.daemonResumed, result.message)
        finish(handover.request, result)
    }

    private func tell(_ request: RequestID, _ words: String) {
        log.info(words)
        for answer in answers[request] ?? [] { answer.progress(words, step: "daemon.upgrade") }
    }
}
