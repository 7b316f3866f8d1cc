import KoomyModel

@testable import KoomyCore

/// What a fleet comes to when nothing disturbs it any more.
extension Simulation {
    var isSettled: Bool { unsettled.isEmpty }

    /// What has not come to be, for people.
    var unsettled: String {
        if desk.endsWithShutdown { return exitStatus == nil ? "koomyd has not left" : "" }
        var words = desk.outstanding.keys.filter { !desk.abandoned.contains($0) }.map { id in
            "request \(id.number) is not answered: \(fleet.waiters.filter { $0.request == id })"
        }
        for app in fleet.apps.values where !isAtRest(app) {
            words.append("\(app.name) is \(app.condition): \(app.reason ?? "")")
        }
        if fleet.desired != fleet.durable { words.append("the disk is behind") }
        return words.joined(separator: "; ")
    }

    private func isAtRest(_ app: App) -> Bool {
        switch app.condition {
        case .ok, .stopped: true
        case .errored: app.rollout == nil && app.breaker != .halfOpen(scout: 0) && hasRetry(app)
        case .degraded, .rolling: false
        }
    }

    private func hasRetry(_ app: App) -> Bool {
        switch app.breaker {
        case .open: timers.keys.contains(.retry(app.name)) || app.spec.restart.erroredRetry == .zero
        case .halfOpen, .deaf, .closed, .incident: false
        }
    }

    /// What is wrong at the end.
    var leftover: String? {
        if exitStatus != nil {
            let unanswered = desk.outstanding.keys.filter { !desk.abandoned.contains($0) }
            return unanswered.isEmpty ? nil : "koomyd left without an answer to \(unanswered.map(\.number))"
        }
        for app in fleet.apps.values {
            if let words = difference(app, disk[app.name]) { return "\(app.name): \(words)" }
            let wantsSchedule = app.isActive && app.spec.recycle.schedule != nil
            if wantsSchedule != schedules.contains(app.name) { return "\(app.name): its schedule is not as wanted" }
        }
        for kept in disk.apps where fleet.apps[kept.spec.name] == nil { return "\(kept.spec.name) is on disk only" }
        for listener in listeners {
            guard let app = fleet.apps[listener.app], app.isActive, app.specs[listener.generation] != nil else {
                return "the listeners of \(listener.app), generation \(listener.generation.number), stayed open"
            }
        }
        return nil
    }

    /// How an app differs from what a new koomyd would make of the disk.
    private func difference(_ app: App, _ kept: DesiredApp?) -> String? {
        guard let kept else { return "it is not on disk" }
        if kept.spec != app.spec { return "another specification is on disk" }
        if (kept.goal == .running) != app.isActive { return "\(kept.goal) on disk" }
        if app.isActive, Set(kept.stoppedSlots) != app.stoppedSlots {
            return "slots \(kept.stoppedSlots) are stopped on disk, \(app.stoppedSlots.sorted()) here"
        }
        if app.isActive, kept.generation != app.current { return "another generation is on disk" }
        return nil
    }
}
