import Glibc

/// What this process uses of the machine.
struct ProcessUsage: Hashable {
    /// Bytes in memory now (/proc/self/statm, proc(5)).
    var resident: UInt64
    /// The most bytes there ever were (getrusage(2)).
    var peak: UInt64

    static func now() -> ProcessUsage {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        var resident: UInt64 = 0
        if let file = fopen("/proc/self/statm", "re") {
            var total: UInt = 0
            var pages: UInt = 0
            let count = withUnsafeMutablePointer(to: &total) { first in
                withUnsafeMutablePointer(to: &pages) { second in
                    withVaList([first, second]) { vfscanf(file, "%lu %lu", $0) }
                }
            }
            if count == 2 { resident = UInt64(pages) * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
            fclose(file)
        }
        return ProcessUsage(resident: resident, peak: UInt64(usage.ru_maxrss) * 1_024)
    }

    var json: JSON { ["rss": .integer(resident), "peak": .integer(peak)] }
}
