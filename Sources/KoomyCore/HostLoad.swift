package import KoomyModel

/// How much memory the host has left, and how scarce it is.
package struct HostLoad: Hashable, Sendable, Codable {
    /// What can be had without swapping (`MemAvailable` of /proc/meminfo); nil where nobody knows.
    package var available: ByteCount?
    /// What the largest worker of the app has; nil where nobody knows.
    package var worker: ByteCount?
    /// Per cent of the last 10 seconds in which a task waited for memory; nil where the kernel does not tell.
    package var pressure: Double?

    package init(available: ByteCount? = nil, worker: ByteCount? = nil, pressure: Double? = nil) {
        self.available = available
        self.worker = worker
        self.pressure = pressure
    }

    /// How often it is measured while workers are replaced.
    static let period = TimeSpan.seconds(1)
    /// How often it is seen whether they are replaced again.
    static let idlePeriod = TimeSpan.seconds(10)

    /// Why so many more workers do not fit, for people; nil where they do, or nobody knows.
    func shortage(for count: Int) -> String? {
        guard let available, let worker, count > 0 else { return nil }
        let (needed, overflow) = worker.bytes.multipliedReportingOverflow(by: UInt64(count))
        guard overflow || needed > available.bytes else { return nil }
        return "\(count) more of \(worker) do not fit in the \(available) of memory that the host has left"
    }

    /// Why nothing more is to be started now, for people.
    func obstacle(_ limit: Double) -> String? {
        guard let pressure, pressure > limit else { return nil }
        return "the host is short of memory: tasks waited for it in \(Int(pressure)) % of the last 10 seconds"
    }
}
