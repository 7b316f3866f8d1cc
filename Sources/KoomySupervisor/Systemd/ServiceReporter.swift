package import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Tells systemd how things stand; nothing happens where systemd did not start us.
package final class ServiceReporter {
    private let notifier = ServiceNotifier()
    private var lastStatus = ""

    package init() {}

    package func ready() { _ = try? notifier.send(.ready) }

    package func reloading() { _ = try? notifier.send(.reloading) }

    package func stopping() { _ = try? notifier.send(.stopping) }

    /// How often more time is asked for, while something takes long that goes on.
    static let period = TimeSpan.seconds(5)

    /// Has systemd wait for three periods from now (EXTEND_TIMEOUT_USEC); a koomyd that hangs asks no more.
    func askForTime() { _ = try? notifier.send(.extendTimeout(Self.period * 3)) }

    /// One line with real counts, sent when it changes.
    package func report(_ fleet: Fleet) {
        let text = Self.status(of: fleet)
        guard text != lastStatus else { return }
        lastStatus = text
        _ = try? notifier.send(.status(text))
    }

    /// As `2 apps, 4 of 4 workers ready; web: rolling`.
    static func status(of fleet: Fleet) -> String {
        let apps = fleet.apps.values.sorted { $0.name < $1.name }
        let running = apps.filter(\.isActive)
        let wanted = running.reduce(0) { $0 + $1.spec.instances }
        let ready = running.reduce(0) { $0 + $1.readyCount }
        var text = "\(apps.count) \(apps.count == 1 ? "app" : "apps"), \(ready) of \(wanted) workers ready"
        if case .leaving = fleet.phase {
            let left = apps.reduce(0) { $0 + $1.workers.count }
            text = "stopping, \(left) workers left"
        }
        for app in running where app.condition != .ok {
            text += "; \(app.name): \(app.condition.rawValue)"
            if let reason = app.reason { text += " (\(reason))" }
        }
        return text
    }
}
