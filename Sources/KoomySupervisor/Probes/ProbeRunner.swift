package import KoomyCore
package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// Puts questions to workers without waiting for the answers.
package final class ProbeRunner {
    /// The worker that is asked.
    package struct Subject {
        package var slot: Int
        /// Where its private socket listens; its host is an address, not a name.
        package var privateAddress: ListenAddress?
        /// Where the listeners of its generation are, by name.
        package var listeners: [(name: String, address: ListenAddress)] = []
        /// Starts a command as the worker's user, in its directory and environment, with its standard streams on
        /// /dev/null; it has to lead a session of its own, as everything that `Spawner` starts.
        package var execute: (([String]) throws -> SpawnedProcess)?

        package init(
            slot: Int,
            privateAddress: ListenAddress? = nil,
            execute: (([String]) throws -> SpawnedProcess)? = nil
        ) {
            self.slot = slot
            self.privateAddress = privateAddress
            self.execute = execute
        }
    }

    private struct Attempt {
        let work: any ProbeWork
        let timer: TimerSource?
        let completion: (ProbeResult) -> Void
    }

    private let loop: EventLoop
    private var attempts: [UInt64: Attempt] = [:]
    private var lastNumber: UInt64 = 0
    /// The processes of exec probes, those of given up ones too, until each is reaped.
    private var children: [ProcessID: ProbeChild] = [:]

    package init(loop: EventLoop) { self.loop = loop }

    isolated deinit {
        for attempt in attempts.values { attempt.work.stop() }
        for child in children.values { child.kill() }
    }

    /// Performs one probe.
    ///
    /// - Parameters:
    ///   - probe: What is asked; only its kind and its timeout matter.
    ///   - subject: The worker that is asked.
    ///   - completion: Called once, in a later turn of the loop, after the probe's timeout at the latest.
    /// - Returns: What gives the probe up.
    @discardableResult
    package func run(
        _ probe: Probe,
        on subject: Subject,
        _ completion: @escaping (ProbeResult) -> Void
    ) -> ProbeHandle {
        lastNumber += 1
        let number = lastNumber
        do {
            let timer = try loop.timer(at: MonotonicClock.now() + probe.timeout) { [weak self] in
                self?.timedOut(number, after: probe.timeout)
            }
            attempts[number] = Attempt(work: work(of: probe.kind, on: subject), timer: timer, completion: completion)
        } catch {
            let work = ImpossibleProbe(ProbeFailure(error).words)
            attempts[number] = Attempt(work: work, timer: nil, completion: completion)
        }
        loop.post { [weak self] in
            self?.attempts[number]?.work.start { self?.finish(number, $0) }
        }
        return ProbeHandle(runner: self, number: number)
    }

    /// Takes the end of a child that somebody else reaped; false where it is not the process of a probe.
    package func adopt(pid: ProcessID, reason: ExitReason) -> Bool {
        guard let child = children[pid] else { return false }
        child.reaped(reason)
        return true
    }

    /// How many probes have no answer yet.
    package var pendingCount: Int { attempts.count }

    /// How many processes of probes are not reaped yet.
    package var childCount: Int { children.count }

    func isPending(_ number: UInt64) -> Bool { attempts[number] != nil }

    func cancel(_ number: UInt64) { attempts.removeValue(forKey: number)?.work.stop() }

    private func finish(_ number: UInt64, _ result: ProbeResult) {
        attempts.removeValue(forKey: number)?.completion(result)
    }

    private func timedOut(_ number: UInt64, after timeout: TimeSpan) {
        guard let attempt = attempts.removeValue(forKey: number) else { return }
        let words = "\(attempt.work.missing) within \(timeout)"
        attempt.work.stop()
        attempt.completion(.failed(words))
    }

    private func work(of kind: Probe.Kind, on subject: Subject) -> any ProbeWork {
        do throws(ProbeFailure) {
            return try possibleWork(of: kind, on: subject)
        } catch {
            return ImpossibleProbe(error.words)
        }
    }

    private func possibleWork(of kind: Probe.Kind, on subject: Subject) throws(ProbeFailure) -> any ProbeWork {
        switch kind {
        case .http(let target, let path, let status):
            let address = try ProbeAddress(target, of: subject)
            return try HTTPProbe(loop: loop, address: address, path: path, status: status)
        case .tcp(.privateSocket):
            guard case .tcp("127.0.0.1", let port) = subject.privateAddress else {
                throw ProbeFailure("the worker has no private socket on 127.0.0.1")
            }
            let address = try ProbeAddress(.privateSocket, of: subject)
            return ConnectionProbe(loop: loop, address: address, privatePort: port)
        case .tcp(let target):
            return ConnectionProbe(loop: loop, address: try ProbeAddress(target, of: subject))
        case .exec(let arguments):
            guard let execute = subject.execute, !arguments.isEmpty else { throw ProbeFailure("there is no command") }
            return CommandProbe(arguments: arguments, execute: execute) { [weak self] process, ended in
                guard let self else { throw ProbeFailure("koomyd is leaving") }
                return try self.adopt(process, ended)
            }
        }
    }

    private func adopt(
        _ process: consuming SpawnedProcess,
        _ ended: @escaping (ExitReason) -> Void
    ) throws -> ProbeChild {
        let pid = process.pid
        let child = try ProbeChild(loop: loop, process: process) { [weak self] reason in
            self?.children[pid] = nil
            ended(reason)
        }
        children[pid] = child
        return child
    }
}
