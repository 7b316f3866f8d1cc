import Glibc
import KoomyModel
import KoomySystem
import KoomyWire

/// Makes and removes the folders of releases.
struct ReleaseFolders {
    /// So many builds can be looked at later.
    private static let logsKept = 50

    let layout: DeployLayout
    let tools: DeployTools

    func prepare() throws(DeployFailure) {
        try tools.run(["mkdir", "--parents", "--", layout.releases, layout.shared, layout.buildLogs])
    }

    private var names: [String] { (try? Folder.names(in: layout.releases)) ?? [] }

    /// The complete ones, the newest first.
    var complete: [ReleaseID] { DeployLayout.complete(among: names) }

    /// Removes what deployments have left behind that were killed; the lock says that none of them lives.
    ///
    /// - Returns: What was removed.
    func removeLeftovers() throws(DeployFailure) -> [ReleaseID] {
        let names = names
        for id in names.compactMap(DeployLayout.failed(named:)) { try removeTree(layout.failed(id)) }
        let found = names.compactMap(DeployLayout.incomplete(named:))
        let logs = ((try? Folder.names(in: layout.buildLogs)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
        for log in logs.dropLast(Self.logsKept) {
            try tools.run(["rm", "--force", "--", "\(layout.buildLogs)/\(log)"])
        }
        killStrays()
        for id in found { try remove(id) }
        return found
    }

    /// Begins a release: from now on it is one that is not complete.
    func begin(_ id: ReleaseID) throws(DeployFailure) {
        try tools.run(["mkdir", "--", layout.incoming(id)])
        try syncFolder()
    }

    /// Makes a release complete.
    func complete(_ id: ReleaseID) throws(DeployFailure) {
        try tools.run(["sync", "--file-system", "--", layout.releases], outcome: .cannotSave)
        try removeTree(layout.incoming(id))
        try syncFolder()
    }

    /// Removes a release with all that is known of it; one that is half removed is not complete.
    func remove(_ id: ReleaseID) throws(DeployFailure) {
        try tools.run(["mkdir", "--parents", "--", layout.incoming(id)])
        try removeTree(layout.release(id))
        try tools.run(["rm", "--force", "--", layout.record(id)])
        try removeTree(layout.incoming(id))
    }

    /// Puts a release that failed where it can be looked at; nil where there is nothing of it.
    func setAside(_ id: ReleaseID) throws(DeployFailure) -> String? {
        guard Files.exists(layout.release(id)) else { return nil }
        let kept = layout.failed(id)
        do {
            try AtomicFile.rename(layout.release(id), to: kept)
        } catch {
            throw DeployFailure(error)
        }
        try removeTree(layout.incoming(id))
        return kept
    }

    /// The releases in which a process of this host works, whoever has started it.
    static func occupied(_ layout: DeployLayout) -> Set<ReleaseID> {
        guard let resolved = SymbolicLink.resolve(layout.releases) else { return [] }
        let prefix = resolved + "/"
        var found: Set<ReleaseID> = []
        for pid in ProcFS.processIDs() {
            guard let folder = ProcFS.workingDirectory(of: pid), folder.hasPrefix(prefix) else { continue }
            if let id = ReleaseID(folder.dropFirst(prefix.count).prefix { $0 != "/" }) { found.insert(id) }
        }
        return found
    }

    private func syncFolder() throws(DeployFailure) {
        do {
            try AtomicFile.syncFolder(of: "\(layout.releases)/x")
        } catch {
            throw DeployFailure(error)
        }
    }

    private func removeTree(_ path: String) throws(DeployFailure) {
        let removal = ["rm", "--recursive", "--force", "--one-file-system", "--", path]
        do throws(DeployFailure) {
            try tools.run(removal)
        } catch {
            // Caches of some package managers are folders that may not be written to.
            try tools.run(["chmod", "--recursive", "u+rwx", "--", path])
            try tools.run(removal)
        }
    }

    /// Ends what dead deployments have started and what may still write into their releases.
    ///
    /// What the build of a complete release has left, as a build server that waits for more, is none of that.
    private func killStrays() {
        let complete = Set(complete.map(\.text))
        let prefix = "\(layout.root) "
        func strays() -> [ProcessID] {
            ProcFS.processIDs().filter { pid in
                guard pid != ThisProcess.id, let mark = ProcFS.environmentValue(DeployTools.marker, of: pid) else {
                    return false
                }
                return mark.hasPrefix(prefix) && !complete.contains(String(mark.dropFirst(prefix.count)))
            }
        }
        let deadline = MonotonicClock.now() + TimeSpan.seconds(5)
        var pids = strays()
        while !pids.isEmpty, MonotonicClock.now() < deadline {
            for pid in pids { _ = kill(pid, SIGKILL) }
            _ = poll(nil, 0, 5)
            pids = strays()
        }
    }
}
