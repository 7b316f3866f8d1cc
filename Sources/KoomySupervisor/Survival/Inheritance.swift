package import KoomyCore
package import KoomyModel
import KoomySystem
package import KoomyWire

/// What an earlier koomyd knew at its end, put together from its journal or its checkpoint.
package struct Inheritance {
    package var replay: Replay
    package var processes: [WorkerID: ProcessRecord]
    package var listeners: [ListenerRecord]
    package var operations: [OperationRecord]
    package var results: [RequestID: CommandResult]
    package var lastRequest: UInt64
    package var lastEvent: UInt64
    package var writer: String

    package init(_ contents: Journal.Contents) {
        let checkpoint = contents.checkpoint
        let timers = checkpoint.timers.reduce(into: [:]) { $0[$1.id] = $1.due }
        replay = Replay(checkpoint.fleet, timers: timers, at: checkpoint.at)
        processes = checkpoint.processes.reduce(into: [:]) { $0[$1.id] = $1 }
        listeners = checkpoint.listeners
        operations = checkpoint.operations
        results = checkpoint.results.reduce(into: [:]) { $0[$1.request] = $1.result }
        lastRequest = checkpoint.lastRequest
        lastEvent = checkpoint.lastEvent
        writer = checkpoint.writer
        for line in contents.lines { take(line) }
        for (request, reply) in replay.replies { results[request] = CommandResult(reply) }
        dropUnheard(but: checkpoint.handover?.request)
    }

    private mutating func take(_ line: Journal.Line) {
        switch line {
        case .performed(let events):
            replay.notePerformed()
            lastEvent = max(lastEvent, events)
        case .record(.event(let event, let instant)):
            if case .request(let id, _) = event { lastRequest = max(lastRequest, id.number) }
            replay.take(event, at: instant)
        case .record(.process(let record)): processes[record.id] = record
        case .record(.listener(let record)):
            listeners.removeAll { $0.app == record.app && $0.address == record.address && $0.slot == record.slot }
            listeners.append(record)
        case .record(.operation(let record)):
            lastRequest = max(lastRequest, record.request.number)
            operations.append(record)
        }
    }

    /// Forgets commands that nobody is going to answer.
    ///
    /// koomyd died when it knew them by their key only, or by doing what was asked for, as an upgrade. Their clients ask
    /// again, and then they are done.
    private mutating func dropUnheard(but handover: RequestID?) {
        operations.removeAll { operation in
            let request = operation.request
            return request != handover && results[request] == nil && !replay.fleet.owesAnswer(to: request)
        }
    }

    /// Whether what is on disk was written after everything that is known here: then it is not known enough.
    package func isOutdated(by onDisk: DesiredState) -> Bool { onDisk.revision > replay.fleet.latestRevision }
}
