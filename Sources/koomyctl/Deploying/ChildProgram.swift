import KoomyModel
import KoomySystem

/// A program that is run to its end while what it writes is passed on.
struct ChildProgram {
    enum Stream {
        case out, error
    }

    enum End: Equatable {
        case ended(ExitReason)
        case neverStarted(StartFailure)
        /// Killed with all that it had started.
        case timedOut
        /// The same, because a signal has come.
        case interrupted
    }

    /// The program, absolute, and its arguments.
    var arguments: [String]
    var environment: [String: String]
    var folder = "/"
    var identity: ResolvedIdentity?
    var timeout: TimeSpan?

    /// Runs it; its standard input is empty.
    ///
    /// `interruption` is readable when it is to be given up.
    func run(interruption: Int32?, onOutput: (Stream, [UInt8]) -> Void) throws(SystemError) -> End {
        let out = try Pipe()
        let error = try Pipe()
        var request = SpawnRequest(
            path: arguments.first ?? "",
            arguments: arguments,
            environment: environment,
            workingDirectory: folder
        )
        request.identity = identity
        request.descriptors = [.init(out.writeEnd.number, as: 1), .init(error.writeEnd.number, as: 2)]
        let spawner = try Spawner()
        let process: SpawnedProcess
        do {
            process = try spawner.spawn(request)
        } catch let failure {
            return .neverStarted(failure)
        }
        let outEnd = out.takeReadEnd()
        let errorEnd = error.takeReadEnd()
        let deadline = timeout.map { MonotonicClock.now() + $0 }
        var isOpen = (out: true, error: true)
        while true {
            let left = deadline.map { max(.zero, $0 - MonotonicClock.now()) }
            let events = try Poll.wait(
                [
                    .init(process.pidfd.descriptor.number, .readable),
                    .init(isOpen.out ? outEnd.number : -1, .readable),
                    .init(isOpen.error ? errorEnd.number : -1, .readable), .init(interruption ?? -1, .readable),
                ],
                atMost: left
            )
            if !events[1].isEmpty { isOpen.out = try pass(outEnd, .out, onOutput) }
            if !events[2].isEmpty { isOpen.error = try pass(errorEnd, .error, onOutput) }
            let isLate = deadline.map { $0 <= MonotonicClock.now() } ?? false
            if !events[3].isEmpty || isLate {
                killAll(process)
                return events[3].isEmpty ? .timedOut : .interrupted
            }
            guard !events[0].isEmpty, let reason = try process.pidfd.reap() else { continue }
            // What it has left in the background may keep the pipes open; that is not waited for.
            try drain(outEnd, .out, onOutput)
            try drain(errorEnd, .error, onOutput)
            if case .failed(let failure) = try process.startup.read() { return .neverStarted(failure) }
            return .ended(reason)
        }
    }

    private func pass(
        _ end: borrowing FileDescriptor,
        _ stream: Stream,
        _ onOutput: (Stream, [UInt8]) -> Void
    ) throws(SystemError) -> Bool {
        guard let bytes = try end.read(most: 65_536) else { return true }
        if !bytes.isEmpty { onOutput(stream, bytes) }
        return !bytes.isEmpty
    }

    private func drain(
        _ end: borrowing FileDescriptor,
        _ stream: Stream,
        _ onOutput: (Stream, [UInt8]) -> Void
    ) throws(SystemError) {
        try end.setNonblocking(true)
        // What it wrote before its end fits into the pipe; what it has left behind may write for ever.
        var left = try end.pipeCapacity()
        while left > 0, let bytes = try end.read(most: 65_536), !bytes.isEmpty {
            onOutput(stream, bytes)
            left -= bytes.count
        }
    }

    /// Kills it with everything that it has started, until nothing is left of that.
    ///
    /// What has left its session is known by the mark that deployments put into the environment.
    private func killAll(_ process: borrowing SpawnedProcess) {
        let marker = environment[DeployTools.marker].map { TreeMark.Marker(name: DeployTools.marker, value: $0) }
        let mark = TreeMark(root: process.pid, marker: marker)
        let deadline = MonotonicClock.now() + TimeSpan.seconds(10)
        while !ProcessTree.signal(.kill, mark).isEmpty, MonotonicClock.now() < deadline {
            _ = try? Poll.wait([.init(process.pidfd.descriptor.number, .readable)], atMost: .milliseconds(2))
        }
        _ = try? Poll.wait([.init(process.pidfd.descriptor.number, .readable)], atMost: .seconds(1))
        _ = try? process.pidfd.reap()
    }
}
