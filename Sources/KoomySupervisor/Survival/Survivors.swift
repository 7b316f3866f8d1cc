import Glibc
package import KoomyModel
import KoomySystem

/// Processes that carry the marks of this koomyd's workers in their environment, whoever started them.
package struct Survivors {
    /// A worker's own process, by what its environment says.
    package struct Worker: Hashable {
        package var record: ProcessRecord
        package var slot: Int
        package var generation: Generation
        /// The names of the sockets that it was given, in the order of their descriptors.
        package var listeners: [String]
    }

    private let found: [ProcessStat]

    /// Looks at every process of the machine.
    package init(notifyFolder: String) {
        found = Leftovers(notifyFolder: notifyFolder).find()
    }

    /// The workers' own processes: each leads a session of its own.
    package var workers: [Worker] {
        found.sorted { $0.pid < $1.pid }.compactMap { $0.session == $0.pid ? worker($0) : nil }
    }

    /// The process of one worker.
    package func record(of id: WorkerID) -> ProcessRecord? { workers.first { $0.record.id == id }?.record }

    private func worker(_ process: ProcessStat) -> Worker? {
        func value(_ name: String) -> String? { ProcFS.environmentValue(name, of: process.pid) }
        guard let name = value("KOOMY_APP").flatMap({ AppName($0) }),
            let serial = value("KOOMY_WORKER").flatMap({ UInt64($0) }),
            let slot = value("KOOMY_SLOT").flatMap({ Int($0) }), (0..<10_000).contains(slot),
            let generation = value("KOOMY_GENERATION").flatMap({ UInt64($0) }), let notify = value("NOTIFY_SOCKET"),
            serial < 1 << 62, generation < 1 << 62
        else { return nil }
        let record = ProcessRecord(
            id: WorkerID(app: name, serial: serial),
            process: process.identity,
            pidfd: nil,
            startedAt: Self.instant(ofTick: process.startTime),
            notifySocket: notify,
            notify: nil,
            out: Self.pipe(1, of: process.pid),
            error: Self.pipe(2, of: process.pid),
            line: nil,
            privateAddress: nil,
            privateInode: nil
        )
        let listeners = value("LISTEN_FDNAMES")?.split(separator: ":").map(String.init) ?? []
        return Worker(record: record, slot: slot, generation: Generation(generation), listeners: listeners)
    }

    /// The pipe that a descriptor of a process is; nil where it is something else.
    private static func pipe(_ number: Int32, of pid: ProcessID) -> FileIdentity? {
        guard let pipe = try? ProcFS.openDescriptor(number, of: pid) else { return nil }
        return FileIdentity(of: pipe.number)
    }

    /// Clock ticks since boot as a point on the monotonic clock, which does not count the time that a machine slept.
    private static func instant(ofTick tick: UInt64) -> Instant {
        let perSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        var boot = timespec()
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let sinceBoot = Int64(boot.tv_sec) * 1_000_000_000 + Int64(boot.tv_nsec)
        let age = sinceBoot - Int64(clamping: tick) * (1_000_000_000 / perSecond)
        return MonotonicClock.now() + TimeSpan(nanoseconds: -max(0, age))
    }
}
