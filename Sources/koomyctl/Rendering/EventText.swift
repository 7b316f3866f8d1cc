import KoomyWire

/// `koomyctl events`: one line for each event.
struct EventText {
    var screen: Screen
    /// A wall time in milliseconds since the Unix epoch, for people.
    var stamp: (Int64) -> String

    func line(_ event: EventView) -> String {
        var parts = ["\(stamp(event.at))", "#\(event.seq)", screen.styled(screen.clean(event.type), style(event))]
        if let app = event.app { parts.append(screen.clean(app) + (event.slot.map { ":\($0)" } ?? "")) }
        if let pid = event.pid { parts.append("pid \(pid)") }
        if let generation = event.generation { parts.append("gen \(generation)") }
        if let message = event.message { parts.append(screen.clean(message)) }
        for (name, value) in (event.detail ?? [:]).sorted(by: { $0.key < $1.key }) {
            parts.append("\(screen.clean(name))=\(text(of: value))")
        }
        return parts.joined(separator: "  ")
    }

    private func style(_ event: EventView) -> Style {
        switch EventType(rawValue: event.type) {
        case .workerReady, .workerRecycled, .rolloutRehearsed, .rolloutPromoted, .appRecovered, .stateSaved,
            .logRecovered:
            .green
        case .workerErrored, .workerKilled, .workerHung, .workerStartFailed, .configRejected, .daemonAnomaly,
            .listenerFailed, .stateUnsaved, .stateCorrupt, .logTrouble:
            .red
        case .workerUnhealthy, .workerReadyTimeout, .workerHookFailed, .workerBackoff, .workerExited,
            .appIncident, .workerRecycling, .rolloutWaiting, .rolloutHeld, .rolloutPaused:
            .yellow
        case .rolloutStarted, .rolloutProgress, .rolloutEnded, .rolloutRehearsing, .rolloutCanary, .rolloutResumed,
            .workerStarted, .workerParting, .workerDraining, .workerLingering, .workerIdle:
            .cyan
        case .daemonStarted, .daemonResumed, .daemonStopping, .daemonLogsReopened, .configLoaded, .appAdded, .appState,
            .appScaled, .appReset, .appDeleted, .listenerOpened, .listenerClosed, .workerGone, .workerFinished, nil:
            .plain
        }
    }

    private func text(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): screen.clean(value)
        case .array, .object: (try? WireCoding.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }
}
