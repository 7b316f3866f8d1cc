/// All processes at one moment, read once so that many trees can be asked for.
package struct ProcessSnapshot: Sendable {
    package private(set) var processes: [ProcessID: ProcessStat] = [:]
    private var children: [ProcessID: [ProcessID]] = [:]
    /// Those to whom orphans go: ourselves, and every process above us.
    private let adopters: Set<ProcessID>

    /// Reads all of /proc; about 10 microseconds a process.
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
        }
        var adopters: Set<ProcessID> = [own, 1]
        var next = processes[own]?.parent
        while let pid = next, pid > 0, adopters.insert(pid).inserted { next = processes[pid]?.parent }
        self.adopters = adopters
    }

    /// The living processes that a worker has started, itself included: its descendants, those of its session, and
    /// orphans that carry its marker in their environment; then the descendants of all these.
    ///
    /// A process that left its session and wrote over its environment after its parent died is not found: only a
    /// cgroup knows it.
    package func tree(of worker: TreeMark) -> [ProcessStat] {
        var seeds: [ProcessID] = []
        for stat in processes.values
        where stat.session == worker.root || isRoot(stat, of: worker) || isMarkedOrphan(stat, worker) {
            seeds.append(stat.pid)
        }
        var members: Set<ProcessID> = []
        var next = seeds
        while let pid = next.popLast() {
            guard pid != ThisProcess.id, members.insert(pid).inserted else { continue }
            next += children[pid] ?? []
        }
        return members.compactMap { processes[$0] }.filter { !$0.isDead }
    }

    private func isRoot(_ stat: ProcessStat, of worker: TreeMark) -> Bool {
        stat.pid == worker.root && (worker.startTime == nil || worker.startTime == stat.startTime)
    }

    private func isMarkedOrphan(_ stat: ProcessStat, _ worker: TreeMark) -> Bool {
        guard adopters.contains(stat.parent), !adopters.contains(stat.pid), let marker = worker.marker else {
            return false
        }
        return ProcFS.environmentValue(marker.name, of: stat.pid) == marker.value
    }
}

/// By what the processes of a worker are known.
package struct TreeMark: Hashable, Sendable {
    /// A variable that only this worker's processes have with this value.
    package struct Marker: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The process that was spawned; it led a session of its own.
    package var root: ProcessID
    /// When the root began; nil where it is certain that its number is still its own.
    package var startTime: UInt64?
    package var marker: Marker?

    package init(root: ProcessID, startTime: UInt64? = nil, marker: Marker? = nil) {
        self.root = root
        self.startTime = startTime
        self.marker = marker
    }
}
