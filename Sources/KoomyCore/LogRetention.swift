package import KoomyModel

/// A log file that was put aside, as far as it matters for how long it is kept.
package struct KeptLog: Hashable, Sendable {
    package var path: String
    /// Its place among those of one file: the later, the greater.
    package var name: RotatedName
    package var size: UInt64
    /// When it was last written to.
    package var modified: WallTime

    package init(path: String, name: RotatedName, size: UInt64, modified: WallTime) {
        self.path = path
        self.name = name
        self.size = size
        self.modified = modified
    }
}

extension LogRotation {
    /// Which files of an app are kept no longer.
    ///
    /// - Parameters:
    ///   - files: For each file that the app writes, those that were put aside, in any order.
    ///   - now: The present time; what is from the future is not old.
    /// - Returns: Their paths, the oldest first.
    package func surplus(of files: [[KeptLog]], at now: WallTime) -> [String] {
        var gone: [KeptLog] = []
        var kept: [KeptLog] = []
        for file in files {
            let newestFirst = file.sorted { $0.name > $1.name }
            for (place, log) in newestFirst.enumerated() {
                let isTooMany = keep.map { place >= $0 } ?? false
                let age = TimeSpan(nanoseconds: now.nanoseconds) - TimeSpan(nanoseconds: log.modified.nanoseconds)
                let isTooOld = maxAge.map { age > $0 }
                if isTooMany || isTooOld ?? false { gone.append(log) } else { kept.append(log) }
            }
        }
        if let total {
            var sum: UInt64 = 0
            for log in kept.sorted(by: { ($0.name, $0.path) > ($1.name, $1.path) }) {
                sum = sum.addingReportingOverflow(log.size).overflow ? .max : sum + log.size
                if sum > total.bytes { gone.append(log) }
            }
        }
        return gone.sorted { ($0.name, $0.path) < ($1.name, $1.path) }.map(\.path)
    }
}
