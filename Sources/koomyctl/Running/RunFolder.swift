import KoomyModel
import KoomySystem

/// Where a koomyd keeps its sockets, and what of it still lives when nobody answers there.
struct RunFolder {
    /// A worker that is alive.
    struct Worker: Hashable {
        var pid: ProcessID
        /// `api:0`; nil where its environment does not say.
        var name: String?
    }

    /// Every worker's environment names its notify socket, which lies in its koomyd's own folder.
    private let prefix: String

    /// The folder that a control socket is in.
    init(ofSocket path: String) {
        let path = ThisProcess.absolutePath(path)
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        prefix = "\(folder)/notify/"
    }

    /// The workers that are alive, by name; those of others, which only root may look at, are not among them.
    ///
    /// A worker is all processes with one notify socket; it stands here with the process that began first.
    func workers() -> [Worker] {
        var oldest: [String: ProcessStat] = [:]
        for pid in ProcFS.processIDs() where pid != ThisProcess.id {
            guard let socket = ProcFS.environmentValue("NOTIFY_SOCKET", of: pid), socket.hasPrefix(prefix),
                let stat = ProcessStat(of: pid), !stat.isDead
            else { continue }
            if let known = oldest[socket], (known.startTime, known.pid) <= (stat.startTime, stat.pid) { continue }
            oldest[socket] = stat
        }
        let found = oldest.values.map { Worker(pid: $0.pid, name: Self.name(of: $0.pid)) }
        return found.sorted { ($0.name ?? "", $0.pid) < ($1.name ?? "", $1.pid) }
    }

    private static func name(of pid: ProcessID) -> String? {
        guard let app = ProcFS.environmentValue("KOOMY_APP", of: pid) else { return nil }
        return app + (ProcFS.environmentValue("KOOMY_SLOT", of: pid).map { ":\($0)" } ?? "")
    }
}

extension RunFolder.Worker: CustomStringConvertible {
    /// `api:0 (pid 4711)`.
    var description: String { name.map { "\($0) (pid \(pid))" } ?? "pid \(pid)" }
}
