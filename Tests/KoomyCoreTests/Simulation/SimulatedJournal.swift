import FoundationEssentials
import KoomyModel

@testable import KoomyCore

/// What the koomyd of a simulation writes down, as the journal of a real one has it: a checkpoint and what followed.
///
/// It is put into JSON and read from there when it is needed, so that all of it is known to survive that.
struct SimulatedJournal {
    private enum Line {
        case event(Fleet.Event, at: Instant)
        case performed
    }

    private struct Checkpoint: Codable, Equatable {
        struct Timer: Codable, Equatable {
            var id: TimerID
            var due: Instant
        }

        var at: Instant
        var fleet: Fleet
        var timers: [Timer]
    }

    private struct Record: Codable, Equatable {
        var event: Fleet.Event
        var at: Instant
    }

    private var checkpoint: Checkpoint
    private var lines: [Line] = []

    init(_ fleet: Fleet, timers: [TimerID: Instant], at now: Instant) {
        checkpoint = Checkpoint(at: now, fleet: fleet, timers: timers.map { .init(id: $0.key, due: $0.value) })
    }

    mutating func append(_ event: Fleet.Event, at now: Instant) { lines.append(.event(event, at: now)) }

    mutating func mark() { lines.append(.performed) }

    /// What a koomyd that reads it makes of it.
    func replay() throws -> Replay {
        let checkpoint = try Self.copied(checkpoint)
        let timers = checkpoint.timers.reduce(into: [:]) { $0[$1.id] = $1.due }
        var replay = Replay(checkpoint.fleet, timers: timers, at: checkpoint.at)
        for line in lines {
            switch line {
            case .event(let event, let now):
                let record = try Self.copied(Record(event: event, at: now))
                replay.take(record.event, at: record.at)
            case .performed: replay.notePerformed()
            }
        }
        return replay
    }

    struct Corruption: Error {
        var what: String
    }

    private static func copied<Value: Codable & Equatable>(_ value: Value) throws -> Value {
        let data = try JSONEncoder().encode(value)
        let copy = try JSONDecoder().decode(Value.self, from: data)
        guard copy == value else { throw Corruption(what: "changed by being written: \(value)") }
        return copy
    }
}
