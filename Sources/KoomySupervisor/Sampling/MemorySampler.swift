import KoomyModel
import KoomySystem

/// Measures what workers use, with one look at /proc for all of them.
enum MemorySampler {
    /// The memory of each worker's whole tree.
    ///
    /// The cgroup's own count where there is one; else the sum of resident memory where that is far from the limit,
    /// and only nearer to it the proportional share, which counts a page that several processes share once but costs
    /// a walk through their page tables.
    static func memory(of workers: [(process: WorkerProcess, limit: ByteCount)]) -> [(WorkerID, ByteCount)] {
        var found: [(WorkerID, ByteCount)] = []
        var others: [(process: WorkerProcess, limit: ByteCount)] = []
        for worker in workers {
            if let counted = worker.process.cgroup?.cgroup.memoryHeld() {
                found.append((worker.process.id, counted))
            } else {
                others.append(worker)
            }
        }
        guard !others.isEmpty else { return found }
        let trees = ProcessSnapshot.take().trees(of: others.map(\.process.mark))
        for (worker, members) in zip(others, trees) {
            found.append((worker.process.id, memory(of: members, limit: worker.limit)))
        }
        return found
    }

    private static func memory(of members: [ProcessStat], limit: ByteCount) -> ByteCount {
        let resident = members.reduce(into: UInt64(0)) { $0 += $1.residentMemory.bytes }
        guard Double(resident) > Double(limit.bytes) * 0.6 else { return ByteCount(bytes: resident) }
        let proportional = members.reduce(into: UInt64(0)) { sum, process in
            sum += (ProcFS.proportionalMemory(of: process.pid) ?? process.residentMemory).bytes
        }
        return ByteCount(bytes: proportional)
    }
}

/// What the processes of each worker's session use together, for tables.
struct SessionUsage {
    private(set) var memory: [ProcessID: UInt64] = [:]
    private(set) var cpu: [ProcessID: TimeSpan] = [:]

    init() {
        for process in ProcessSnapshot.take().processes.values {
            memory[process.session, default: 0] += process.residentMemory.bytes
            cpu[process.session] = (cpu[process.session] ?? .zero) + process.cpuTime
        }
    }
}
