/// All processes at one moment, read once so that many trees can be asked for.
package struct ProcessSnapshot: Sendable {
    package private(set) var processes: [ProcessID: ProcessStat] = [:]
    private var children: [ProcessID: [ProcessID]] = [:]
    private var sessions: [ProcessID: [ProcessID]] = [:]
    /// Those whose parent is ourselves or a process above us: to these orphans go.
    private var orphans: [ProcessStat] = []

    /// Reads all of /proc; about 13 microseconds a process.
    package static func take() -> ProcessSnapshot {
        var found: [ProcessStat] = []
        for pid in ProcFS.processIDs() {
            if let stat = ProcessStat(of: pid) { found.append(stat) }
        }
        return ProcessSnapshot(found, own: ThisProcess.id)
    }

    init(_ stats: [ProcessStat], own: ProcessID) {
        for stat in stats {
            processes[stat.pid] = stat
            children[stat.parent, default: []].append(stat.pid)
            sessions[stat.session, default: []].append(stat.pid)
        }
        var adopters: Set<ProcessID> = [own, 1]
        var next = processes[own]?.parent
        while let pid = next, pid > 0, adopters.insert(pid).inserted { next = processes[pid]?.parent }
        orphans = stats.filter { adopters.contains($0.parent) && !adopters.contains($0.pid) }
        // Whatever a mark says, this process and those above it are nobody's workers.
        for pid in adopters { processes[pid] = nil }
    }

    /// The living processes that each worker has started, its root included: those of its session, orphans that carry
    /// its marker in their environment, and the descendants of all these.
    ///
    /// `otherRoots` are those of further workers; their processes need not be looked into. A process that left its
    /// session and wrote over its environment after its parent died is not found: only a cgroup knows it.
    package func trees(of workers: [TreeMark], otherRoots: Set<ProcessID> = []) -> [[ProcessStat]] {
        let marked = markedOrphans(of: workers, sessions: otherRoots.union(workers.map(\.root)))
        return workers.map { worker in
            var members: Set<ProcessID> = []
            var next = worker.marker.flatMap { marked[$0] } ?? []
            let root = processes[worker.root]
            if root == nil || worker.startTime == nil || worker.startTime == root?.startTime {
                // While a session has a member its number is given to no other process (setsid(2)).
                next += sessions[worker.root] ?? []
                next.append(worker.root)
            }
            while let pid = next.popLast() {
                guard processes[pid] != nil, members.insert(pid).inserted else { continue }
                next += children[pid] ?? []
            }
            return members.compactMap { processes[$0] }.filter { !$0.isDead }
        }
    }

    /// The living processes of one worker.
    package func tree(of worker: TreeMark, otherRoots: Set<ProcessID> = []) -> [ProcessStat] {
        trees(of: [worker], otherRoots: otherRoots).first ?? []
    }

    /// The orphans outside the known sessions, by the marker that they carry.
    private func markedOrphans(
        of workers: [TreeMark],
        sessions: Set<ProcessID>
    ) -> [TreeMark.Marker: [ProcessID]] {
        // Nobody starts anything before he is started himself: this spares the services of the host.
        let earliest = workers.map { $0.startTime ?? 0 }.min() ?? 0
        var found: [TreeMark.Marker: [ProcessID]] = [:]
        for name in Set(workers.compactMap(\.marker?.name)) {
            for orphan in orphans where !sessions.contains(orphan.session) && orphan.startTime >= earliest {
                guard let value = ProcFS.environmentValue(name, of: orphan.pid) else { continue }
                found[TreeMark.Marker(name: name, value: value), default: []].append(orphan.pid)
            }
        }
        return found
    }
}
