package import KoomyModel

/// The processes of one worker as a whole.
package enum ProcessTree {
    /// Sends a signal to each living process of a tree, and returns which ones it reached.
    ///
    /// Each is held by a pidfd and looked at again before it is signaled, so that a number given away in between is not
    /// hit. New processes may have been started meanwhile: repeat until it returns none.
    package static func signal(_ signal: Signal, _ mark: TreeMark) -> [ProcessID] {
        ProcessSnapshot.take().tree(of: mark).compactMap { stat in
            guard let pidfd = try? Pidfd.open(stat.pid), ProcessStat(of: stat.pid)?.startTime == stat.startTime,
                (try? pidfd.signal(signal)) == true
            else { return nil }
            return stat.pid
        }
    }

    /// The living processes of a tree.
    package static func members(_ mark: TreeMark) -> [ProcessStat] { ProcessSnapshot.take().tree(of: mark) }
}
