package import Glibc

/// An app in `GET /v1/status`, by the documented names.
package struct AppView: CustomStringConvertible {
    package let json: JSON

    package init(_ json: JSON) { self.json = json }

    package var state: String { json.state.string ?? "?" }
    package var instances: Int { json.instances.int ?? -1 }
    package var generation: Int { json.generation.int ?? -1 }
    package var restarts: Int { json.restarts.int ?? -1 }
    package var workers: [WorkerView] { json.workers.array.map(WorkerView.init) }
    package var ready: [WorkerView] { workers.filter { $0.state == "ready" } }
    package var pids: Set<pid_t> { Set(workers.compactMap(\.pid)) }
    package var readyPids: Set<pid_t> { Set(ready.compactMap(\.pid)) }

    /// Whether as many workers are ready as are wanted, no other is left, and nothing is going on.
    package func isSteady(_ count: Int) -> Bool { state == "ok" && ready.count == count && workers.count == count }

    package var description: String {
        "\(json.name.string ?? "?") \(state) generation \(generation) restarts \(restarts) \(workers)"
    }
}

/// A worker in `GET /v1/status`.
package struct WorkerView: CustomStringConvertible {
    package let json: JSON

    init(_ json: JSON) { self.json = json }

    package var slot: Int { json.slot.int ?? -1 }
    package var pid: pid_t? { json.pid.int.flatMap { pid_t(exactly: $0) } }
    package var state: String { json.state.string ?? "?" }
    package var generation: Int { json.generation.int ?? -1 }
    package var restarts: Int { json.restarts.int ?? -1 }
    package var memory: Int? { json.memory.int }
    package var readyBy: String? { json.readyBy.string }
    package var lastExit: JSON { json.lastExit }

    package var description: String {
        "\(slot):\(state) pid \(pid.map { "\($0)" } ?? "-") restarts \(restarts) last \(lastExit)"
    }
}

extension AppView {
    /// An app of a status in one line.
    package static func described(_ json: JSON) -> String { AppView(json).description }
}
