import KoomyModel
import KoomySystem
import KoomyWire

/// What replaced the workers of each app, and how that went: one file an app, a line for each step.
///
/// A step is written when it happens, so that a koomyd that follows knows what has been done; the end is on the disk before
/// anybody is told of it.
final class DeploymentLog {
    /// One line: a beginning, with all that is known by then, a step of the last one that began, or its end.
    private struct Line: Codable {
        var begin: DeploymentView?
        var step: DeploymentStepView?
        var end: DeploymentView?
    }

    /// nil in the foreground, where nothing outlives koomyd.
    private let folder: String?
    private let noticed: (SystemError) -> Void
    /// Those that go on.
    private(set) var running: [AppName: DeploymentView] = [:]
    /// The last of each app that has ended.
    private(set) var ended: [AppName: DeploymentView] = [:]

    /// A file that is larger is written anew, with the last ones only.
    private static let room: Int64 = 1 << 20
    private static let most = 50

    init(folder: String?, noticed: @escaping (SystemError) -> Void) {
        self.folder = folder
        self.noticed = noticed
    }

    func begin(_ deployment: DeploymentView, of app: AppName) {
        // It is told once more after koomyd's death.
        guard running[app]?.generation != deployment.generation else { return }
        running[app] = deployment
        append(Line(begin: deployment), app)
    }

    func add(_ step: DeploymentStepView, to app: AppName) {
        guard running[app] != nil else { return }
        running[app]?.steps.append(step)
        append(Line(step: step), app)
    }

    /// It has ended, as the change says.
    func end(_ app: AppName, _ change: (inout DeploymentView) -> Void) {
        guard var deployment = running.removeValue(forKey: app) else { return }
        change(&deployment)
        ended[app] = deployment
        append(Line(end: deployment), app, isLast: true)
    }

    /// An app is not known any more.
    func forget(_ app: AppName) {
        running[app] = nil
        ended[app] = nil
        guard let folder else { return }
        for name in ["\(app).jsonl", "\(app)-hooks.log", "\(app)-rehearsal.log"] {
            try? AtomicFile.unlink("\(folder)/\(name)")
        }
    }

    /// Goes on with those that an earlier koomyd was at; the others of it have come to nothing.
    func resume(_ apps: Set<AppName>, _ all: [AppName], at time: Int64) {
        for app in all {
            guard let last = history(of: app).first, last.endedAt == nil else { continue }
            running[app] = last
            guard !apps.contains(app) else { continue }
            end(app) { deployment in
                deployment.endedAt = time
                deployment.outcome = Outcome.aborted.rawValue
                deployment.code = Outcome.aborted.exitCode.rawValue
                deployment.message = "koomyd ended meanwhile"
            }
        }
    }

    /// All that is remembered, the newest first.
    func history(of app: AppName) -> [DeploymentView] {
        guard let path = path(of: app), let bytes = try? WholeFile.read(path) else {
            return [running[app], ended[app]].compactMap { $0 }
        }
        var found: [DeploymentView] = []
        for text in bytes.split(separator: UInt8(ascii: "\n")) {
            // One that was cut short by a full disk or a loss of power tells nothing.
            guard let line: Line = try? WireCoding.decode(from: Array(text)) else { continue }
            if let begin = line.begin { found.append(begin) }
            guard !found.isEmpty else { continue }
            if let step = line.step { found[found.count - 1].steps.append(step) }
            if let end = line.end, end.generation == found[found.count - 1].generation { found[found.count - 1] = end }
        }
        return found.suffix(Self.most).reversed()
    }

    private func append(_ line: Line, _ app: AppName, isLast: Bool = false) {
        guard let path = path(of: app), let folder else { return }
        do throws(SystemError) {
            try Folder.make(folder, mode: 0o700, ownedBy: ThisProcess.userID)
            guard let bytes = try? WireCoding.encodeLine(line) else { return }
            let file = try FileDescriptor.updating(path, mode: 0o600)
            let end = try file.fileSize()
            // A line that was cut short must not take this one along.
            let last = end > 0 ? try file.read(at: end - 1, most: 1).last : nil
            let isTorn = last.map { $0 != UInt8(ascii: "\n") } ?? false
            try file.write((isTorn ? [UInt8(ascii: "\n")] : []) + bytes, at: end)
            guard isLast else { return }
            try file.synchronize()
            if end > Self.room { try shorten(path, app) }
        } catch {
            noticed(error)
        }
    }

    private func shorten(_ path: String, _ app: AppName) throws(SystemError) {
        let kept = history(of: app).reversed()
        let bytes = kept.flatMap { (try? WireCoding.encodeLine(Line(begin: $0))) ?? [] }
        try AtomicFile.write(bytes, to: path, mode: 0o600)
    }

    private func path(of app: AppName) -> String? { folder.map { "\($0)/\(app).jsonl" } }
}
