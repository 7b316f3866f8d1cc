import KoomyCore
import KoomyModel
import KoomySystem
package import KoomyWire

/// What `GET /v1/doctor` looks at.
extension Supervisor {
    package func doctor() -> DoctorView {
        DoctorView(checks: [
            appsCheck, stateCheckup, journalCheck, descriptorsCheck, strangersCheck, binaryCheck, anomaliesCheck,
        ])
    }

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

    private var stateCheckup: DoctorCheck {
        switch fleet.saving {
        case .clean: return DoctorCheck("state", .ok, message: "what is wanted is on disk")
        case .behind(let words):
            let hint = "it is tried again every 5 s; until then a loss of power takes back the last change"
            return DoctorCheck("state", .error, message: "what is wanted cannot be saved: \(words)", hint: hint)
        }
    }

    private var journalCheck: DoctorCheck {
        guard let journal else { return DoctorCheck("journal", .ok, message: "in the foreground nothing is kept") }
        guard let trouble = journal.trouble else {
            return DoctorCheck("journal", .ok, message: "what is going on is written down for the next koomyd")
        }
        let hint = "if koomyd is killed now, the next one knows its workers by their environment only"
        return DoctorCheck("journal", .error, message: "\(trouble)", hint: hint)
    }

    private var descriptorsCheck: DoctorCheck {
        guard let status = descriptors?.status else {
            return DoctorCheck("descriptors", .ok, message: "in the foreground nothing is kept")
        }
        let count = "\(status.count) \(status.count == 1 ? "descriptor" : "descriptors")"
        guard status.isWell else {
            let reason = status.lastFailure.map { ": \($0)" } ?? ""
            return DoctorCheck(
                "descriptors",
                .warning,
                message: "\(status.kind) does not keep all of \(count)\(reason)"
            )
        }
        return DoctorCheck("descriptors", .ok, message: "\(status.kind) keeps \(count) beyond koomyd's end")
    }

    /// Processes with the mark of this koomyd's workers that belong to none of them.
    private var strangersCheck: DoctorCheck {
        let known = processes.knownProcesses()
        let strangers = Leftovers(notifyFolder: setting.directories.notifySockets).find().map(\.pid).filter {
            !known.contains($0)
        }
        guard !strangers.isEmpty else {
            return DoctorCheck("strangers", .ok, message: "every process of a worker is accounted for")
        }
        let pids = strangers.sorted().map { "\($0)" }.joined(separator: ", ")
        let hint = "look at them with ps; koomyd ends those that it finds when it starts"
        return DoctorCheck("strangers", .warning, message: "started by workers that are gone: \(pids)", hint: hint)
    }

    private var binaryCheck: DoctorCheck {
        guard ThisProcess.programWasReplaced else {
            return DoctorCheck("binary", .ok, message: "koomyd \(Version.current) runs from the file that is there")
        }
        let message = "the file that koomyd runs from was replaced; koomyd \(Version.current) still runs"
        return DoctorCheck("binary", .warning, message: message, hint: "koomyctl daemon upgrade takes the new one")
    }

    private var anomaliesCheck: DoctorCheck {
        guard anomalies > 0 else { return DoctorCheck("anomalies", .ok, message: "nothing has happened that must not") }
        let message = "\(anomalies) times something has happened that must not"
        return DoctorCheck("anomalies", .warning, message: message, hint: "look for daemon.anomaly in koomyctl events")
    }
}
