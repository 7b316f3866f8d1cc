import Glibc
import KoomyModel
import KoomySystem

/// The environment of a worker: a small base, what its file declares, and koomy's own variables.
enum WorkerEnvironment {
    /// Passed on from koomyd where it has them; nothing else of koomyd's own leaks.
    static let inherited = ["LANG", "TZ"]

    /// The base for a user, and what the file declares above it.
    static func base(_ spec: AppSpec, identity: ResolvedIdentity?, own: [String: String]) -> [String: String] {
        var environment: [String: String] = ["PATH": own["PATH"] ?? ProgramSearch.defaultPath]
        let userID = identity?.userID ?? ThisProcess.userID
        if let account = try? Accounts.user(number: userID) {
            environment["HOME"] = account.home
            environment["USER"] = account.name
            environment["LOGNAME"] = account.name
            environment["SHELL"] = account.shell
        }
        for name in inherited { if let value = own[name] { environment[name] = value } }
        return environment.merging(spec.environment) { $1 }
    }

    /// koomy's own variables, which nothing in a file can replace.
    static func own(
        _ id: WorkerID,
        slot: Int,
        _ generation: Generation,
        _ spec: AppSpec,
        port: UInt16?
    ) -> [String: String] {
        var environment = [spec.slotVariable: "\(slot)"]
        // A file may name any variable for the slot; those that koomy itself gives a meaning keep it.
        let given = [
            "KOOMY_APP": id.app.text,
            "KOOMY_SLOT": "\(slot)",
            "KOOMY_GENERATION": "\(generation.number)",
            "KOOMY_WORKER": "\(id.serial)",
        ]
        environment.merge(given) { $1 }
        if let release = spec.release { environment["KOOMY_RELEASE"] = release.id }
        if let port { environment["PORT"] = "\(port)" }
        if let watchdog = spec.watchdog { environment["WATCHDOG_USEC"] = "\(watchdog.nanoseconds / 1_000)" }
        return environment
    }
}
