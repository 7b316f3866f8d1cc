package import KoomyModel

/// The processes of one worker as a whole.
package enum ProcessTree {
    /// Sends a signal to each living process of a tree, and returns which ones it reached.
    ///
    /// Each is held by a pidfd and looked at again before it is signaled, so that a number given away in between is not
    /// hit. New processes may have been started meanwhile: repeat until it returns none.
    package static func signal(
        _ signal: Signal,
        _ mark: TreeMark,
        otherRoots: Set<ProcessID> = []
    ) -> [ProcessID] {
        ProcessSnapshot.take().tree(of: mark, otherRoots: otherRoots).compactMap { stat in
            guard let pidfd = try? Pidfd.open(stat.pid), ProcessStat(of: stat.pid)?.startTime == stat.startTime,
                (try? pidfd.signal(signal)) == true
            else { return nil }
            return stat.pid
        }
    }

    /// The living processes of a tree.
    package static func members(_ mark: TreeMark) -> [ProcessStat] { ProcessSnapshot.take().tree(of: mark) }

    /// The processes below one, without orphans; it reads only these, so it is the way to sample one worker of many.
    ///
    /// nil where the kernel does not list children (CONFIG_PROC_CHILDREN), or the process is gone.
    package static func descendants(of pid: ProcessID) -> [ProcessID]? {
        guard var next = ProcFS.children(of: pid) else { return nil }
        var found: Set<ProcessID> = []
        while let child = next.popLast() {
            if found.insert(child).inserted { next += ProcFS.children(of: child) ?? [] }
        }
        return Array(found)
    }
}
