/// Where the cgroup v2 hierarchy is, and where in it this process is.
package enum CgroupFS {
    /// The folder where cgroup2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on hybrid hosts.
    package static func mountPoint() -> String? {
        guard let bytes = try? WholeFile.read("/proc/self/mountinfo", most: 1 << 20) else { return nil }
        return mountPoint(inMountInfo: String(decoding: bytes, as: UTF8.self))
    }

    /// The folder of the cgroup in which this process is; nil without cgroup v2.
    package static func own() -> String? {
        guard let mount = mountPoint(), let bytes = ProcFS.read("/proc/self/cgroup", most: 1 << 14) else { return nil }
        return path(inMembership: String(decoding: bytes, as: UTF8.self)).map { $0 == "/" ? mount : mount + $0 }
    }

    /// The mount point of the first cgroup2 whose root is that of the hierarchy (proc_pid_mountinfo(5)).
    static func mountPoint(inMountInfo text: String) -> String? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count, dash > 4,
                fields[dash + 1] == "cgroup2"
            else { continue }
            return unescaped(fields[4])
        }
        return nil
    }

    /// The path after `0::`, which is the line of cgroup v2 (cgroups(7)).
    static func path(inMembership text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }

    /// `\040` and the like stand for blanks, tabs, newlines and backslashes.
    private static func unescaped(_ field: Substring) -> String {
        var result: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                result.append(code)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
