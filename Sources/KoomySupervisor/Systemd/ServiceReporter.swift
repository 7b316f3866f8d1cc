package import KoomyCore
import KoomyEventLoop
package import KoomyModel
import KoomySystem

/// Tells systemd how things stand; nothing happens where systemd did not start us.
package final class ServiceReporter {
    private let notifier = ServiceNotifier()
    private var lastStatus = ""

    package init() {}

    package func ready() { _ = try? notifier.send(.ready) }

    package func reloading() { _ = try? notifier.send(.reloading) }

    /// Workers are leaving: systemd waits for the longest of their kill timeouts, and a little more.
    package func stopping(within span: TimeSpan) {
        _ = try? notifier.send(.stopping)
        _ = try? notifier.send(.extendTimeout(span + .seconds(10)))
    }

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
