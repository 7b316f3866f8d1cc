import KoomyCore
import KoomyModel
package import KoomyWire

/// What `GET /v1/doctor` looks at.
extension Supervisor {
    package func doctor() -> DoctorView { DoctorView(checks: [appsCheck, anomaliesCheck]) }

    private var appsCheck: DoctorCheck {
        func named(_ condition: AppCondition) -> [String] {
            fleet.apps.values.filter { $0.condition == condition }.map(\.name.text).sorted()
        }
        let errored = named(.errored)
        guard errored.isEmpty else {
            let hint = "koomyctl describe \(errored[0]) says why; koomyctl reset \(errored[0]) tries again"
            return DoctorCheck("apps", .error, message: "given up on: \(errored.joined(separator: ", "))", hint: hint)
        }
        let degraded = named(.degraded)
        guard degraded.isEmpty else {
            let message = "fewer workers are ready than wanted: \(degraded.joined(separator: ", "))"
            return DoctorCheck("apps", .warning, message: message, hint: "koomyctl status")
        }
        return DoctorCheck("apps", .ok, message: "every app is as it is wanted")
    }

    private var anomaliesCheck: DoctorCheck {
        guard anomalies > 0 else { return DoctorCheck("anomalies", .ok, message: "nothing has happened that must not") }
        let message = "\(anomalies) times something has happened that must not"
        return DoctorCheck("anomalies", .warning, message: message, hint: "look for daemon.anomaly in koomyctl events")
    }
}
