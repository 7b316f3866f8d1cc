import KoomyModel
import KoomyWire

/// `koomyctl status`: a row for each worker, what is not as it should be, and a line that sums up.
struct StatusText {
    var status: StatusView
    var screen: Screen

    var lines: [String] {
        guard !status.apps.isEmpty else { return ["no apps; begin with: koomyctl start FILE"] }
        let remarks = status.apps.compactMap(remark)
        return table.lines(on: screen) + [""] + remarks + [summary]
    }

    /// Whether a column for it would say anything.
    private var hasReleases: Bool { status.apps.contains { $0.workers.contains { $0.release != nil } } }

    private var table: Table {
        var columns: [Table.Column] = [
            .init(heading: "app", leastWidth: 12), .init(heading: "slot", isNumeric: true), .init(heading: "state"),
            .init(heading: "pid", isNumeric: true, rank: 6), .init(heading: "gen", isNumeric: true, rank: 2),
            .init(heading: "uptime", isNumeric: true, rank: 7), .init(heading: "restarts", isNumeric: true, rank: 5),
            .init(heading: "memory", isNumeric: true, rank: 4), .init(heading: "cpu", isNumeric: true, rank: 3),
            .init(heading: "last exit", rank: 1, leastWidth: 12),
        ]
        let hasReleases = hasReleases
        if hasReleases { columns.append(.init(heading: "release", rank: 0)) }
        var table = Table(columns)
        for app in status.apps {
            table.rows += app.workers.isEmpty ? [row(app)] : app.workers.map { row(app, $0) }
        }
        if !hasReleases { table.rows = table.rows.map { Array($0.dropLast()) } }
        return table
    }

    private func row(_ app: AppView, _ worker: WorkerView) -> [Table.Cell] {
        [
            .init(screen.clean(app.name)), .init("\(worker.slot)"),
            .init(screen.clean(Self.state(of: worker)), Style(state: worker.state)),
            .init(worker.pid.map { "\($0)" } ?? screen.none), .init("\(worker.generation)"),
            .init(worker.uptimeMs.map(Quantity.span(milliseconds:)) ?? screen.none), .init("\(worker.restarts)"),
            .init(worker.memory.map(Quantity.bytes) ?? screen.none),
            .init(worker.cpu.map(Quantity.percent) ?? screen.none), .init(screen.clean(reason(worker))),
            .init(screen.clean(worker.release?.id ?? screen.none)),
        ]
    }

    /// An app none of whose workers is there.
    private func row(_ app: AppView) -> [Table.Cell] {
        let none = Table.Cell(screen.none)
        return [
            .init(screen.clean(app.name)), none, .init(screen.clean(app.state), Style(state: app.state)), none,
            .init("\(app.generation)"), none, .init("\(app.restarts)"), none, none,
            .init(screen.clean(app.reason ?? screen.none)), none,
        ]
    }

    /// A candidate is no worker of its slot yet.
    private static func state(of worker: WorkerView) -> String {
        worker.isCandidate == true ? "\(worker.state) (candidate)" : worker.state
    }

    private func reason(_ worker: WorkerView) -> String {
        if let drain = Self.drain(of: worker) { return drain }
        let exit = worker.lastExit?.reason
        let next = worker.nextStartMs.map { "next start in \(Quantity.span(milliseconds: $0))" }
        let said = [exit, next].compactMap { $0 }.joined(separator: "; ")
        return said.isEmpty ? screen.none : said
    }

    /// `draining, 3 connections, oldest 12s`; nil where nothing is known of its connections.
    static func drain(of worker: WorkerView) -> String? {
        guard worker.condition == .draining, let connections = worker.connections else { return nil }
        let oldest = worker.oldestConnectionMs.map { ", oldest \(Quantity.span(milliseconds: $0))" } ?? ""
        return "draining, \(Quantity.counted(connections, "connection"))\(oldest)"
    }

    /// What a row cannot say of an app.
    private func remark(_ app: AppView) -> String? {
        var parts: [String] = []
        if let rollout = app.rollout { parts.append(screen.clean(Self.text(of: rollout))) }
        if app.condition != .ok, app.condition != .stopped, !app.workers.isEmpty, let reason = app.reason {
            parts.append(screen.clean(reason))
        }
        guard !parts.isEmpty else { return nil }
        let state = screen.styled(screen.clean(app.state), Style(state: app.state))
        return "\(screen.clean(app.name)) is \(state): \(parts.joined(separator: "; "))"
    }

    static func text(of rollout: RolloutView) -> String {
        let release = rollout.release.map { " (release \($0.id))" } ?? ""
        let phase = [rollout.phase, rollout.reason].compactMap(\.self).joined(separator: ": ")
        return "\(rollout.kind) from generation \(rollout.from) to \(rollout.to)\(release), \(rollout.done) of "
            + Quantity.counted(rollout.total, "slot") + (phase.isEmpty ? "" : ", \(phase)")
    }

    private var summary: String {
        let wanted = status.apps.filter { $0.desired == "running" }.reduce(0) { $0 + $1.instances }
        let ready = status.apps.reduce(0) { $0 + Self.readySlots(of: $1) }
        let others: [String] = [AppCondition.stopped, .errored].compactMap { condition in
            let count = status.apps.count { $0.condition == condition }
            return count > 0 ? "\(count) \(condition.rawValue)" : nil
        }
        let apps = Quantity.counted(status.apps.count, "app")
        let remark = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
        return "\(apps)\(remark), \(ready) of \(Quantity.counted(wanted, "worker")) ready"
    }

    /// Slots with a ready worker; the old and the new worker of a slot count once.
    static func readySlots(of app: AppView) -> Int {
        Set(app.workers.filter { $0.condition == .ready && $0.isCandidate != true }.map(\.slot)).count
    }
}
