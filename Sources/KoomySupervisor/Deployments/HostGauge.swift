import KoomyCore
import KoomyModel
import KoomySystem

/// What the host has left.
enum HostGauge {
    /// Looks at the host.
    ///
    /// - Parameter workers: Those beside which more are to run.
    /// - Returns: What could be found out.
    static func measure(beside workers: [WorkerProcess]) -> HostLoad {
        let available = available
        return HostLoad(available: available, worker: largest(workers, available), pressure: pressure)
    }

    /// The memory of the largest of them with all that it has started.
    ///
    /// Resident memory counts a page anew for each process that shares it: that is looked at more closely only where it
    /// could decide.
    private static func largest(_ workers: [WorkerProcess], _ available: ByteCount?) -> ByteCount? {
        guard !workers.isEmpty else { return nil }
        let trees = ProcessSnapshot.take().trees(of: workers.map(\.mark))
        let sizes = trees.map { tree in tree.reduce(into: UInt64(0)) { $0 += $1.residentMemory.bytes } }
        guard let index = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else { return nil }
        if let available, sizes[index] < available.bytes / 8 { return ByteCount(bytes: sizes[index]) }
        let shared = trees[index].reduce(into: UInt64(0)) { sum, process in
            sum += (ProcFS.proportionalMemory(of: process.pid) ?? process.residentMemory).bytes
        }
        return ByteCount(bytes: shared)
    }

    /// `MemAvailable:  123456 kB` (proc_meminfo(5)).
    private static var available: ByteCount? {
        field("MemAvailable:", in: "/proc/meminfo").flatMap { UInt64($0) }.map { ByteCount(bytes: $0 << 10) }
    }

    /// `some avg10=0.00 avg60=…`: the part of 10 seconds, in per cent (Documentation/accounting/psi.rst).
    private static var pressure: Double? {
        field("some", in: "/proc/pressure/memory").flatMap { Double($0.dropFirst("avg10=".count)) }
    }

    /// The word after the one that a line begins with.
    private static func field(_ name: String, in path: String) -> Substring? {
        guard let bytes = try? WholeFile.read(path, most: 64 << 10) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == name { return words[1] }
        }
        return nil
    }
}
